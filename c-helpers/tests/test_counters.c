/*
 * test_counters.c - the counters page: slots that are taken and reused, sums that stay whole, and what
 * another process sees of it.
 *
 * Build: cc -std=gnu11 -O2 test_counters.c ../server/counters.c ../server/die.c -lpthread
 */
#define _GNU_SOURCE 1

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../server/count.h"
#include "../server/model.h"
#include "check.h"

#define THREADS_MAX 8
#define WRITERS 4
#define ADDS_PER_WRITER 200000

const struct model model = {.name = "test_counters"}; /* die() says it */

static struct counters_slot *taken[THREADS_MAX];

static void test_names(void)
{
	bool fit = true, unique = true;

	for (enum counter i = 0; i < COUNTERS; i++) {
		fit &= strlen(counter_name(i)) < COUNTER_NAME_BYTES;
		for (enum counter j = 0; j < i; j++)
			unique &= strcmp(counter_name(i), counter_name(j)) != 0;
	}
	check(fit, "every name fits into %d bytes with its end", COUNTER_NAME_BYTES);
	check(unique, "no two of the %d counters have one name", COUNTERS);
	check(COUNT_CLOSED < COUNT_ACCEPTED && COUNT_BYTES_OUT < COUNT_BYTES_IN &&
		      COUNT_IDLE_WAKEUPS < COUNT_WAKEUPS,
	      "what follows from something is summed before it");
}

static void test_slots(void)
{
	bool apart = true, aligned = true;

	taken[0] = counters_slot(0);
	for (uint32_t i = 1; i < THREADS_MAX; i++)
		taken[i] = counters_slot_take();
	for (uint32_t i = 0; i < THREADS_MAX; i++) {
		aligned &= (uintptr_t)taken[i] % COUNTERS_CACHE_LINE == 0;
		for (uint32_t j = 0; j < i; j++)
			apart &= taken[i] != taken[j];
		count_add(taken[i], COUNT_BYTES_IN, 1ull << (8 * i));
	}
	check(apart, "%d threads have %d slots", THREADS_MAX, THREADS_MAX);
	check(aligned, "a slot starts on a cache line of its own");
	check(counters_header()->slots_used == THREADS_MAX, "slots_used is %u of %d",
	      counters_header()->slots_used, THREADS_MAX);
	check(counters_sum(COUNT_BYTES_IN) == 0x0101010101010101ull, "a sum covers every slot: %#llx",
	      (unsigned long long)counters_sum(COUNT_BYTES_IN));

	counters_slot_return(taken[3]);
	counters_slot_return(taken[5]);
	check(counters_sum(COUNT_BYTES_IN) == 0x0101010101010101ull, "a returned slot stays in the sum");
	check(counters_slot_take() == taken[5] && counters_slot_take() == taken[3],
	      "returned slots are handed out again");
	check(taken[5]->value[COUNT_BYTES_IN] == 1ull << 40, "a reused slot goes on from what it was");
	check(counters_header()->slots_used == THREADS_MAX, "reuse takes no further slot");
}

/* The page is full by now: one more must end the process by name, not write behind the page. */
static void test_full(void)
{
	int status;
	pid_t child = fork();

	need(child >= 0, "fork");
	if (child == 0) {
		need(dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO) >= 0, "dup2");
		counters_slot_take();
		_exit(EXIT_SERVED);
	}
	need(waitpid(child, &status, 0) == child, "waitpid");
	check(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILED,
	      "a slot over the maximum ends the process with exit 1");
}

static void *writer(void *arg)
{
	struct counters_slot *slot = arg;

	for (uint32_t i = 0; i < ADDS_PER_WRITER; i++) {
		count(slot, COUNT_ACCEPTED);
		count(slot, COUNT_CLOSED);
	}
	return NULL;
}

/* Sums in the order of the list while others count, as the handler of SIGTERM does. */
static void test_sums_while_counting(void)
{
	pthread_t threads[WRITERS];
	uint64_t closed = 0, accepted = 0, before = 0;
	bool grows = true, whole = true;

	for (int i = 0; i < WRITERS; i++)
		need(pthread_create(&threads[i], NULL, writer, taken[1 + i]) == 0, "pthread_create");
	while (accepted < (uint64_t)WRITERS * ADDS_PER_WRITER) {
		closed = counters_sum(COUNT_CLOSED);
		accepted = counters_sum(COUNT_ACCEPTED);
		whole &= closed <= accepted;
		grows &= accepted >= before;
		before = accepted;
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	check(whole, "no sum shows more closed than accepted while %d threads count", WRITERS);
	check(grows, "a sum never shrinks");
	check(counters_sum(COUNT_CLOSED) == (uint64_t)WRITERS * ADDS_PER_WRITER, "no count is lost: %llu",
	      (unsigned long long)counters_sum(COUNT_CLOSED));
}

/* Through /proc, as the load generator does. */
static void test_reader(int fd)
{
	char path[64];
	struct stat file;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), fd);
	int copy = open(path, O_RDONLY | O_CLOEXEC);
	need(copy >= 0 && fstat(copy, &file) == 0, "open(%s)", path);
	const char *page = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_SHARED, copy, 0);
	need(page != MAP_FAILED, "mmap(%s)", path);
	const struct counters_header *header = (const struct counters_header *)page;
	check(header->magic == COUNTERS_MAGIC && header->version == COUNTERS_VERSION &&
		      header->counters == COUNTERS && header->slots_max == THREADS_MAX,
	      "a reader finds a header that describes the page");
	check((size_t)file.st_size == header->header_bytes + (size_t)header->slots_max * header->slot_bytes,
	      "the page ends with its last slot");

	uint64_t sum = 0;
	for (uint32_t i = 0; i < header->slots_used; i++) {
		const char *slot = page + header->header_bytes + (size_t)i * header->slot_bytes;
		sum += ((const struct counters_slot *)slot)->value[COUNT_BYTES_IN];
	}
	check(sum == counters_sum(COUNT_BYTES_IN), "a reader sums what the server sums");
	check(!strcmp(header->names[COUNT_SYS_RECVFROM], "sys.recvfrom"), "a reader finds the names");
	munmap((void *)(uintptr_t)page, (size_t)file.st_size);
	close(copy);
}

int main(void)
{
	int fd = counters_open(THREADS_MAX);

	test_names();
	test_slots();
	test_full();
	test_sums_while_counting();
	test_reader(fd);
	return checks_exit();
}
