import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createCountProgress } from './count-progress.ts';

test('what is no terminal gets a line per quarter, with the time that is left', () => {
  let text = '';
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      text += String(chunk);
      done();
    },
  });
  let nowMs = 0;
  const progress = createCountProgress(stream, 'measurements', () => nowMs);
  for (let done = 0; done < 8; done++, nowMs += 5000) progress.update(done, 8, 'syscall-noop');
  progress.stop();
  expect(text).toBe(
    [
      '0 of 8 measurements',
      '2 of 8 measurements, ETA 30 s',
      '4 of 8 measurements, ETA 20 s',
      '6 of 8 measurements, ETA 10 s',
      '',
    ].join('\n'),
  );
});
