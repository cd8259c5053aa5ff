import { FILE_AIO_ROWS } from './file/aio.ts';
import { FILE_IO_URING_ROWS } from './file/io-uring.ts';
import { FILE_SYNC_ROWS } from './file/sync.ts';
import type { ModelRow } from './spec.ts';

/** One row per variant of a file program, in the order of every table; what most share is in `spec.ts`. */
export const FILE_ROWS: readonly ModelRow[] = [...FILE_SYNC_ROWS, ...FILE_AIO_ROWS, ...FILE_IO_URING_ROWS];
