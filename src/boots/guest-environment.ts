import type { Host } from '../host/host.ts';
import { readEnvironment } from '../observe/environment.ts';
import type { Agent } from '../place/agent/agent.ts';
import type { Environment } from '../results/schema.ts';

/** What a file names that names others; more passes than that read nothing new. */
const PASSES_MAX = 5;

/** What the kernel may list as a weakness of a CPU: an agent lists no folders. */
const VULNERABILITIES = [
  'gather_data_sampling',
  'ghostwrite',
  'indirect_target_selection',
  'itlb_multihit',
  'l1tf',
  'mds',
  'meltdown',
  'mmio_stale_data',
  'old_microcode',
  'reg_file_data_sampling',
  'retbleed',
  'spec_rstack_overflow',
  'spec_store_bypass',
  'spectre_v1',
  'spectre_v2',
  'srbds',
  'tsa',
  'tsx_async_abort',
  'vmscape',
] as const;

const ARCHES: Readonly<Record<string, string>> = { x86_64: 'x64', aarch64: 'arm64' };

/** The environment of a guest, as its agent reads it: what a host's is, without what only a folder's listing tells. */
export async function readGuestEnvironment(agent: Agent, signal: AbortSignal): Promise<Environment> {
  const texts = new Map<string, string | null>();
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    const missing = new Set<string>();
    const environment = readEnvironment(guestHost(agent, texts, missing));
    if (missing.size === 0) return environment;
    for (const [path, text] of await agent.files([...missing], signal)) texts.set(path, text);
    for (const path of missing) if (!texts.has(path)) texts.set(path, null);
  }
  return readEnvironment(guestHost(agent, texts, new Set()));
}

/** @param missing is filled with what was asked for and is not among the texts yet. */
function guestHost(agent: Agent, texts: ReadonlyMap<string, string | null>, missing: Set<string>): Host {
  const { arch, cpus } = agent.hello;
  const folders: Readonly<Record<string, readonly string[]>> = {
    '/sys/devices/system/cpu': Array.from({ length: cpus }, (_, cpu) => `cpu${cpu}`),
    '/sys/devices/system/cpu/vulnerabilities': VULNERABILITIES,
  };
  return {
    readText: (path) => {
      const text = texts.get(path);
      if (text === undefined) missing.add(path);
      return text ?? null;
    },
    // Compressed where the kernel shows it at all.
    kernelConfig: () => null,
    listNames: (directory) => folders[directory] ?? [],
    arch: ARCHES[arch] ?? arch,
    uid: 0,
    // Its own says nothing: a kernel that is given no name calls itself (none).
    givenName: 'guest',
    versions: {},
  };
}
