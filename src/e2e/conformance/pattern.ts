/** A prime, so that no buffer size of a server divides it and a chunk in the wrong place cannot fit. */
const PERIOD_BYTES = 1_048_573;
/** Streams start this far apart, so that a byte of another connection does not fit either. */
const STREAM_STRIDE_BYTES = 7_919;

const period = randomBytes(PERIOD_BYTES);

/** What a connection sends: an endless stream of bytes in which every place can be told from the others. */
export class Pattern {
  readonly #start: number;

  constructor(stream: number) {
    this.#start = (stream * STREAM_STRIDE_BYTES) % PERIOD_BYTES;
  }

  /** Bytes `from` to `from + count` of the stream. Not to be written to. */
  bytes(from: number, count: number): Buffer {
    const at = (this.#start + from) % PERIOD_BYTES;
    if (at + count <= PERIOD_BYTES) return period.subarray(at, at + count);
    const copy = Buffer.alloc(count);
    for (let done = 0; done < count; ) {
      const piece = this.#piece(from + done, count - done);
      copy.set(piece, done);
      done += piece.length;
    }
    return copy;
  }

  /** Whether `chunk` is what stands at `from` in the stream. */
  matches(chunk: Buffer, from: number): boolean {
    for (let done = 0; done < chunk.length; ) {
      const piece = this.#piece(from + done, chunk.length - done);
      if (chunk.compare(piece, 0, piece.length, done, done + piece.length) !== 0) return false;
      done += piece.length;
    }
    return true;
  }

  /** The longest run of bytes at `from` that does not wrap around the period. */
  #piece(from: number, countMax: number): Buffer {
    const at = (this.#start + from) % PERIOD_BYTES;
    return period.subarray(at, Math.min(at + countMax, PERIOD_BYTES));
  }
}

/** Marsaglia's xorshift32 (2003): the same bytes in every run, so that a failure can be repeated. */
function randomBytes(count: number): Buffer {
  const bytes = Buffer.alloc(count);
  let state = 0x9e3779b9;
  for (let i = 0; i < count; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state & 0xff;
  }
  return bytes;
}
