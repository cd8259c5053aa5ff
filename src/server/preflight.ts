import { connect } from 'node:net';

/** How long the echo check may take in all. */
export const PREFLIGHT_TIMEOUT_MS = 10_000;
/** One byte, an odd size, and more than one read of any server. */
const MESSAGE_BYTES = [1, 1_009, 150_001] as const;

/**
 * Sends a few messages over one connection and compares every byte of the echo; then ends its side
 * and expects the server to end its own. Throws with what was wrong.
 */
export function preflightEcho(port: number, signal: AbortSignal): Promise<void> {
  const sent = Buffer.concat(MESSAGE_BYTES.map(patternOf));
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    let received = 0;
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
    socket.on('connect', () => socket.write(sent, () => socket.end()));
    socket.on('data', (chunk) => {
      if (!chunk.equals(sent.subarray(received, received + chunk.length)))
        finish(new Error(`echo check: wrong bytes after ${received}`));
      received += chunk.length;
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
