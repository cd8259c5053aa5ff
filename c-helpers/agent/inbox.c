#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "answer.h"
#include "inbox.h"
#include "json.h"

/* Every id is a number that a double holds. */
#define ID_MAX ((1ull << 53) - 1)
#define TEXT_BYTES (INBOX_LINE_BYTES_MAX + 1)

static struct {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	int fd;
	int wake_fd;	  /* the reader looks again at what it has to do */
	int interrupt_fd; /* readable once interrupted */
	bool ended;
	bool waiting; /* an ask is in `next` */
	int64_t id;   /* of what is under way */
	struct ask next;
	char next_text[TEXT_BYTES], text[TEXT_BYTES]; /* of what waits, and of what is under way */
	struct loadgen *load;
	uint32_t progress_ms;
} inbox = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

static void lock(void)
{
	(void)pthread_mutex_lock(&inbox.lock);
}

static void unlock(void)
{
	(void)pthread_mutex_unlock(&inbox.lock);
}

static void raise_event(int fd)
{
	uint64_t one = 1;

	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void clear_event(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}

/* With the lock. */
static void interrupt(void)
{
	raise_event(inbox.interrupt_fd);
	if (inbox.load)
		loadgen_stop(inbox.load);
}

static bool is_stop(const struct ask *ask)
{
	return strcmp(ask->name, "stop") == 0;
}

/* The id of the ask that has to give way; -1: none. */
static int64_t enqueue(const struct ask *ask, size_t bytes)
{
	int64_t refused = -1;

	lock();
	if (inbox.waiting)
		refused = is_stop(ask) ? inbox.next.id : ask->id;
	if (refused != ask->id) {
		inbox.next = *ask;
		memcpy(inbox.next_text, ask->json, bytes + 1);
		inbox.waiting = true;
		if (is_stop(ask))
			interrupt();
		(void)pthread_cond_signal(&inbox.filled);
	}
	unlock();
	return refused;
}

static void take_line(const char *line, size_t bytes)
{
	struct ask ask = {.id = -1, .json = line};
	const char *why;
	uint64_t id;

	if (!json_check(line, bytes, &why)) {
		answer_refused(-1, "no JSON: %s", why);
	} else if (!json_uint(json_member(line, "id"), ID_MAX, &id)) {
		answer_refused(-1, "no ask: it has no \"id\", a whole number");
	} else if (!json_string(json_member(line, "ask"), ask.name, sizeof(ask.name))) {
		answer_refused((int64_t)id, "no ask: \"ask\" is none that there is");
	} else {
		ask.id = (int64_t)id;
		int64_t refused = enqueue(&ask, bytes);
		if (refused >= 0)
			answer_refused(refused, "too much is asked at once");
	}
}

struct reading {
	size_t used;
	bool skipping; /* the rest of a line that was too long */
	char bytes[TEXT_BYTES];
};

static void take_lines(struct reading *r)
{
	char *at = r->bytes, *end = r->bytes + r->used, *newline;

	while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		*newline = '\0';
		if (!r->skipping)
			take_line(at, (size_t)(newline - at));
		r->skipping = false;
		at = newline + 1;
	}
	r->used = (size_t)(end - at);
	memmove(r->bytes, at, r->used);
	if (r->used < sizeof(r->bytes))
		return;
	if (!r->skipping)
		answer_refused(-1, "a line of more than %u bytes", INBOX_LINE_BYTES_MAX);
	r->skipping = true;
	r->used = 0;
}

/* False at the end of the input. */
static bool read_more(struct reading *r)
{
	ssize_t n = read(inbox.fd, r->bytes + r->used, sizeof(r->bytes) - r->used);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (n == 0)
		return false;
	r->used += (size_t)n;
	take_lines(r);
	return true;
}

static void tell_progress(void)
{
	static const char *const phases[] = {"connecting", "warm-up", "measuring", "draining", "ended"};
	struct loadgen_progress progress;

	lock();
	if (inbox.load) {
		loadgen_progress(inbox.load, &progress);
		answer_begin_to(inbox.id, "progress");
		put_member_string("phase", phases[progress.phase]);
		put_member_uint("connectionsOpened", progress.connections_opened);
		put_member_uint("completed", progress.completed);
		answer_end();
	}
	unlock();
}

static int progress_wait_ms(void)
{
	lock();
	int ms = inbox.load && inbox.progress_ms > 0 ? (int)inbox.progress_ms : -1;
	unlock();
	return ms;
}

static void *read_asks(void *unused)
{
	static struct reading reading;
	struct pollfd fds[] = {{.fd = inbox.fd, .events = POLLIN}, {.fd = inbox.wake_fd, .events = POLLIN}};
	bool more = true;

	(void)unused;
	while (more) {
		int ready = poll(fds, 2, progress_wait_ms());

		if (ready < 0 && errno != EINTR)
			break;
		if (ready == 0)
			tell_progress();
		if (ready <= 0)
			continue;
		if (fds[1].revents)
			clear_event(inbox.wake_fd);
		if (fds[0].revents)
			more = read_more(&reading);
	}
	lock();
	inbox.ended = true;
	interrupt();
	(void)pthread_cond_signal(&inbox.filled);
	unlock();
	return NULL;
}

bool inbox_open(int fd)
{
	pthread_t thread;
	sigset_t all, before;

	inbox.fd = fd;
	inbox.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	inbox.interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (inbox.wake_fd < 0 || inbox.interrupt_fd < 0)
		return false;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	int error = pthread_create(&thread, NULL, read_asks, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error == 0)
		error = pthread_detach(thread);
	errno = error;
	return error == 0;
}

bool inbox_next(struct ask *ask)
{
	lock();
	while (!inbox.waiting && !inbox.ended)
		(void)pthread_cond_wait(&inbox.filled, &inbox.lock);
	bool more = !inbox.ended;
	if (more) {
		memcpy(inbox.text, inbox.next_text, sizeof(inbox.text));
		*ask = inbox.next;
		ask->json = inbox.text;
		inbox.id = ask->id;
		inbox.waiting = false;
		clear_event(inbox.interrupt_fd);
	}
	unlock();
	return more;
}

int inbox_interrupt_fd(void)
{
	return inbox.interrupt_fd;
}

bool inbox_interrupted(void)
{
	struct pollfd fd = {.fd = inbox.interrupt_fd, .events = POLLIN};

	return poll(&fd, 1, 0) > 0;
}

void inbox_sleep(uint64_t ms)
{
	struct pollfd fd = {.fd = inbox.interrupt_fd, .events = POLLIN};
	uint64_t until_ns = now_ns() + ms * NS_PER_MS, now;

	while ((now = now_ns()) < until_ns)
		if (poll(&fd, 1, (int)((until_ns - now) / NS_PER_MS) + 1) > 0)
			return;
}

void inbox_watch(struct loadgen *load, uint32_t progress_ms)
{
	lock();
	inbox.load = load;
	inbox.progress_ms = progress_ms;
	if (inbox_interrupted())
		loadgen_stop(load);
	unlock();
	if (progress_ms > 0)
		raise_event(inbox.wake_fd);
}

void inbox_unwatch(void)
{
	lock();
	inbox.load = NULL;
	unlock();
}
