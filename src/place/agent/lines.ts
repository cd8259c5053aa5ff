import { StringDecoder } from 'node:string_decoder';

/** Of one line, in characters; a report of everything takes a few hundred thousand. */
const LINE_CHARS_MAX = 16_777_216;

/** Cuts what is read into lines; what follows the last one stays. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  #pieces: string[] = [];
  #chars = 0;

  /** The lines that this ends, without their ends. Throws `RangeError` where one is far too long. */
  push(bytes: Buffer): string[] {
    const [first = '', ...others] = this.#decoder.write(bytes).split('\n');
    const lines: string[] = [];
    this.#keep(first);
    for (const other of others) {
      lines.push(this.#pieces.join(''));
      this.#pieces = [];
      this.#chars = 0;
      this.#keep(other);
    }
    return lines;
  }

  /** The beginning of a line whose end has not come. */
  get rest(): string {
    return this.#pieces.join('');
  }

  #keep(piece: string): void {
    this.#chars += piece.length;
    if (this.#chars > LINE_CHARS_MAX)
      throw new RangeError(`a line of more than ${LINE_CHARS_MAX} characters`);
    this.#pieces.push(piece);
  }
}
