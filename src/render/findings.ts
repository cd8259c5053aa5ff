import pc from 'picocolors';
import stringWidth from 'string-width';
import type { DocumentFinding } from '../document/document-schema.ts';
import type { RenderOptions } from './table.ts';
import { wrap } from './wrap.ts';

type Status = DocumentFinding['status'];

const GAP = '  ';
const STATUSES = ['ok', 'info', 'warning', 'problem'] as const satisfies readonly Status[];
const STATUS_WIDTH = Math.max(...STATUSES.map((status) => status.length));

/**
 * Findings as text for people: status, title and value in columns, below it what it means and the
 * command that would change it. Commands are never broken, so that they can be copied.
 */
export function renderFindings(findings: readonly DocumentFinding[], terminal: RenderOptions): string {
  const colors = pc.createColors(terminal.color);
  const paint: Record<Status, (text: string) => string> = {
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
  return lines.join('\n');
}

/** A reason may hold a compiler's complaint, line by line. */
function inLines(text: string, width: number): readonly string[] {
  return wrap(text.replace(/\s+/g, ' ').trim(), width);
}
