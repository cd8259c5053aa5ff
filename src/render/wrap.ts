import stringWidth from 'string-width';

/** Lines of at most `width` columns, broken at spaces; `indent` stands before each. */
export function wrap(text: string, width: number, indent = ''): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && stringWidth(indent + longer) > width) {
      lines.push(indent + line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, indent + line];
}

/** Holds words together that belong together, such as a number and its unit, where the width allows. */
export const GLUE = '\u00a0';

/**
 * The lines of a cell: as `wrap` for each line of the text. Glued words part, and long ones break behind a
 * dash or slash, only where they are wider than the cell.
 */
export function wrapCell(text: string, width: number): readonly string[] {
  return text
    .split('\n')
    .flatMap((line) => fill(piecesOf(line, width), width))
    .map(unglue);
}

/** The width under which a cell's text does not fit, however it is broken. */
export function leastWidth(text: string): number {
  return Math.max(
    0,
    ...text
      .split(/\s/)
      .flatMap(breakWord)
      .map((part) => stringWidth(part)),
  );
}

/** Glue as plain spaces. */
export function unglue(text: string): string {
  return text.replaceAll(GLUE, ' ');
}

interface Piece {
  readonly text: string;
  /** What stands before it, unless it opens a line. */
  readonly gap: '' | ' ';
}

function piecesOf(line: string, width: number): readonly Piece[] {
  const fits = (text: string) => stringWidth(text) <= width;
  return line
    .split(' ')
    .flatMap((words) => (fits(words) ? [words] : words.split(GLUE)))
    .flatMap((word) =>
      (fits(word) ? [word] : breakWord(word)).map((text, i) => ({ text, gap: i === 0 ? ' ' : '' })),
    );
}

/** Behind dashes and slashes inside of a word. */
function breakWord(word: string): string[] {
  return word.split(/(?<=[^\s/-][/-])(?=[^\s/-])/);
}

function fill(pieces: readonly Piece[], width: number): readonly string[] {
  const lines: string[] = [];
  let line: string | null = null;
  for (const { text, gap } of pieces) {
    const longer: string = line === null ? text : line + gap + text;
    if (line !== null && stringWidth(longer) > width) {
      lines.push(line);
      line = text;
    } else {
      line = longer;
    }
  }
  return [...lines, line ?? ''];
}
