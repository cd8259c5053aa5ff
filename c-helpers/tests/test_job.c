/*
 * test_job.c - what stands in a block and what a check of it sees; the layout and its checks; where
 * operations go, and their books; the page cache, told by cachestat and by mincore.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../job/file.h"
#include "../job/file_check.h"
#include "../job/job.h"
#include "../server/net.h"
#include "../wire/uapi.h"
#include "check.h"

#define BLOCKS 64u
#define FILE_BYTES ((uint64_t)BLOCKS * BLOCK_BYTES)
#define SEED 7u
#define DRAWS 1024u
#define LONG_NS (3600 * NS_PER_S)

const struct model model = {.name = "test_job"}; /* die() says it */

static char path[] = "/tmp/iomodels-bench-test-job-XXXXXX";
static struct counters_slot slot;

static struct job_config config_of(uint32_t depth, enum job_action action, bool random)
{
	return (struct job_config){.path = path,
				   .file_bytes = FILE_BYTES,
				   .block_bytes = BLOCK_BYTES,
				   .depth = depth,
				   .action = action,
				   .random = random,
				   .seed = SEED};
}

static void open_job(struct job *job, struct file *file, const struct job_config *config)
{
	memset(job, 0, sizeof(*job));
	file_open(file, config);
	job_open(job, config, file, &slot);
	job_begin(job, now_ns(), LONG_NS, LONG_NS);
}

static void close_job(struct file *file)
{
	close(file->fd);
	close(file->check_fd);
}

/* ---- a block ---- */

static void test_flipped_bytes(void)
{
	static _Alignas(64) uint8_t block[BLOCK_BYTES];
	uint32_t seen = 0, seen_by_edges = 0;

	block_fill(block, BLOCK_BYTES, SEED);
	check(block_is_whole(block, BLOCK_BYTES), "a block that was filled is whole");
	for (uint32_t i = 0; i < BLOCK_BYTES; i++)
		for (uint32_t bit = 0; bit < 8; bit++) {
			block[i] ^= (uint8_t)(1u << bit);
			seen += !block_is_whole(block, BLOCK_BYTES);
			seen_by_edges +=
				!block_has_header(block, BLOCK_BYTES) || !block_has_tail(block, BLOCK_BYTES);
			block[i] ^= (uint8_t)(1u << bit);
		}
	check(seen == BLOCK_BYTES * 8, "every flipped bit is seen: %u of %u", seen, BLOCK_BYTES * 8);
	/* Magic, offset and generation; the tail's two words. The sum is of the payload. */
	check(seen_by_edges == (24 + 16) * 8, "header and tail see theirs: %u", seen_by_edges);
	check(block_is_whole(block, BLOCK_BYTES), "the bits are back");
}

static void test_moved_blocks(void)
{
	static _Alignas(64) uint8_t a[BLOCK_BYTES], b[BLOCK_BYTES], torn[BLOCK_BYTES];
	uint64_t sum;

	block_fill(a, 0, SEED);
	block_fill(b, BLOCK_BYTES, SEED);
	check(!block_has_header(a, BLOCK_BYTES) && !block_is_whole(b, 0), "a block elsewhere is not whole");
	check(memcmp(a + 32, b + 32, BLOCK_BYTES - 48) != 0, "two blocks have two payloads");
	for (uint32_t word = 4; word + 2 < BLOCK_BYTES / 8 - 2; word += 97) {
		uint64_t swapped[2];
		memcpy(swapped, a + word * 8, 16);
		memcpy(a + word * 8, &swapped[1], 8);
		memcpy(a + word * 8 + 8, &swapped[0], 8);
		need(!block_is_whole(a, 0), "words %u and %u have changed places unseen", word, word + 1);
		memcpy(a + word * 8, swapped, 16);
	}
	check(block_is_whole(a, 0), "words in another order are seen");

	sum = block_payload_sum(a);
	memcpy(torn, a, BLOCK_BYTES);
	block_stamp(a, 0, 2, sum);
	check(block_is_whole(a, 0) && block_generation(a) == 2, "a stamp makes it of generation 2");
	memcpy(torn, a, BLOCK_BYTES / 2);
	check(block_has_header(torn, 0) && !block_has_tail(torn, 0), "a new head on an old tail is torn");
	memset(torn, 0, BLOCK_BYTES);
	check(!block_has_header(torn, 0) && !block_is_whole(torn, 0), "zeros are no block");
}

/* ---- the file ---- */

static void damage(uint64_t at, const void *bytes, size_t count)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	need(fd >= 0 && pwrite(fd, bytes, count, (off_t)at) == (ssize_t)count, "the file takes no damage");
	close(fd);
}

static void test_layout(void)
{
	static _Alignas(64) uint8_t block[BLOCK_BYTES], other[BLOCK_BYTES];
	struct job_config config = config_of(1, JOB_READ, false);
	struct file file;
	struct stat status;
	bool whole;
	char why[CONDUCT_MESSAGE_BYTES] = "";

	file_lay_out(&config);
	need(stat(path, &status) == 0, "no file was laid out");
	check((uint64_t)status.st_size == FILE_BYTES && (uint64_t)status.st_blocks * 512 >= FILE_BYTES,
	      "the layout has its size, without holes");
	file_open(&file, &config);
	check(file_check(&file, UINT64_MAX, 0, &whole, why) == BLOCKS && whole, "all of it is whole: %s",
	      why);
	check(file_check(&file, BLOCKS / 4, 1, &whole, why) == BLOCKS / 4 && whole,
	      "so many seeded blocks are checked");
	check(file_check(&file, 256, 1, &whole, why) == BLOCKS && whole, "... or all, where there are fewer");
	for (uint32_t i = 0; i < BLOCKS; i++) {
		block_fill(block, (uint64_t)i * BLOCK_BYTES, config.layout_seed);
		need(pread(file.fd, other, BLOCK_BYTES, (off_t)i * BLOCK_BYTES) == BLOCK_BYTES &&
			     !memcmp(block, other, BLOCK_BYTES),
		     "block %u is another than its seed says", i);
	}

	damage(5 * BLOCK_BYTES + 2000, "x", 1);
	(void)file_check(&file, UINT64_MAX, 0, &whole, why);
	check(!whole && strstr(why, "at 20480 ") && strstr(why, "not whole"), "a wrong byte is found: %s",
	      why);
	file_lay_out(&config);
	damage(6 * BLOCK_BYTES, block, BLOCK_BYTES);
	(void)file_check(&file, UINT64_MAX, 0, &whole, why);
	check(!whole && strstr(why, "at 24576 "), "a block of another place is found: %s", why);
	close_job(&file);
	file_lay_out(&config);
	need(truncate(path, (off_t)FILE_BYTES / 2) == 0, "truncate");
	file.check_fd = open(path, O_RDONLY | O_CLOEXEC);
	(void)file_check(&file, UINT64_MAX, 0, &whole, why);
	check(!whole && strstr(why, "ends before it"), "a file that has become shorter is: %s", why);
	close(file.check_fd);
	file_lay_out(&config);
}

/* A write that is acknowledged and never done. */
static void test_stale_generation(void)
{
	struct job_config config = config_of(4, JOB_WRITE, true);
	struct file file;
	struct job job;
	bool whole;
	char why[CONDUCT_MESSAGE_BYTES] = "";

	open_job(&job, &file, &config);
	for (uint32_t i = 0; i < 200; i++) {
		struct op *op = job_next(&job, i % 4);
		need(pwrite(file.fd, op->buffer, BLOCK_BYTES, (off_t)op->offset) == BLOCK_BYTES, "pwrite");
		job_done(&job, op, BLOCK_BYTES);
	}
	uint64_t checked = file_check(&file, 0, 0, &whole, why);
	check(checked > 0 && checked <= BLOCKS && whole, "every written block is checked: %llu",
	      (unsigned long long)checked);
	job_done(&job, job_next(&job, 0), BLOCK_BYTES);
	(void)file_check(&file, 0, 0, &whole, why);
	check(!whole && strstr(why, "is of writing"), "one that was lost is found: %s", why);
	close_job(&file);
	file_lay_out(&config);
}

static void test_cache(void)
{
	struct job_config config = config_of(1, JOB_READ, false);
	struct file file;
	uint64_t pages = UINT64_MAX;
	char why[CONDUCT_MESSAGE_BYTES] = "";

	config.cache = JOB_COLD;
	file_open(&file, &config);
	bool is_cold = file_settle(&file, why);
	if (!is_cold && strstr(why, "cannot be cold")) {
		printf("skipped - %s\n", why);
		close_job(&file);
		return;
	}
	check(is_cold && file_cached(&file, &pages) && pages == 0, "nothing of a cold file is cached: %s",
	      why);
	config.cache = JOB_WARM;
	check(file_settle(&file, why) && file_cached(&file, &pages) && pages == FILE_BYTES / 4096,
	      "all of a warm one is: %s", why);
	config.cache = JOB_DIRECT;
	check(file_settle(&file, why) && file_cached(&file, &pages) && pages == 0,
	      "and nothing before direct operations");
	close_job(&file);
}

static bool hide_cachestat(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 451, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static void test_cache_by_mincore(void)
{
	int status = 0;
	pid_t pid = fork();

	need(pid >= 0, "fork");
	if (pid == 0) {
		if (!hide_cachestat())
			_exit(EXIT_SKIPPED);
		checks_failed = 0;
		test_cache();
		_exit(checks_exit());
	}
	need(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "the child broke");
	if (WEXITSTATUS(status) == EXIT_SKIPPED)
		printf("skipped - no filter can be set\n");
	else
		check(WEXITSTATUS(status) == EXIT_SUCCESS, "the same by mincore, where cachestat is missing");
}

/* ---- where operations go ---- */

static void test_random_offsets(void)
{
	struct job_config config = config_of(8, JOB_READ, true);
	uint64_t first[DRAWS];
	bool touched[BLOCKS] = {false}, same = true, own = true, inside = true;

	for (uint32_t pass = 0; pass < 2; pass++) {
		struct file file;
		struct job job;
		open_job(&job, &file, &config);
		for (uint32_t i = 0; i < DRAWS; i++) {
			struct op *op = job_next(&job, i % 8);
			op->in_flight = false;
			job.in_flight--;
			inside &= op->offset % BLOCK_BYTES == 0 && op->offset < FILE_BYTES;
			own &= op->offset / BLOCK_BYTES % 8 == i % 8;
			touched[op->offset / BLOCK_BYTES % BLOCKS] = true;
			if (pass == 0)
				first[i] = op->offset;
			same &= first[i] == op->offset;
		}
		close_job(&file);
	}
	uint32_t all = 0;
	for (uint32_t i = 0; i < BLOCKS; i++)
		all += touched[i];
	check(inside, "random offsets lie in the file, at whole blocks");
	check(own, "no two slots draw from the same blocks");
	check(same, "a seed draws the same offsets again");
	check(all == BLOCKS, "every block is drawn: %u of %u", all, BLOCKS);

	config.seed++;
	struct file file;
	struct job job;
	uint32_t differ = 0;
	open_job(&job, &file, &config);
	for (uint32_t i = 0; i < DRAWS; i++)
		differ += job_next(&job, i % 8)->offset != first[i];
	check(differ > DRAWS / 2, "and another seed others: %u of %u", differ, DRAWS);
	close_job(&file);
}

/* Where blocks are no multiple of the depth, the last ones belong to some slots only. */
static void test_uneven_depth(void)
{
	struct job_config config = config_of(7, JOB_READ, true);
	uint32_t times[BLOCKS] = {0}, missed = 0;
	struct file file;
	struct job job;

	open_job(&job, &file, &config);
	for (uint32_t i = 0; i < BLOCKS * 64; i++) {
		uint64_t block = job_next(&job, i % 7)->offset / BLOCK_BYTES;
		need(block < BLOCKS && block % 7 == i % 7, "slot %u drew block %llu", i % 7,
		     (unsigned long long)block);
		times[block]++;
	}
	for (uint32_t i = 0; i < BLOCKS; i++)
		missed += times[i] == 0;
	check(missed == 0, "with 7 slots on %u blocks none is left out", BLOCKS);
	close_job(&file);
}

static void test_order(void)
{
	struct job_config config = config_of(4, JOB_WRITE, false);
	struct file file;
	struct job job;
	bool in_order = true, met = false;

	open_job(&job, &file, &config);
	for (uint32_t i = 0; i < BLOCKS + 3; i++) {
		struct op *op = job_next(&job, i % 4);
		in_order &= op->offset == (uint64_t)(i % BLOCKS) * BLOCK_BYTES;
		job_done(&job, op, BLOCK_BYTES);
	}
	check(in_order, "in order, and from the beginning again at the end");
	/* One that lasts, while the others go through the whole file. */
	uint64_t held = job_next(&job, 0)->offset;
	for (uint32_t i = 0; i < 2 * BLOCKS; i++) {
		struct op *op = job_next(&job, 1 + i % 3);
		met |= op->offset == held;
		job_done(&job, op, BLOCK_BYTES);
	}
	check(!met, "no write goes where another is in flight");
	close_job(&file);
}

/* ---- books ---- */

static uint64_t samples_of(const struct histogram *h)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		sum += h->bucket[i];
	return sum;
}

static void read_into(const struct file *file, struct op *op)
{
	need(pread(file->fd, op->buffer, BLOCK_BYTES, (off_t)op->offset) == BLOCK_BYTES, "pread");
}

static void test_books(void)
{
	struct job_config config = config_of(4, JOB_READ, true);
	struct file file;
	struct job job;
	struct op *in_flight[4];

	open_job(&job, &file, &config);
	for (uint32_t i = 0; i < 40; i++) {
		struct op *op = job_next(&job, i % 4);
		read_into(&file, op);
		job_done(&job, op, BLOCK_BYTES);
	}
	for (uint32_t i = 0; i < 4; i++) {
		in_flight[i] = job_next(&job, i);
		read_into(&file, in_flight[i]);
	}
	job_submitted(&job, 400, 4);
	job_done(&job, in_flight[0], BLOCK_BYTES);
	job.deadline_ns = job.now_ns;
	check(job_next(&job, 0) == NULL, "after the deadline nothing is issued");
	for (uint32_t i = 1; i < 4; i++)
		job_done(&job, in_flight[i], BLOCK_BYTES);
	check(job.sent == 44 && job.completed == 41 && job.in_flight_at_end == 3 && job.in_flight == 0,
	      "sent %llu = completed %llu + in flight %llu", (unsigned long long)job.sent,
	      (unsigned long long)job.completed, (unsigned long long)job.in_flight_at_end);
	check(job.response.count == 41 && samples_of(&job.response) == 41, "as many response times");
	check(job.submit.count == 4 && job.submit.sum_ns == 400 && job.submit.max_ns == 100 &&
		      samples_of(&job.submit) == 4,
	      "the time of a submit is shared by what it issued");
	check(job.blocks_seen == 44, "and all 44 were looked at");
	job_begin(&job, now_ns(), LONG_NS, LONG_NS);
	check(job.sent == 0 && job.completed == 0 && job.response.count == 0 && job.submit.count == 0,
	      "a phase begins with empty books");
	close_job(&file);
}

/* What an operation may end with, and what is said of it. */
static void test_failures(void)
{
	static const struct {
		int64_t result;
		enum job_action action;
		bool moved, torn;
		uint32_t status;
		const char *says;
	} cases[] = {
		{-EIO, JOB_READ, false, false, CONDUCT_FAILED, "read of 4096 bytes at"},
		{-ENOSPC, JOB_WRITE, false, false, CONDUCT_FAILED, "No space left"},
		{1024, JOB_READ, false, false, CONDUCT_FAILED,
		 "short after 1024: the file has become shorter"},
		{0, JOB_READ, false, false, CONDUCT_FAILED, "short after 0"},
		{512, JOB_WRITE, false, false, CONDUCT_FAILED, "write of 4096 bytes"},
		{BLOCK_BYTES, JOB_READ, true, false, CONDUCT_CORRUPT, "header"},
		{BLOCK_BYTES, JOB_READ, false, true, CONDUCT_CORRUPT, "tail"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct job_config config = config_of(2, cases[i].action, true);
		struct file file;
		struct job job;
		open_job(&job, &file, &config);
		struct op *op = job_next(&job, 0);
		(void)job_next(&job, 1);
		if (cases[i].action == JOB_READ)
			read_into(&file, op);
		if (cases[i].moved)
			block_stamp(op->buffer, op->offset + BLOCK_BYTES, 1, block_payload_sum(op->buffer));
		if (cases[i].torn)
			memset(op->buffer + BLOCK_BYTES - 512, 0, 512);
		job_done(&job, op, cases[i].result);
		check(job.status == cases[i].status && strstr(job.message, cases[i].says), "it says: %s",
		      job.message);
		check(!job.issuing && job_next(&job, 0) == NULL && job.completed == 0 &&
			      job.in_flight_at_end == 1 && job.sent == 2,
		      "and the phase is over: sent = completed + in flight + failed");
		job_begin(&job, now_ns(), LONG_NS, LONG_NS);
		check(job_next(&job, 0) == NULL, "as are those that follow");
		close_job(&file);
	}
}

static void test_stuck(void)
{
	struct job_config config = config_of(2, JOB_READ, true);
	struct file file;
	struct job job;

	job_tick();
	open_job(&job, &file, &config);
	check(!job_is_stuck(&job), "before a tick nobody looks");
	(void)job_next(&job, 0);
	(void)raise(SIGALRM);
	check(!job_is_stuck(&job) && job.status == CONDUCT_OK, "one that has just begun is not stuck");
	job.stall_ns = 0;
	(void)raise(SIGALRM);
	check(job_is_stuck(&job) && job.status == CONDUCT_STALLED, "one that does not end is: %s",
	      job.message);
	close_job(&file);
}

static void test_split(void)
{
	struct job_config config = config_of(8, JOB_READ, false);
	struct file file;
	struct job job;

	open_job(&job, &file, &config);
	struct job *parts = job_split(&job);
	for (uint32_t part = 0; part < 8; part++) {
		job_begin(&parts[part], now_ns(), LONG_NS, LONG_NS);
		for (uint32_t i = 0; i <= part; i++) {
			struct op *op = job_next(&parts[part], 0);
			need(op->offset / BLOCK_BYTES == (part + 8ull * i) % BLOCKS, "part %u goes elsewhere",
			     part);
			read_into(&file, op);
			job_done(&parts[part], op, BLOCK_BYTES);
		}
	}
	(void)job_next(&parts[3], 0);
	job_fail(&parts[3], "the third");
	job_begin(&job, now_ns(), LONG_NS, LONG_NS);
	job_join(&job, parts);
	check(job.sent == 37 && job.completed == 36 && job.in_flight_at_end == 1, "parts add up: %llu sent",
	      (unsigned long long)job.sent);
	check(job.response.count == 36 && samples_of(&job.response) == 36 && job.blocks_seen == 36,
	      "with their histograms");
	check(job.status == CONDUCT_FAILED && !strcmp(job.message, "the third"), "and what failed");
	close_job(&file);
}

static void test_append(void)
{
	struct job_config config = config_of(2, JOB_APPEND, false);
	struct file file;
	struct job job;
	bool whole;
	char why[CONDUCT_MESSAGE_BYTES] = "";
	uint32_t appended = 0;
	struct op *op;

	open_job(&job, &file, &config);
	need(file_settle(&file, why), "%s", why);
	while ((op = job_next(&job, appended % 2))) {
		need(op->offset == (uint64_t)appended * BLOCK_BYTES, "append %u goes elsewhere", appended);
		need(pwrite(file.fd, op->buffer, BLOCK_BYTES, (off_t)op->offset) == BLOCK_BYTES, "pwrite");
		job_done(&job, op, BLOCK_BYTES);
		appended++;
	}
	check(appended == BLOCKS && job.status == CONDUCT_OK, "appends end where the file may not grow: %u",
	      appended);
	check(file_check(&file, 0, 0, &whole, why) == BLOCKS && whole, "and all are checked: %s", why);
	check(file_check(&file, BLOCKS / 4, 0, &whole, why) == BLOCKS && whole,
	      "and some drawn where every block is written");
	check(file_empty(&file, why) && file_check(&file, 256, 0, &whole, why) == 0 && whole,
	      "an empty file has nothing to check");
	close_job(&file);
}

int main(void)
{
	int fd = mkstemp(path);

	need(fd >= 0, "mkstemp(%s)", path);
	close(fd);
	(void)counters_open(64);
	test_flipped_bytes();
	test_moved_blocks();
	test_layout();
	test_stale_generation();
	test_cache();
	test_cache_by_mincore();
	test_random_offsets();
	test_uneven_depth();
	test_order();
	test_books();
	test_failures();
	test_stuck();
	test_split();
	test_append();
	(void)unlink(path);
	return checks_exit();
}
