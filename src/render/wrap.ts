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

/** The lines of a cell: as `wrap` for each line of the text, and glued words part only if they must. */
export function wrapCell(text: string, width: number): readonly string[] {
  const parted = text
    .split(' ')
    .map((words) => (stringWidth(words) > width ? words.replaceAll(GLUE, ' ') : words))
    .join(' ');
  return parted
    .split('\n')
    .flatMap((line) => wrap(line, width))
    .map(unglue);
}

/** Glue as plain spaces. */
export function unglue(text: string): string {
  return text.replaceAll(GLUE, ' ');
}
