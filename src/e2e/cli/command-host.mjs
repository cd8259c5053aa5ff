/**
 * Executes the built command again and again in one process: what it is made of is loaded once. Each time its entry
 * is a module of its own, with the arguments, environment and folder of that time, and its output is kept.
 *
 * Takes `{ args, cwd, env }` and answers `{ exitCode, signal, stdout, stderr }`, by the channel of fork(), one after the other.
 */
const ENTRY = new URL('../../../dist/cli.js', import.meta.url);
/** What the entry listens to, as one that ends with its process need not stop doing. */
const LISTENED = [
  [process, ['SIGINT', 'SIGTERM', 'SIGHUP', 'exit']],
  [process.stdout, ['error']],
  [process.stderr, ['error']],
].flatMap(([emitter, names]) => names.map((name) => ({ emitter, name })));

let times = 0;
let queue = Promise.resolve();
process.on('message', (command) => {
  queue = queue.then(async () => process.send(await execute(command)));
});
process.on('disconnect', () => process.exit());

async function execute({ args, cwd, env }) {
  const before = LISTENED.map(({ emitter, name }) => emitter.listeners(name));
  const [stdout, stderr] = [process.stdout, process.stderr].map(keepOutput);
  process.argv = [process.execPath, ENTRY.pathname, ...args];
  process.env = env;
  process.chdir(cwd);
  try {
    await import(`${ENTRY.href}?${times++}`);
    return { exitCode: process.exitCode ?? 0, signal: null, stdout: stdout.end(), stderr: stderr.end() };
  } finally {
    process.exitCode = undefined;
    LISTENED.forEach(({ emitter, name }, i) => {
      for (const listener of emitter.listeners(name))
        if (!before[i].includes(listener)) emitter.removeListener(name, listener);
    });
  }
}

/** Takes what is written to a stream from now on until `end`, which returns it. */
function keepOutput(stream) {
  const { write } = stream;
  let text = '';
  stream.write = (piece, ...rest) => {
    text += typeof piece === 'string' ? piece : Buffer.from(piece).toString('utf8');
    const done = rest.find((one) => typeof one === 'function');
    if (done) process.nextTick(done, null);
    return true;
  };
  return {
    end: () => {
      stream.write = write;
      return text;
    },
  };
}
