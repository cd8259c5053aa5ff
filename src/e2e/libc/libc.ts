import koffi from 'koffi';

/** `struct pollfd`: int fd, short events, short revents. */
export const POLLFD_BYTES = 8;
export const POLLFD_OFFSET = { fd: 0, events: 4, revents: 6 } as const;
export const POLL = { in: 0x1, out: 0x4 } as const;

/** From asm-generic of the Linux headers: x86, ARM, RISC-V. All of them are little-endian. */
const AF_INET = 2;
const AF_NETLINK = 16;
const SOCK_STREAM = 1;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_LINGER = 13;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const MSG_NOSIGNAL = 0x4000;
const MSG_OOB = 0x1;
/** Of asm-generic; what tcp(7) calls SIOCOUTQ. */
const TIOCOUTQ = 0x5411n;
const FIONREAD = 0x541bn;
const SHUT_WR = 1;
const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const RLIMIT = { openFiles: 7, addressSpace: 9, signalsPending: 11 } as const;
const SOCKADDR_IN_BYTES = 16;
/** perf_event_open(2): its number, the first size of its attributes, and its type for tracepoints. */
const SYS_PERF_EVENT_OPEN = { x64: 298n, arm64: 241n } as const;
const PERF_ATTR_BYTES = 64;
const PERF_TYPE_TRACEPOINT = 2;
const LOOPBACK = [127, 0, 0, 1] as const;
/** sock_diag(7): a request of one socket by its addresses and ports, and what stands where in it and in the answer. */
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST = 1;
const NLMSG_HEADER_BYTES = 16;
const INET_DIAG_REQUEST_BYTES = 56;
const INET_DIAG_ANSWER_BYTES_MAX = 4096;
const INET_DIAG_OFFSET = { state: 1, writeQueue: 60 } as const;
const TCP_ESTABLISHED = 1;

const lib = koffi.load('libc.so.6');
const c = {
  socket: lib.func('int socket(int domain, int type, int protocol)'),
  connect: lib.func('int connect(int fd, const void *address, unsigned int bytes)'),
  send: lib.func('long send(int fd, const void *bytes, size_t count, int flags)'),
  recv: lib.func('long recv(int fd, void *bytes, size_t count, int flags)'),
  setsockopt: lib.func('int setsockopt(int fd, int level, int name, const void *value, unsigned int bytes)'),
  getsockname: lib.func('int getsockname(int fd, void *address, void *bytes)'),
  getsockopt: lib.func('int getsockopt(int fd, int level, int name, void *value, void *bytes)'),
  fcntl: lib.func('int fcntl(int fd, int command, long value)'),
  shutdown: lib.func('int shutdown(int fd, int how)'),
  close: lib.func('int close(int fd)'),
  prlimit: lib.func('int prlimit(int pid, int resource, const void *to, void *from)'),
  ioctl: lib.func('int ioctl(int fd, unsigned long request, void *value)'),
  perfEventOpen: lib.func(
    'long syscall(long number, const void *attr, int pid, int cpu, int group, long flags)',
  ),
  poll: lib.func('int poll(void *fds, unsigned long count, int timeoutMs)'),
};

const errnoNames = new Map(Object.entries(koffi.os.errno).map(([name, value]) => [value, name]));
errnoNames.set(koffi.os.errno.EAGAIN as number, 'EAGAIN'); // has a second name, EWOULDBLOCK

/** A libc call that failed: `code` is the name of its errno. */
export class LibcError extends Error {
  readonly code: string;
  constructor(call: string, code: string) {
    super(`${call}: ${code}`);
    this.name = 'LibcError';
    this.code = code;
  }
}

/** What a call returned; for one that failed, the name of its errno. */
type Outcome = { readonly ok: true; readonly value: number } | { readonly ok: false; readonly code: string };

function outcomeOf(value: number): Outcome {
  if (value >= 0) return { ok: true, value };
  const errno = koffi.errno();
  return { ok: false, code: errnoNames.get(errno) ?? `errno ${errno}` };
}

function must(call: string, value: number): number {
  const outcome = outcomeOf(value);
  if (!outcome.ok) throw new LibcError(call, outcome.code);
  return outcome.value;
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value);
  return buffer;
}

function loopback(port: number): Buffer {
  const address = Buffer.alloc(SOCKADDR_IN_BYTES);
  address.writeUInt16LE(AF_INET, 0);
  address.writeUInt16BE(port, 2);
  address.set(LOOPBACK, 4);
  return address;
}

/** A TCP socket whose calls do not block, without Nagle's algorithm. Throws `LibcError`. */
export function openTcp(buffers: { receiveBytes?: number; sendBytes?: number } = {}): number {
  const fd = must('socket', c.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  try {
    const flags = must('fcntl(F_GETFL)', c.fcntl(fd, F_GETFL, 0));
    must('fcntl(F_SETFL)', c.fcntl(fd, F_SETFL, flags | O_NONBLOCK));
    must('setsockopt(TCP_NODELAY)', c.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, int32(1), 4));
    if (buffers.receiveBytes !== undefined)
      must('setsockopt(SO_RCVBUF)', c.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, int32(buffers.receiveBytes), 4));
    if (buffers.sendBytes !== undefined)
      must('setsockopt(SO_SNDBUF)', c.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, int32(buffers.sendBytes), 4));
    return fd;
  } catch (error) {
    c.close(fd);
    throw error;
  }
}

/** Starts to connect to a port of 127.0.0.1. False: wait until it is writable, then `finishConnect`. */
export function startConnect(fd: number, port: number): boolean {
  const outcome = outcomeOf(c.connect(fd, loopback(port), SOCKADDR_IN_BYTES));
  if (outcome.ok) return true;
  if (outcome.code === 'EINPROGRESS') return false;
  throw new LibcError(`connect(127.0.0.1:${port})`, outcome.code);
}

/** Throws `LibcError` if the connection could not be made. */
export function finishConnect(fd: number): void {
  const value = Buffer.alloc(4);
  must('getsockopt(SO_ERROR)', c.getsockopt(fd, SOL_SOCKET, SO_ERROR, value, int32(4)));
  const errno = value.readInt32LE();
  if (errno !== 0) throw new LibcError('connect', errnoNames.get(errno) ?? `errno ${errno}`);
}

/** Sends what the socket takes now: a number of bytes, or null if it takes nothing. */
export function trySend(fd: number, bytes: Uint8Array): number | null {
  return retryable('send', () => c.send(fd, bytes, bytes.length, MSG_NOSIGNAL));
}

/** Sends one byte as urgent data, after which the peer's stream has an urgent mark. */
export function sendUrgent(fd: number, byte: number): void {
  must('send(MSG_OOB)', c.send(fd, Uint8Array.of(byte), 1, MSG_NOSIGNAL | MSG_OOB));
}

/** Bytes that could be received now. */
export function countReceivable(fd: number): number {
  const value = Buffer.alloc(4);
  must('ioctl(FIONREAD)', c.ioctl(fd, FIONREAD, value));
  return value.readInt32LE();
}

/** Bytes that the peer's kernel has not acknowledged yet. */
export function countUnacknowledged(fd: number): number {
  const value = Buffer.alloc(4);
  must('ioctl(TIOCOUTQ)', c.ioctl(fd, TIOCOUTQ, value));
  return value.readInt32LE();
}

/** The port that a socket of this process has on 127.0.0.1. */
export function localPort(fd: number): number {
  const address = loopback(0);
  must('getsockname', c.getsockname(fd, address, int32(SOCKADDR_IN_BYTES)));
  return address.readUInt16BE(2);
}

/**
 * Bytes that the socket of an established connection has taken and its peer has not acknowledged, whose ever process
 * it is in. Asked for the one socket: /proc/net/tcp lists all, with ten thousands of them that have ended.
 */
export function countUnacknowledgedOf(port: number, remotePort: number): number {
  const request = Buffer.alloc(NLMSG_HEADER_BYTES + INET_DIAG_REQUEST_BYTES);
  request.writeUInt32LE(request.length, 0);
  request.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4);
  request.writeUInt16LE(NLM_F_REQUEST, 6);
  const body = request.subarray(NLMSG_HEADER_BYTES);
  body.set([AF_INET, IPPROTO_TCP], 0);
  body.writeUInt32LE(1 << TCP_ESTABLISHED, 4);
  // inet_diag_sockid: ports, addresses of 16 bytes, interface, and a cookie that fits every socket.
  body.writeUInt16BE(port, 8);
  body.writeUInt16BE(remotePort, 10);
  body.set(LOOPBACK, 12);
  body.set(LOOPBACK, 28);
  body.fill(0xff, 48);

  const fd = must('socket(AF_NETLINK)', c.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  try {
    must('send(SOCK_DIAG_BY_FAMILY)', c.send(fd, request, request.length, 0));
    const answer = Buffer.alloc(INET_DIAG_ANSWER_BYTES_MAX);
    must('recv(SOCK_DIAG_BY_FAMILY)', c.recv(fd, answer, answer.length, 0));
    const errno =
      answer.readUInt16LE(4) === SOCK_DIAG_BY_FAMILY ? 0 : -answer.readInt32LE(NLMSG_HEADER_BYTES);
    if (errno !== 0)
      throw new LibcError(`sock_diag(${port}, ${remotePort})`, errnoNames.get(errno) ?? `${errno}`);
    const socket = answer.subarray(NLMSG_HEADER_BYTES);
    const isIt = socket[INET_DIAG_OFFSET.state] === TCP_ESTABLISHED;
    if (!isIt) throw new LibcError(`sock_diag(${port}, ${remotePort})`, 'ENOTCONN');
    return socket.readUInt32LE(INET_DIAG_OFFSET.writeQueue);
  } finally {
    c.close(fd);
  }
}

/** Receives what is there: a number of bytes, 0 at the end of the stream, null if there is nothing yet. */
export function tryReceive(fd: number, into: Uint8Array): number | null {
  return retryable('recv', () => c.recv(fd, into, into.length, 0));
}

function retryable(call: string, run: () => number): number | null {
  for (;;) {
    const outcome = outcomeOf(run());
    if (outcome.ok) return outcome.value;
    if (outcome.code === 'EAGAIN') return null;
    if (outcome.code !== 'EINTR') throw new LibcError(call, outcome.code);
  }
}

export function shutdownWrite(fd: number): void {
  must('shutdown(SHUT_WR)', c.shutdown(fd, SHUT_WR));
}

/** The next close of this socket sends RST and throws away what is not sent. */
export function lingerZero(fd: number): void {
  const linger = Buffer.alloc(8);
  linger.writeInt32LE(1, 0);
  must('setsockopt(SO_LINGER)', c.setsockopt(fd, SOL_SOCKET, SO_LINGER, linger, linger.length));
}

export function closeFd(fd: number): void {
  must('close', c.close(fd));
}

/** Lowers or raises a soft limit of another process; returns what it was. */
export function setLimit(pid: number, name: keyof typeof RLIMIT, value: bigint): bigint {
  const limit = Buffer.alloc(16);
  must(`prlimit(${name})`, c.prlimit(pid, RLIMIT[name], null, limit));
  const before = limit.readBigUInt64LE(0);
  limit.writeBigUInt64LE(value, 0);
  must(`prlimit(${name}, ${value})`, c.prlimit(pid, RLIMIT[name], limit, null));
  return before;
}

/** poll(2); how many descriptors are ready. An interrupted one says that none is. */
export function poll(fds: Uint8Array, count: number, timeoutMs: number): number {
  const outcome = outcomeOf(c.poll(fds, count, timeoutMs));
  if (!outcome.ok && outcome.code !== 'EINTR') throw new LibcError('poll', outcome.code);
  return outcome.ok ? outcome.value : 0;
}

/**
 * Counts a tracepoint of this process until it is closed: as long as somebody counts it, the kernel does not patch
 * its code for others who begin and end, nor wait until no CPU is in it any more.
 */
export function openTracepoint(id: number): number {
  const attr = Buffer.alloc(PERF_ATTR_BYTES);
  attr.writeUInt32LE(PERF_TYPE_TRACEPOINT, 0);
  attr.writeUInt32LE(PERF_ATTR_BYTES, 4);
  attr.writeBigUInt64LE(BigInt(id), 8);
  const call = SYS_PERF_EVENT_OPEN[process.arch as keyof typeof SYS_PERF_EVENT_OPEN];
  return must('perf_event_open', Number(c.perfEventOpen(call, attr, 0, -1, -1, 0)));
}
