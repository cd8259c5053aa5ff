import type { Duplex } from 'node:stream';
import { z } from 'zod';

const messageSchema = z.union([
  z.object({ QMP: z.object({}) }),
  z.object({ event: z.string(), data: z.object({ reason: z.string().optional() }).optional() }),
  z.object({ return: z.unknown(), id: z.string().optional() }),
  z.object({ error: z.object({ desc: z.string() }), id: z.string().optional() }),
]);

const statusSchema = z.object({ status: z.string(), running: z.boolean() });

export interface ControlListener {
  /** QEMU stopped the guest without ending; the run state, such as `internal-error`. */
  onPaused(state: string): void;
  /** QEMU is about to end, and why: `guest-shutdown`, `guest-reset`, `guest-panic`. */
  onShutdown(reason: string): void;
}

/**
 * Listens at QEMU's control socket (QMP, docs/interop/qmp-spec of QEMU). Where QEMU gives a guest up, as on an
 * internal error of KVM, it neither ends nor says so anywhere else.
 */
export function listenToControl(socket: Duplex, listener: ControlListener): void {
  let rest = '';
  const send = (execute: string, id: string) => socket.write(`${JSON.stringify({ execute, id })}\n`);
  const take = (line: string) => {
    const message = messageSchema.safeParse(parsed(line));
    if (!message.success) return;
    const { data } = message;
    if ('QMP' in data) {
      send('qmp_capabilities', 'capabilities');
      // It may have stopped before anybody listened.
      send('query-status', 'status');
    } else if ('event' in data) {
      if (data.event === 'STOP') send('query-status', 'stopped');
      if (data.event === 'SHUTDOWN') listener.onShutdown(data.data?.reason ?? 'unknown');
    } else if ('return' in data && (data.id === 'status' || data.id === 'stopped')) {
      const status = statusSchema.safeParse(data.return);
      if (status.success && !status.data.running && !ENDING.includes(status.data.status))
        listener.onPaused(status.data.status);
    }
  };
  socket.setEncoding('utf8');
  socket.on('error', () => undefined);
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
}

/** Run states on the way to QEMU's end. */
const ENDING = ['shutdown', 'prelaunch'];

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
