import { constants } from 'node:fs';
import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { EnvironmentError } from '../util/errors.ts';

/** Debian's own address; what the host's own apt sources name for Debian goes before it. */
const MIRROR = 'https://deb.debian.org/debian';
const MIRROR_PLAIN = 'http://deb.debian.org/debian';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const APT_SOURCES = '/etc/apt';
const TOOLS = ['apt-get', 'apt-cache', 'dpkg-deb'] as const;

/** Lists of packages, or a package: megabytes over whatever network there is. */
const FETCH_TIMEOUT_MS = 600_000;
const ASK_TIMEOUT_MS = 60_000;
/** Of what apt complains, this many lines are shown. */
const COMPLAINT_LINES_MAX = 6;

export interface AptOptions {
  /** A folder of the session's own; the caller removes it. */
  readonly folder: string;
  /** Take packages whose archive's signature cannot be checked, for want of Debian's keys. */
  readonly allowUnsigned: boolean;
  readonly signal: AbortSignal;
  /** Where the host's own configuration of apt is; default /etc/apt. */
  readonly etc?: string;
  readonly keyring?: string;
}

/** What `apt-cache show` says of a package. */
export interface AptPackage {
  readonly name: string;
  readonly version: string;
}

/**
 * Debian packages of one suite, by apt's own tools in a root of their own: nothing of the host's packages is read
 * or changed but how it reaches the network. Every method rejects with `EnvironmentError`.
 */
export class Apt {
  readonly suite: string;
  readonly signed: boolean;
  readonly #configuration: string;
  readonly #options: AptOptions;

  private constructor(suite: string, configuration: string, signed: boolean, options: AptOptions) {
    this.suite = suite;
    this.signed = signed;
    this.#configuration = configuration;
    this.#options = options;
  }

  /** Fetches a suite's list of packages, and checks who signed it. */
  static async open(suite: string, options: AptOptions): Promise<Apt> {
    await requireTools();
    const { folder, etc = APT_SOURCES, keyring = KEYRING, allowUnsigned } = options;
    const signed = await isReadable(keyring);
    if (!signed && !allowUnsigned)
      throw new EnvironmentError(
        `cannot check who signed Debian's packages: ${keyring} is missing. Install debian-archive-keyring, or take them unchecked by --allow-unsigned`,
      );
    const root = join(folder, suite);
    for (const name of ['lists/partial', 'cache/archives/partial', 'etc'])
      await mkdir(join(root, name), { recursive: true });
    const trust = signed ? `signed-by=${keyring}` : 'trusted=yes';
    const mirror = mirrorOf(suite, await readSources(etc), await hasCertificates());
    await writeFile(join(root, 'sources.list'), `deb [${trust}] ${mirror} ${suite} main\n`);
    await writeFile(join(root, 'status'), '');
    const configuration = join(root, 'apt.conf');
    await writeFile(configuration, configurationOf(root));
    const apt = new Apt(suite, configuration, signed, options);
    await apt.#run('apt-get', ['update', '-qq'], { what: `fetch Debian's list of ${suite}` });
    return apt;
  }

  /** Names of packages that begin so, sorted. */
  async names(prefix: string): Promise<string[]> {
    const { stdout } = await this.#run('apt-cache', ['pkgnames', prefix], {});
    return stdout.split('\n').filter(Boolean).sort();
  }

  /** The packages on which a package depends, alternatives left out. */
  async dependsOf(name: string): Promise<string[]> {
    const { stdout } = await this.#run('apt-cache', ['depends', '--important', name], {});
    return [...stdout.matchAll(/^\s*(?:Pre)?Depends: ([^<\s]+)$/gm)].map(([, found = '']) => found);
  }

  /** The newest version; null: the suite has no such package. */
  async show(name: string): Promise<AptPackage | null> {
    if (!(await this.names(name)).includes(name)) return null;
    const { stdout } = await this.#run('apt-cache', ['show', '--no-all-versions', name], {});
    const version = /^Version: (\S+)/m.exec(stdout)?.[1];
    return version === undefined ? null : { name, version };
  }

  /** Downloads packages into a folder; the paths of the `.deb` files. */
  async download(names: readonly string[], folder: string): Promise<string[]> {
    await this.#run('apt-get', ['download', '-qq', ...names], {
      what: `download ${names.join(', ')}`,
      cwd: folder,
    });
    return debsIn(folder);
  }

  /** Downloads a package with all that it needs, none of which is taken to be installed. */
  async downloadWithAll(name: string): Promise<string[]> {
    await this.#run('apt-get', ['install', '-y', '-qq', '--download-only', '--no-install-recommends', name], {
      what: `download ${name} and what it needs`,
    });
    return debsIn(join(this.#options.folder, this.suite, 'cache', 'archives'));
  }

  async #run(
    command: (typeof TOOLS)[number],
    args: readonly string[],
    { what, cwd }: { readonly what?: string; readonly cwd?: string },
  ): Promise<{ readonly stdout: string }> {
    return runTool(command, ['-c', this.#configuration, ...args], {
      what: what ?? `ask ${command} about ${this.suite}`,
      signal: this.#options.signal,
      timeoutMs: what === undefined ? ASK_TIMEOUT_MS : FETCH_TIMEOUT_MS,
      ...(cwd === undefined ? {} : { cwd }),
    });
  }
}

/** Unpacks the files of a package into a folder, and runs nothing of it. */
export async function unpackDeb(deb: string, folder: string, signal: AbortSignal): Promise<void> {
  await runTool('dpkg-deb', ['-x', deb, folder], {
    what: `unpack ${deb}`,
    signal,
    timeoutMs: FETCH_TIMEOUT_MS,
  });
}

/** Name and version as the file says. */
export async function packageOfDeb(deb: string, signal: AbortSignal): Promise<string> {
  const { stdout } = await runTool(
    'dpkg-deb',
    ['-W', '--showformat', '$' + '{Package} $' + '{Version}', deb],
    {
      what: `read ${deb}`,
      signal,
      timeoutMs: ASK_TIMEOUT_MS,
    },
  );
  return stdout.trim();
}

interface ToolCall {
  readonly what: string;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly cwd?: string;
}

async function runTool(
  command: (typeof TOOLS)[number],
  args: readonly string[],
  { what, signal, timeoutMs, cwd }: ToolCall,
): Promise<{ readonly stdout: string }> {
  signal.throwIfAborted();
  const result = await execa(command, [...args], {
    stdin: 'ignore',
    reject: false,
    timeout: timeoutMs,
    cancelSignal: signal,
    env: { LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
    ...(cwd === undefined ? {} : { cwd }),
  });
  signal.throwIfAborted();
  if (result.exitCode === 0) return { stdout: result.stdout };
  if (result.timedOut) throw new EnvironmentError(`cannot ${what}: not done within ${timeoutMs / 1000} s`);
  throw new EnvironmentError(
    `cannot ${what}: ${complaintOf(result.stderr) || `${command} failed with ${result.exitCode ?? result.signal ?? result.code}`}`,
  );
}

/** What a tool says went wrong, without its warnings; of a full disk, that first. */
export function complaintOf(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const wrong = lines.filter((line) => line !== '' && !/^(W|N): |^Warning: /.test(line));
  const full = wrong.some((line) => /No space left on device|enough free space/i.test(line));
  return [
    ...(full ? ['the disk is full. Make room, or set XDG_CACHE_HOME to a folder on another one'] : []),
    ...wrong.slice(0, COMPLAINT_LINES_MAX).map((line) => line.replace(/^(E|dpkg-deb: error): /, '')),
  ].join('\n  ');
}

/**
 * Read after the host's own, from which only the way to the network is kept: no hook of the host's runs, no
 * preference of its counts, and nothing is written outside `root`.
 */
function configurationOf(root: string): string {
  return [
    ...['Pre-Invoke', 'Post-Invoke', 'Post-Invoke-Success'].map((hook) => `#clear APT::Update::${hook};`),
    ...['DPkg::Pre-Invoke', 'DPkg::Post-Invoke', 'DPkg::Pre-Install-Pkgs'].map((hook) => `#clear ${hook};`),
    `Dir::Etc::sourcelist "${root}/sources.list";`,
    'Dir::Etc::sourceparts "-";',
    'Dir::Etc::preferences "-";',
    'Dir::Etc::preferencesparts "-";',
    `Dir::State "${root}";`,
    `Dir::State::lists "${root}/lists";`,
    `Dir::State::status "${root}/status";`,
    `Dir::State::extended_states "${root}/extended_states";`,
    `Dir::Cache "${root}/cache";`,
    `Dir::Cache::archives "${root}/cache/archives";`,
    `Dir::Log "${root}";`,
    'APT::Architecture "amd64";',
    'APT::Architectures { "amd64"; };',
    'APT::Keep-Downloaded-Packages "true";',
    'APT::Update::Error-Mode "any";',
    // What is fetched is the user's own, in a folder that another user cannot enter.
    ...(process.geteuid?.() === 0 ? ['APT::Sandbox::User "root";'] : []),
    'Acquire::Languages "none";',
    'Acquire::Retries "3";',
    '#clear Acquire::IndexTargets::deb::DEP-11;',
    '#clear Acquire::IndexTargets::deb::CNF;',
    '',
  ].join('\n');
}

/** One place that apt fetches from. */
export interface AptSource {
  readonly uri: string;
  readonly components: readonly string[];
  /** Path of the keys that it must be signed with; null: any that apt trusts. */
  readonly signedBy: string | null;
}

/**
 * From where a suite is fetched: as the host's own apt sources reach Debian, if they do. Security updates lie
 * beside the archive.
 */
export function mirrorOf(suite: string, sources: readonly AptSource[], https: boolean): string {
  const debian = sources.filter(isDebian);
  const archive = debian.find(({ uri }) => /\/debian\/?$/.test(uri))?.uri ?? (https ? MIRROR : MIRROR_PLAIN);
  if (!suite.endsWith('-security')) return archive;
  const security = debian.find(({ uri }) => /\/debian-security\/?$/.test(uri));
  return security?.uri ?? archive.replace(/\/debian\/?$/, '/debian-security');
}

/** Others have packages for Debian below such a path too, signed by themselves. */
function isDebian({ components, signedBy }: AptSource): boolean {
  return components.includes('main') && (signedBy === null || signedBy.includes('debian-archive'));
}

/** The sources of `sources.list` and of `sources.list.d`, in both of apt's formats. */
async function readSources(etc: string): Promise<AptSource[]> {
  const parts = (await readdir(join(etc, 'sources.list.d')).catch(() => [])).sort();
  const paths = ['sources.list', ...parts.map((name) => `sources.list.d/${name}`)];
  const found: AptSource[] = [];
  for (const path of paths) {
    const text = await readFile(join(etc, path), 'utf8').catch(() => '');
    found.push(...(path.endsWith('.sources') ? parseStanzas(text) : parseLines(text)));
  }
  return found;
}

/** `deb [options] uri suite components`, a line each. */
export function parseLines(text: string): AptSource[] {
  const lines = text.matchAll(/^[ \t]*deb[ \t]+(?:\[([^\]]*)\][ \t]+)?(\S+)[ \t]+\S+([^\n#]*)/gm);
  return [...lines].map(([, options = '', uri = '', components = '']) => ({
    uri,
    components: components.split(/\s+/).filter(Boolean),
    signedBy: /\bsigned-by=(\S+)/i.exec(options)?.[1] ?? null,
  }));
}

/** Stanzas of `Types:`, `URIs:`, `Components:` and `Signed-By:`. */
export function parseStanzas(text: string): AptSource[] {
  return text
    .replaceAll(/^#.*\n/gm, '')
    .split(/\n\s*\n/)
    .flatMap((stanza) => {
      const words = (name: string) =>
        new RegExp(`^${name}:[ \\t]*(.*)$`, 'mi').exec(stanza)?.[1]?.split(/\s+/).filter(Boolean) ?? [];
      if (!words('Types').includes('deb') || words('Enabled').includes('no')) return [];
      // Keys may stand in the stanza itself: none of Debian's then.
      const signedBy = /^Signed-By:[ \t]*(.*)$/im.exec(stanza)?.[1] ?? null;
      return words('URIs').map((uri) => ({ uri, components: words('Components'), signedBy }));
    });
}

async function debsIn(folder: string): Promise<string[]> {
  return (await readdir(folder))
    .filter((name) => name.endsWith('.deb'))
    .sort()
    .map((name) => join(folder, name));
}

async function requireTools(): Promise<void> {
  for (const tool of TOOLS) {
    const { exitCode } = await execa(tool, ['--version'], { reject: false, stdin: 'ignore' });
    if (exitCode !== 0)
      throw new EnvironmentError(
        `${tool} is missing: Debian's packages are fetched by apt's own tools, as Debian and Ubuntu have them. Elsewhere name a kernel by path, and install QEMU 10 or newer`,
      );
  }
}

/** What signs a connection; small images have none of it, and apt's own signatures do not need it. */
function hasCertificates(): Promise<boolean> {
  return isReadable('/etc/ssl/certs/ca-certificates.crt');
}

function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}
