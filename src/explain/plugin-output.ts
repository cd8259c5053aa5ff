/** What `c-helpers/tcg/count_blocks.c` says of a block within a window. */
export interface CountedBlock {
  readonly address: bigint;
  readonly instructions: number;
  readonly bytes: number;
  /** How often it was entered. */
  readonly entered: number;
  /** ... and left before its last instruction, so that not all of it was executed. */
  readonly leftEarly: number;
  /** Where the direct call or jump at its end goes; 0: it has none. */
  readonly callee: bigint;
}

/** The plugin's file is not what it writes, or the window is not in it. */
export class PluginOutputError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PluginOutputError';
  }
}

const HEADER = 'count_blocks 1\n';

/**
 * The blocks of one window, numbered from 1 by start marks. Throws `PluginOutputError` where the file has another
 * header, where the window was not finished, and where its lines are not those that its last line counts.
 */
export function parseWindow(output: string, window: number): CountedBlock[] {
  if (!output.startsWith(HEADER))
    throw new PluginOutputError(
      `the plugin's file begins with ${JSON.stringify(output.slice(0, 20))}, not with ${JSON.stringify(HEADER)}`,
    );
  const heading = `\nwindow ${window}\n`;
  const at = output.indexOf(heading);
  const end = at < 0 ? null : /^end (\d+) (\d+) (\d+)\n/m.exec(output.slice(at + 1));
  if (end === null || Number(end[1]) !== window)
    throw new PluginOutputError(
      `the plugin's file has no finished window ${window}: it has ${windowsOf(output)}`,
    );
  const text = output.slice(at + heading.length, at + 1 + end.index);
  const blocks = text.split('\n').filter((line) => line !== '');
  const parsed = blocks.map(parseBlock);
  const instructions = parsed.reduce((sum, block) => sum + block.entered * block.instructions, 0);
  if (parsed.length !== Number(end[2]) || instructions !== Number(end[3]))
    throw new PluginOutputError(
      `window ${window} of the plugin's file has ${parsed.length} blocks of ${instructions} instructions, and its end says ${end[2]} of ${end[3]}`,
    );
  return parsed;
}

/** The windows that have an end, by number; the file may have been cut short. */
export function finishedWindows(output: string): number[] {
  return [...output.matchAll(/^end (\d+) \d+ \d+$/gm)].map((match) => Number(match[1]));
}

function windowsOf(output: string): string {
  const finished = finishedWindows(output);
  return finished.length === 0 ? 'none' : finished.join(', ');
}

function parseBlock(line: string): CountedBlock {
  const match = /^([0-9a-f]{1,16}) (\d+) (\d+) (\d+) (\d+) ([0-9a-f]{1,16})$/.exec(line);
  if (match === null) throw new PluginOutputError(`${JSON.stringify(line.slice(0, 80))} is no block`);
  return {
    address: BigInt(`0x${match[1]}`),
    instructions: Number(match[2]),
    bytes: Number(match[3]),
    entered: Number(match[4]),
    leftEarly: Number(match[5]),
    callee: BigInt(`0x${match[6]}`),
  };
}
