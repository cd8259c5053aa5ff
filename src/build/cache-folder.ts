import { constants, type Stats } from 'node:fs';
import { access, chmod, lstat, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../host/make-folder.ts';
import { codeOf, EnvironmentError, messageOf } from '../util/errors.ts';

const PRIVATE = 0o700;
const GROUP_OR_OTHER_MAY_WRITE = 0o022;
const OTHER_MAY_WRITE = 0o002;
const STICKY = 0o1000;
const ELSEWHERE = 'Set XDG_CACHE_HOME to a folder of your own.';

/**
 * Makes the folder of the compiled helpers, for this user alone. What lies in it is executed: a folder into
 * which others can put a program is refused. Throws `EnvironmentError`.
 *
 * @param uid the user who runs this; null where the platform does not tell, and nothing is checked.
 */
export async function openCacheFolder(path: string, uid = process.geteuid?.() ?? null): Promise<void> {
  try {
    await makeFolder(path, PRIVATE);
  } catch (cause) {
    throw new EnvironmentError(
      `cannot keep compiled helpers in ${path}: ${codeOf(cause) ?? messageOf(cause)}. Set XDG_CACHE_HOME to a folder that you can write to.`,
      { cause },
    );
  }
  if (uid === null) return;
  const folder = await realpath(path);
  const found = await lstat(folder);
  requireTrusted(folder, found, uid);
  if (found.uid === uid && (found.mode & 0o777) !== PRIVATE) await chmod(folder, PRIVATE);
  await requireTrustedAbove(folder);
}

/** Whether a compiled helper is a file that only this user, or root, could have put there. */
export async function isTrustedFile(path: string, uid = process.geteuid?.() ?? null): Promise<boolean> {
  const found = await lstat(path).catch(() => null);
  if (found === null || !found.isFile() || found.size === 0) return false;
  if (uid !== null && !(isOwn(found, uid) && (found.mode & GROUP_OR_OTHER_MAY_WRITE) === 0)) return false;
  return access(path, constants.R_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Root could change what it likes anyway. */
function isOwn({ uid: owner }: Stats, uid: number): boolean {
  return owner === uid || owner === 0;
}

function requireTrusted(folder: string, found: Stats, uid: number): void {
  if (!isOwn(found, uid)) throw refusal(folder, `it belongs to user ${found.uid}`);
  if ((found.mode & GROUP_OR_OTHER_MAY_WRITE) !== 0)
    throw refusal(folder, `others may write to it (mode ${(found.mode & 0o7777).toString(8)})`);
}

/**
 * Who may rename a folder may put another in its place; in a sticky one above it, only its owner may. That
 * what is then there belongs to this user is checked with the folder itself, and with each file.
 */
async function requireTrustedAbove(folder: string): Promise<void> {
  for (let at = dirname(folder); ; at = dirname(at)) {
    const found = await lstat(at);
    if ((found.mode & OTHER_MAY_WRITE) !== 0 && (found.mode & STICKY) === 0)
      throw refusal(folder, `everybody may write to ${at} above it`);
    if (at === dirname(at)) return;
  }
}

function refusal(folder: string, why: string): EnvironmentError {
  return new EnvironmentError(
    `the compiled helpers in ${folder} cannot be trusted: ${why}, so another user's program might run as you. ${ELSEWHERE}`,
  );
}
