#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "answer.h"
#include "inbox.h"

/* More than any client has under way; each takes some 100 KiB. */
#define WAITING_MAX 16
/* Every id is a number that a double holds. */
#define ID_MAX ((1ull << 53) - 1)

static struct {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	int fd;
	int wake_fd;	  /* the reader looks at what it has to watch */
	int interrupt_fd; /* readable once interrupted */
	bool ended;
	bool interrupted;
	int64_t current; /* the ask under way; -1: none */
	struct loadgen *load;
	uint32_t progress_ms;
	unsigned int waiting;
	struct ask *queue[WAITING_MAX];
} inbox = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER, .current = -1};

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
static void interrupt_current(void)
{
	if (inbox.current < 0)
		return;
	inbox.interrupted = true;
	raise_event(inbox.interrupt_fd);
	if (inbox.load)
		loadgen_stop(inbox.load);
}

/* With the lock. */
static void drop_waiting(int64_t id)
{
	for (unsigned int i = 0; i < inbox.waiting; i++) {
		if (inbox.queue[i]->id != id)
			continue;
		ask_free(inbox.queue[i]);
		inbox.waiting--;
		memmove(&inbox.queue[i], &inbox.queue[i + 1],
			(inbox.waiting - i) * sizeof(struct ask *));
		answer_refused(id, "cancelled before it began");
		return;
	}
}

static void cancel(const struct ask *ask)
{
	uint64_t of;

	if (!json_uint(json_member(&ask->json, ask->json.token, "of"), ID_MAX, &of)) {
		answer_refused(ask->id, "cancel: \"of\" is not the id of an ask");
		return;
	}
	lock();
	if (inbox.current == (int64_t)of)
		interrupt_current();
	else
		drop_waiting((int64_t)of);
	unlock();
	answer_begin("cancelled", ask->id);
	answer_end();
}

static void enqueue(struct ask *ask)
{
	bool full;

	lock();
	if (strcmp(ask->name, "stop") == 0)
		interrupt_current();
	full = inbox.waiting == WAITING_MAX;
	if (!full)
		inbox.queue[inbox.waiting++] = ask;
	(void)pthread_cond_signal(&inbox.filled);
	unlock();
	if (full) {
		answer_refused(ask->id, "%d asks are waiting already", WAITING_MAX);
		ask_free(ask);
	}
}

static void take_line(const char *line, size_t bytes)
{
	struct ask *ask = malloc(sizeof(*ask) + bytes + 1);
	uint64_t id;

	if (!ask) {
		answer_refused(-1, "no memory for a line of %zu bytes", bytes);
		return;
	}
	memcpy(ask->line, line, bytes);
	ask->line[bytes] = '\0';
	ask->id = -1;
	if (!json_parse(&ask->json, ask->line, bytes)) {
		answer_refused(-1, "no JSON: %s, at byte %zu", ask->json.error, ask->json.error_at);
	} else if (!json_uint(json_member(&ask->json, ask->json.token, "id"), ID_MAX, &id)) {
		answer_refused(-1, "no ask: it has no \"id\", a whole number");
	} else if (!json_text(json_member(&ask->json, ask->json.token, "ask"), &ask->name)) {
		answer_refused((int64_t)id, "no ask: it does not say what it asks");
	} else {
		ask->id = (int64_t)id;
		if (strcmp(ask->name, "cancel") != 0) {
			enqueue(ask);
			return;
		}
		cancel(ask);
	}
	ask_free(ask);
}

struct reading {
	size_t used;
	bool skipping; /* the rest of a line that was too long */
	char bytes[INBOX_LINE_BYTES_MAX + 1];
};

static void take_lines(struct reading *r)
{
	char *at = r->bytes, *end = r->bytes + r->used, *newline;

	while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
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
	if (inbox.load && inbox.progress_ms > 0) {
		loadgen_progress(inbox.load, &progress);
		answer_begin("progress", inbox.current);
		put_member_string("phase", phases[progress.phase <= 4 ? progress.phase : 4]);
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
	interrupt_current();
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

struct ask *inbox_next(void)
{
	struct ask *next = NULL;

	lock();
	while (inbox.waiting == 0 && !inbox.ended)
		(void)pthread_cond_wait(&inbox.filled, &inbox.lock);
	if (!inbox.ended) {
		next = inbox.queue[0];
		inbox.waiting--;
		memmove(&inbox.queue[0], &inbox.queue[1], inbox.waiting * sizeof(struct ask *));
	}
	unlock();
	return next;
}

void ask_free(struct ask *ask)
{
	free(ask);
}

void inbox_begin(int64_t id)
{
	lock();
	clear_event(inbox.interrupt_fd);
	inbox.current = id;
	inbox.interrupted = false;
	if (inbox.ended)
		interrupt_current();
	unlock();
}

int inbox_interrupt_fd(void)
{
	return inbox.interrupt_fd;
}

bool inbox_interrupted(void)
{
	lock();
	bool interrupted = inbox.interrupted;
	unlock();
	return interrupted;
}

void inbox_watch(struct loadgen *load, uint32_t progress_ms)
{
	lock();
	inbox.load = load;
	inbox.progress_ms = progress_ms;
	if (inbox.interrupted)
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

void inbox_end(void)
{
	lock();
	inbox.current = -1;
	unlock();
}
