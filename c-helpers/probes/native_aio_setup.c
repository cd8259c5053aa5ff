/* native_aio_setup - what io_setup(2) takes of fs.aio-max-nr, and whether the C library has its calls. */
#include "native_aio.h"
#include "process.h"

enum { EVENTS = 256, ROUNDS = 5 };

/* Left undefined where no library that is linked has them: as a link test. */
extern int io_setup(void) __attribute__((weak));
extern int io_submit(void) __attribute__((weak));
extern int io_getevents(void) __attribute__((weak));
extern int io_destroy(void) __attribute__((weak));

static void run(void)
{
	double grew[ROUNDS];
	int wrappers =
		(io_setup != NULL) + (io_submit != NULL) + (io_getevents != NULL) + (io_destroy != NULL);

	/* Other processes may open and close theirs meanwhile. */
	for (int i = 0; i < ROUNDS; i++) {
		int64_t before = proc_value("/proc/sys/fs/aio-nr");
		aio_context_t context = aio_open(EVENTS);
		grew[i] = (double)(proc_value("/proc/sys/fs/aio-nr") - before);
		syscall(SYS_io_destroy, context);
	}
	observe("asked", EVENTS);
	observe("grew", median(grew, ROUNDS));
	observe("wrappers", wrappers);
}

PROBE(.id = "native-aio-setup", .title = "io_setup, and the C library's wrappers", .run = run,
      .values = {
	      NUMBER("asked", "events that io_setup was asked for"),
	      NUMBER("grew", "what fs.aio-nr grew by, median of 5"),
	      NUMBER("wrappers",
		     "of io_setup, io_submit, io_getevents, io_destroy, those that the C library has"),
      });
