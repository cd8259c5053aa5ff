/* posix_aio_latency - a cached read of 4 KiB by aio_read, beside the same by pread. */
#include <unistd.h>

#include "../wire/clock.h"
#include "posix_aio.h"
#include "scratch.h"

enum { READS = 300, WARM = 20 };

static char page[PAGE_BYTES];

static double pread_ns(int fd)
{
	uint64_t begun = now_ns();

	if (pread(fd, page, sizeof(page), 0) != sizeof(page))
		probe_broken("pread");
	return (double)(now_ns() - begun);
}

static double aio_ns(int fd)
{
	static struct aiocb request;
	uint64_t begun = now_ns();

	start_read(&request, fd, page, sizeof(page));
	while (aio_error(&request) == EINPROGRESS)
		;
	uint64_t ended = now_ns();
	if (aio_return(&request) != sizeof(page))
		probe_odd("aio_read fails");
	return (double)(ended - begun);
}

static void run(void)
{
	static double by_pread[READS], by_aio[READS];
	int fd = scratch_open(0);

	for (int i = -WARM; i < READS; i++) {
		double direct = pread_ns(fd), aio = aio_ns(fd);
		if (i < 0)
			continue;
		by_pread[i] = direct;
		by_aio[i] = aio;
	}
	double pread_median = median(by_pread, READS), aio_median = median(by_aio, READS);
	observe("preadNs", pread_median);
	observe("aioNs", aio_median);
	observe("ratio", aio_median / pread_median);
}

PROBE(.id = "posix-aio-latency", .title = "what a POSIX AIO read adds to a cached read", .run = run,
      .values = {
	      NUMBER("preadNs", "ns of a pread of 4 KiB from the page cache, median"),
	      NUMBER("aioNs", "ns of an aio_read of it until aio_error says it is done, median"),
	      NUMBER("ratio", "of the two"),
      });
