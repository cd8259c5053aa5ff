/*
 * cold_read - a read of a file that is not in the page cache: O_NONBLOCK does not spare it the wait,
 * RWF_NOWAIT does; and the state in which the reader waits, as another thread sees it.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "probe.h"
#include "process.h"
#include "scratch.h"

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8 /* 4.14 */
#endif

enum { READS = 200, PASSES_MAX = 10, SEEN_ENOUGH = 20 };

struct watch {
	pid_t tid;
	bool stop, runs, reading;
	uint32_t seen_d, seen_s;
};

static void *watch_state(void *arg)
{
	struct watch *watch = arg;

	while (!__atomic_load_n(&watch->stop, __ATOMIC_RELAXED)) {
		bool was_reading = __atomic_load_n(&watch->reading, __ATOMIC_ACQUIRE);
		char state = state_of(getpid(), watch->tid);
		__atomic_store_n(&watch->runs, true, __ATOMIC_RELEASE);
		/* A state that was seen before or after the reads is none of theirs. */
		if (!was_reading || !__atomic_load_n(&watch->reading, __ATOMIC_ACQUIRE))
			continue;
		if (state == 'D')
			__atomic_fetch_add(&watch->seen_d, 1, __ATOMIC_RELAXED);
		else if (state == 'S')
			__atomic_fetch_add(&watch->seen_s, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static uint32_t seen(const struct watch *watch)
{
	return __atomic_load_n(&watch->seen_d, __ATOMIC_RELAXED) +
	       __atomic_load_n(&watch->seen_s, __ATOMIC_RELAXED);
}

struct pass {
	double us, switches, eagain;
};

static struct pass read_all(int fd)
{
	static double us[READS];
	static char page[PAGE_BYTES];
	pid_t tid = (pid_t)syscall(SYS_gettid);
	struct pass pass = {0};
	uint64_t before = switches_of(getpid(), tid);

	for (uint32_t i = 0; i < READS; i++) {
		uint64_t begun = now_ns();
		ssize_t n = pread(fd, page, sizeof(page), (off_t)scratch_page(i) * PAGE_BYTES);
		us[i] = (double)(now_ns() - begun) / NS_PER_US;
		if (n < 0 && errno != EAGAIN)
			probe_broken("pread");
		pass.eagain += n < 0;
	}
	pass.switches = (double)(switches_of(getpid(), tid) - before) / READS;
	pass.us = median(us, READS);
	return pass;
}

/* Of cold pages; -1: the call is not known. */
static int nowait_eagain(int fd)
{
	static char page[PAGE_BYTES];
	struct iovec into = {.iov_base = page, .iov_len = sizeof(page)};
	int eagain = 0;

	for (uint32_t i = READS; i < 2 * READS; i++) {
		long at = (long)scratch_page(i) * PAGE_BYTES;
		/* The offset in two halves, of which this is the whole where a long has 64 bits. */
		long n = syscall(SYS_preadv2, fd, &into, 1, at, 0, RWF_NOWAIT);
		if (n < 0 && errno != EAGAIN)
			return -1;
		eagain += n < 0;
	}
	return eagain;
}

static void run(void)
{
	struct watch watch = {.tid = (pid_t)syscall(SYS_gettid)};
	int fd = scratch_open(O_NONBLOCK);
	char name[32];
	pthread_t thread;

	if (!scratch_is_cached(fd, name))
		probe_unsupported(
			"the file lies on %s, which has no disk to wait for; name another folder by "
			"IOMB_PROBE_DIR",
			name);
	scratch_drop(fd);
	double resident = scratch_resident(fd);
	if (resident > 0.5)
		probe_unsupported("the page cache keeps the file: %.0f %% of it are still there on %s",
				  100 * resident, name);
	int nowait = nowait_eagain(fd);
	scratch_drop(fd);
	if (pthread_create(&thread, NULL, watch_state, &watch) != 0)
		probe_broken("pthread_create");
	while (!__atomic_load_n(&watch.runs, __ATOMIC_ACQUIRE))
		pause_ms(1);
	struct pass cold = {0};
	/* On a busy machine the other thread may not have run meanwhile. */
	for (int pass = 0; pass < PASSES_MAX && seen(&watch) < SEEN_ENOUGH; pass++) {
		scratch_drop(fd);
		__atomic_store_n(&watch.reading, true, __ATOMIC_RELEASE);
		cold = read_all(fd);
		__atomic_store_n(&watch.reading, false, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&watch.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	struct pass cached = read_all(fd);

	observe("reads", READS);
	observe("coldUs", cold.us);
	observe("cachedUs", cached.us);
	observe("coldSwitches", cold.switches);
	observe("cachedSwitches", cached.switches);
	observe("nonblockEagain", cold.eagain + cached.eagain);
	observe("seenD", watch.seen_d);
	observe("seenS", watch.seen_s);
	if (nowait >= 0)
		observe("nowaitEagain", nowait);
	observe_text("fsType", name);
}

PROBE(.id = "cold-read", .title = "reading a file that is not in the page cache", .run = run,
      .values = {
	      NUMBER("reads", "reads of 4 KiB, with O_NONBLOCK"),
	      NUMBER("coldUs", "us of one that is not in the page cache, median"),
	      NUMBER("cachedUs", "us of one that is, median"),
	      NUMBER("coldSwitches", "voluntary context switches per read that is not"),
	      NUMBER("cachedSwitches", "per read that is"),
	      NUMBER("nonblockEagain", "reads that answered EAGAIN"),
	      NUMBER_OR_NONE("nowaitEagain", "of as many with RWF_NOWAIT, not in the page cache"),
	      NUMBER("seenD", "times that another thread saw the reader in state D (uninterruptible)"),
	      NUMBER("seenS", "in state S (interruptible)"),
	      STRING("fsType", "the file system"),
      });
