import pc from 'picocolors';
import stringWidth from 'string-width';
import type { Finding, FindingStatus } from '../doctor/finding.ts';
import type { RenderOptions } from './table.ts';
import { wrap } from './wrap.ts';

const GAP = '  ';
const STATUSES = ['ok', 'info', 'warning', 'problem'] as const satisfies readonly FindingStatus[];
const STATUS_WIDTH = Math.max(...STATUSES.map((status) => status.length));

/**
 * Findings as text for people: status, title and value in columns, below it what it means and the
 * command that would change it. Commands are never broken, so that they can be copied.
 */
export function renderFindings(findings: readonly Finding[], terminal: RenderOptions): string {
  const colors = pc.createColors(terminal.color);
  const paint: Record<FindingStatus, (text: string) => string> = {
    ok: colors.green,
    info: colors.cyan,
    warning: colors.yellow,
    problem: colors.red,
  };
  const titleWidth = Math.max(0, ...findings.map((finding) => stringWidth(finding.title)));
  const indent = STATUS_WIDTH + titleWidth + 2 * GAP.length;
  const space = Math.max(20, terminal.width - indent);

  const lines = findings.flatMap(({ status, title, value, meaning, fix }) => {
    const [first = '', ...rest] = inLines(value, space);
    const label = `${paint[status](status.padEnd(STATUS_WIDTH))}${GAP}${title}${' '.repeat(titleWidth - stringWidth(title))}`;
    const below = [
      ...rest,
      ...inLines(meaning, space).map((line) => colors.dim(line)),
      ...(fix === null ? [] : [`fix: ${colors.bold(fix)}`]),
    ];
    return [`${label}${GAP}${first}`, ...below.map((line) => ' '.repeat(indent) + line)];
  });
  return `${[...lines, '', summary(findings)].join('\n')}\n`;
}

/** A reason may hold a compiler's complaint, line by line. */
function inLines(text: string, width: number): readonly string[] {
  return wrap(text.replace(/\s+/g, ' ').trim(), width);
}

function summary(findings: readonly Finding[]): string {
  const count = (status: FindingStatus) => findings.filter((finding) => finding.status === status).length;
  const named = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`;
  return `${named(count('problem'), 'problem')}, ${named(count('warning'), 'warning')}; nothing was changed on this host`;
}
