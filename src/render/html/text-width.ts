import stringWidth from 'string-width';

/** Of all texts of a picture, in its units. */
export const FONT = 12;
/** From the top of a line of text to the top of the next. */
export const LINE = 15;

/** Shares of the size of a font: those of DejaVu Sans, wider than most. What has room with it has room with others. */
const WIDTHS: readonly (readonly [RegExp, number])[] = [
  [/[ijl|'.,:; !`]/, 0.34],
  [/[frtI()[\]/\-"]/, 0.42],
  [/[mwMW%@+×~<>=#]/, 0.95],
  [/[A-Z&]/, 0.74],
];
const USUAL = 0.63;
const OF_OTHER_SCRIPTS = 0.75;
const OF_A_WIDE_ONE = 1.1;

const known = new Map<string, number>();

/** How wide a text is about, in units of the picture: rather too wide than too narrow. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width * FONT;
}

function characterWidth(character: string): number {
  const found = known.get(character);
  if (found !== undefined) return found;
  const width =
    WIDTHS.find(([characters]) => characters.test(character))?.[1] ??
    (character < '\x7f'
      ? USUAL
      : ([0, OF_OTHER_SCRIPTS, OF_A_WIDE_ONE][Math.min(2, stringWidth(character))] ?? OF_A_WIDE_ONE));
  known.set(character, width);
  return width;
}

/** A text with as much of its middle left out as makes it fit: names differ at their ends. */
export function fitText(text: string, room: number): string {
  if (textWidth(text) <= room) return text;
  const characters = [...text];
  let left = room - textWidth('…');
  let [start, end] = [0, characters.length];
  for (let first = true; start < end; first = !first) {
    const next = textWidth((first ? characters[start] : characters[end - 1]) ?? '');
    if (next > left) break;
    left -= next;
    if (first) start++;
    else end--;
  }
  return `${characters.slice(0, start).join('')}…${characters.slice(end).join('')}`;
}
