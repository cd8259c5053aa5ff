import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { preflightEcho } from './preflight.ts';

const never = new AbortController().signal;

let server: Server | undefined;
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server?.close();
  server = undefined;
});

/** Half-open, as the servers that are measured: the end of one direction does not end the other. */
async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const listening = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const address = listening.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('the echo check', () => {
  test('is content with a server that echoes everything and then closes', async () => {
    const port = await listen((socket) => socket.pipe(socket));
    await expect(preflightEcho(port, never)).resolves.toBeUndefined();
  });

  const wrong: [title: string, serve: (socket: Socket) => void, message: RegExp][] = [
    [
      'echoes a wrong byte',
      (socket) => {
        socket.on('data', (chunk) => socket.write(chunk.map((byte) => byte ^ 1)));
      },
      /^echo check: wrong bytes after 0$/,
    ],
    [
      'echoes from the start again and again',
      (socket) => {
        socket.once('data', (chunk) => {
          for (let i = 0; i < 200; i++) socket.write(chunk);
        });
      },
      /^echo check: wrong bytes after \d+$/,
    ],
    [
      'echoes more than it got',
      (socket) => {
        socket.pipe(socket, { end: false });
        socket.on('end', () => socket.end('!'));
      },
      /^echo check: wrong bytes after \d+$/,
    ],
    [
      'closes early',
      (socket) => {
        socket.once('data', (chunk) => socket.end(chunk.subarray(0, 1)));
      },
      /^echo check: the server closed after 1 of 151011 bytes$/,
    ],
    [
      'resets the connection',
      (socket) => {
        socket.once('data', () => socket.resetAndDestroy());
      },
      /^echo check: .*(ECONNRESET|EPIPE)/,
    ],
  ];
  test.each(wrong)('names a server that %s', async (_title, serve, message) => {
    await expect(preflightEcho(await listen(serve), never)).rejects.toThrow(message);
  });

  test('names a port where nobody listens', async () => {
    const port = await listen(() => {});
    await new Promise((resolve) => server?.close(resolve));
    await expect(preflightEcho(port, never)).rejects.toThrow(/^echo check: .*ECONNREFUSED/);
  });

  test('ends soon when it is aborted', async () => {
    const controller = new AbortController();
    const port = await listen(() => controller.abort());
    await expect(preflightEcho(port, controller.signal)).rejects.toThrow('interrupted');
  });
});
