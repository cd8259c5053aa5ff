/* selftest.h - whether this kernel and file system can do it: by doing it, on a small file beside the job's.
 */
#ifndef IOMB_JOB_SELFTEST_H
#define IOMB_JOB_SELFTEST_H

#include "conduct.h"

enum exit_code job_selftest(struct conductor *conductor, struct loop *loop, struct probe *probe);

#endif
