/*
 * native_aio_submit - where a read by io_submit(2) spends its time: inside the call, or after it. Of a file
 * in the page cache, of one that is not, and past the page cache.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "native_aio.h"
#include "scratch.h"

enum { READS = 60 };

struct pass {
	double share, complete, cold;
};

static struct pass read_all(aio_context_t context, int fd, void *page, uint32_t from)
{
	double shares[READS];
	struct pass pass = {0};

	for (uint32_t i = 0; i < READS; i++) {
		uint32_t number = scratch_page(from + i);
		struct iocb request =
			aio_request(IOCB_READ, fd, page, PAGE_BYTES, (int64_t)number * PAGE_BYTES);
		int64_t result;
		pass.cold += !scratch_is_resident(fd, number);
		uint64_t begun = now_ns();
		errno = aio_submit(context, &request);
		uint64_t submitted = now_ns(), ended = submitted;
		if (errno)
			probe_broken("io_submit");
		bool complete = aio_get(context, &result, 0);
		if (!complete) {
			if (!aio_get(context, &result, SOON_MS))
				probe_odd("a read does not complete");
			ended = now_ns();
		}
		if (result != PAGE_BYTES)
			probe_odd("a read by io_submit returns %lld", (long long)result);
		shares[i] = (double)(submitted - begun) / (double)(ended - begun);
		pass.complete += complete;
	}
	pass.complete /= READS;
	pass.cold /= READS;
	pass.share = median(shares, READS);
	return pass;
}

static void run(void)
{
	aio_context_t context = aio_open(8);
	int fd = scratch_open(0);
	char name[32];
	void *page = NULL;

	if (posix_memalign(&page, PAGE_BYTES, PAGE_BYTES) != 0)
		probe_odd("no memory");
	bool is_cached = scratch_is_cached(fd, name);
	/* It was just written, so it is in the page cache. */
	struct pass cached = read_all(context, fd, page, 0);
	observe("reads", READS);
	observe_text("fsType", name);
	observe("cachedShare", cached.share);
	observe("cachedComplete", cached.complete);
	if (!is_cached)
		return;
	scratch_drop(fd);
	struct pass cold = read_all(context, fd, page, 0);
	observe("coldShare", cold.share);
	observe("coldComplete", cold.complete);
	observe("coldWasCold", cold.cold);
	int direct = scratch_open(O_DIRECT);
	if (direct < 0)
		return;
	struct pass past = read_all(context, direct, page, 0);
	observe("directShare", past.share);
	observe("directComplete", past.complete);
}

PROBE(.id = "native-aio-submit", .title = "where a read by io_submit spends its time", .run = run,
      .values = {
	      NUMBER("reads", "reads of 4 KiB of each kind, one after the other"),
	      STRING("fsType", "the file system"),
	      NUMBER("cachedShare",
		     "in the page cache: share of its time that a read is inside io_submit, median"),
	      NUMBER("cachedComplete", "share of reads that are complete when io_submit returns"),
	      NUMBER_OR_NONE("coldShare", "not in the page cache: the share of time inside io_submit"),
	      NUMBER_OR_NONE("coldComplete", "the share of reads complete when it returns"),
	      NUMBER_OR_NONE("coldWasCold", "the share of pages that were not in the page cache before"),
	      NUMBER_OR_NONE("directShare", "O_DIRECT: the share of time inside io_submit"),
	      NUMBER_OR_NONE("directComplete", "the share of reads complete when it returns"),
      });
