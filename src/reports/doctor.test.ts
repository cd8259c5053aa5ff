import { expect, test } from 'vitest';
import type { Finding } from '../doctor/finding.ts';
import { renderMarkdown } from '../render/markdown.ts';
import { renderDocument } from '../render/terminal.ts';
import { doctorReport } from './doctor.ts';

const FINDINGS: readonly Finding[] = [
  {
    id: 'kernel',
    status: 'ok',
    title: 'kernel',
    value: '6.8.0 (x64)',
    meaning: 'new enough for every model',
    fix: null,
  },
  {
    id: 'governor',
    status: 'warning',
    title: 'CPU governor',
    value: 'schedutil',
    meaning: 'the clock rate follows the load: models that sleep more run on slower CPUs',
    fix: 'echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor',
  },
];

test('findings stand in columns, text is wrapped and commands are not', () => {
  const text = renderDocument(doctorReport(FINDINGS), { width: 60, color: false });
  expect(`\n${text}`).toMatchInlineSnapshot(`
    "
    ok       kernel        6.8.0 (x64)
                           new enough for every model
    warning  CPU governor  schedutil
                           the clock rate follows the load:
                           models that sleep more run on slower
                           CPUs
                           fix: echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor

    0 problems, 1 warning; nothing was changed on this host"
  `);
});

test('colour adds escape sequences and changes nothing else', () => {
  const plain = renderDocument(doctorReport(FINDINGS), { width: 60, color: false });
  const painted = renderDocument(doctorReport(FINDINGS), { width: 60, color: true });
  const escapes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
  expect(painted).not.toBe(plain);
  expect(painted.replace(escapes, '')).toBe(plain);
});

test('Markdown has a line for each, and commands as code', () => {
  const lines = renderMarkdown(doctorReport(FINDINGS)).split('\n');
  expect(lines.filter((line) => line.startsWith('- **'))).toHaveLength(FINDINGS.length);
  for (const { fix } of FINDINGS) if (fix !== null) expect(lines.join('\n')).toContain(`fix: \`${fix}\``);
});
