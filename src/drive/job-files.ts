import { join } from 'node:path';
import type { ModelSpec } from '../models/spec.ts';
import { takes, whyUnfit } from '../plan/plan-run.ts';
import { runFileProgram } from '../server/file-program.ts';
import { parseLine, verifiedSchema } from '../server/protocol.ts';
import { EnvironmentError } from '../util/errors.ts';
import type { FileWorkload, Workload } from '../workloads/schema.ts';
import { fileNameOf, type JobFile, jobArguments, layOutArguments, verifyArguments } from './file.ts';
import { type JobFolder, type JobFolderRequest, openJobFolder } from './job-folder.ts';

export interface JobFilesRequest {
  readonly directory: string | null;
  readonly elsewhere: readonly string[];
  readonly workloads: readonly FileWorkload[];
  readonly tryLock: JobFolderRequest['tryLock'];
}

/** The files of a run, in a folder of their own. */
export interface OpenedFiles extends Pick<JobFolder, 'directory' | 'fileSystem' | 'warnings' | 'remove'> {
  /** Of all of them together. */
  readonly bytes: number;
  pathOf(workload: FileWorkload): string;
  /** Makes those that are not made by operations. Throws `EnvironmentError` where that fails, such as for want of room. */
  layOut(program: string, workloads: readonly FileWorkload[], signal: AbortSignal): Promise<void>;
  /** Reads all of each; how many blocks are what was written there. Throws `EnvironmentError` where one is not. */
  verify(program: string, workloads: readonly FileWorkload[], signal: AbortSignal): Promise<number>;
}

/** A folder with room for the files of these workloads; none is made yet. */
export async function openJobFiles(request: JobFilesRequest): Promise<OpenedFiles> {
  const bytes = filesOf(request.workloads, '').reduce((sum, file) => sum + file.bytes, 0);
  const folder = await openJobFolder({ ...request, bytes });
  const { directory, fileSystem, warnings, path } = folder;
  return {
    ...{ directory, fileSystem, warnings, bytes },
    remove: () => folder.remove(),
    pathOf: (workload) => join(path, fileNameOf(workload)),
    layOut: async (program, workloads, signal) => {
      for (const file of standing(workloads, path))
        await runFileProgram(program, layOutArguments(file), signal);
    },
    verify: async (program, workloads, signal) => {
      let blocks = 0;
      for (const file of standing(workloads, path)) {
        const said = parseLine(await runFileProgram(program, verifyArguments(file), signal), verifiedSchema);
        if (said === null) throw new EnvironmentError(`${program} does not say what it verified`);
        blocks += said.blocks;
      }
      return blocks;
    },
  };
}

/** Workloads of files among others. */
export function fileWorkloads(workloads: readonly Workload[]): FileWorkload[] {
  return workloads.filter((workload) => workload.mode === 'job');
}

/** Each file once, in the largest blocks of its workloads. */
function filesOf(workloads: readonly FileWorkload[], folder: string): JobFile[] {
  const files = new Map(
    workloads.map((workload) => [
      fileNameOf(workload),
      { bytes: workload.fileBytes, blockBytes: workload.blockBytes },
    ]),
  );
  return [...files].map(([name, file]) => ({ ...file, path: join(folder, name) }));
}

/** What is appended to is made by the operations themselves, and each trial checks all that it wrote. */
function standing(workloads: readonly FileWorkload[], folder: string): JobFile[] {
  return filesOf(
    workloads.filter(({ action }) => action !== 'append'),
    folder,
  );
}

/** What a row of files is asked for, by workload: those that it stands under and that nothing is known against. */
export function jobsToTry(
  model: ModelSpec,
  workloads: readonly FileWorkload[],
  files: Pick<OpenedFiles, 'pathOf'>,
): Map<string, string[]> {
  const own = workloads.filter((workload) => takes(model, workload) && whyUnfit(model, workload) === null);
  return new Map(
    own.map((workload) => [
      workload.id,
      jobArguments(model, workload, { path: files.pathOf(workload), seed: 1 }),
    ]),
  );
}
