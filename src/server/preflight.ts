import { connect } from 'node:net';

/** How long the echo check may take in all. */
export const PREFLIGHT_TIMEOUT_MS = 10_000;
/** One byte, an odd size, and more than one read of any server. */
const MESSAGE_BYTES = [1, 1_009, 150_001] as const;

/**
 * Sends a few messages over one connection and compares every byte of the echo; then ends its side
 * and expects the server to end its own. Throws with what was wrong.
 * @param oneByOne bytes of messages of which the next is sent when the last is back, for a server that is asked for no more;
 * without them some that no server reads at once, all together.
 */
export function preflightEcho(
  port: number,
  signal: AbortSignal,
  oneByOne?: readonly number[],
): Promise<void> {
  const messages = (oneByOne ?? MESSAGE_BYTES).map(patternOf);
  const sent = Buffer.concat(messages);
  const parts = oneByOne === undefined ? [sent] : messages;
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    let received = 0;
    let part = 0;
    let owed = 0;
    const sendNext = () => {
      const next = parts[part++];
      if (next === undefined) socket.end();
      else if (part === parts.length && oneByOne === undefined) socket.end(next);
      else {
        owed += next.length;
        socket.write(next);
      }
    };
    const finish = (error?: Error) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      if (error) reject(error);
      else resolve();
    };
    const onAbort = () => finish(new Error('interrupted'));
    const timer = setTimeout(
      () =>
        finish(new Error(`echo check: ${received} of ${sent.length} bytes after ${PREFLIGHT_TIMEOUT_MS} ms`)),
      PREFLIGHT_TIMEOUT_MS,
    );
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', (cause) => finish(new Error(`echo check: ${cause.message}`, { cause })));
    socket.on('connect', sendNext);
    socket.on('data', (chunk) => {
      if (!chunk.equals(sent.subarray(received, received + chunk.length)))
        finish(new Error(`echo check: wrong bytes after ${received}`));
      received += chunk.length;
      if (oneByOne !== undefined && received === owed) sendNext();
    });
    socket.on('end', () => {
      if (received === sent.length) finish();
      else finish(new Error(`echo check: the server closed after ${received} of ${sent.length} bytes`));
    });
  });
}

/** Bytes in which every position can be told from its neighbours. */
function patternOf(bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  for (let i = 0; i < bytes; i++) buffer[i] = (i * 31 + (i >> 8)) & 0xff;
  return buffer;
}
