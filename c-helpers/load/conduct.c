#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../wire/clock.h"
#include "conduct.h"
#include "crew.h"

/*
 * A program looks every second whether it stalls, and then says so. Laying pages out, or checking all that
 * was written, may wait for a slow disk with many single reads.
 */
#define RUN_STALLS 2
#define RUN_LOOKS_NS (3 * NS_PER_S)
#define FILE_STALLS 12

static const char *const phase_names[] = {"settle", "warm-up", "measure", "check"};

bool conduct_create(struct load *lg)
{
	lg->conducted = calloc(1, sizeof(*lg->conducted));
	if (!lg->conducted)
		return false;
	lg->conducted->fd = -1;
	for (int edge = 0; edge < LOADGEN_EDGES; edge++)
		lg->conducted->pages_cached[edge] = UINT64_MAX;
	histogram_reset(&lg->conducted->submit);
	return true;
}

void conduct_destroy(struct load *lg)
{
	free(lg->conducted);
	lg->conducted = NULL;
}

/* What is waited for, to be named where it does not come. */
struct awaited {
	const char *what;
	enum loadgen_status late;
	uint64_t since_ns, until_ns;
};

static void fail_late(struct load *lg, const struct awaited *a)
{
	fail(&lg->failure, a->late, "%s: nothing has come for %.3f s", a->what,
	     (double)(now_ns() - a->since_ns) / (double)NS_PER_S);
}

static int ms_until(uint64_t until_ns)
{
	uint64_t now = now_ns();

	if (now >= until_ns)
		return 0;
	uint64_t ms = (until_ns - now + NS_PER_MS - 1) / NS_PER_MS;
	return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

/* False: it is over, for one of the reasons of conduct_ask. What is here already counts before the process's
 * end. */
static bool await_events(struct load *lg, short events, const struct awaited *a)
{
	struct pollfd fds[] = {{.fd = lg->conducted->fd, .events = events},
			       {.fd = atomic_load(&lg->crew->shared.stop_fd), .events = POLLIN},
			       {.fd = lg->crew->reader.ended_fd, .events = POLLIN}};

	for (;;) {
		int ms = ms_until(a->until_ns);
		int ready = poll(fds, sizeof(fds) / sizeof(fds[0]), ms);

		lg->syscalls++;
		lg->wakeups++;
		if (ready < 0 && errno != EINTR)
			fail_call(&lg->failure, "poll");
		else if (ready > 0 && fds[1].revents)
			fail(&lg->failure, LOADGEN_STOPPED, "stopped on request");
		else if (ready > 0 && fds[0].revents)
			return true;
		else if (ready > 0 && fds[2].revents)
			lg->crew->reader.ended(lg->crew->reader.context, &lg->failure);
		else if (ms == 0)
			fail_late(lg, a);
		if (lg->failure.status != LOADGEN_OK)
			return false;
	}
}

static bool connect_to(struct load *lg, int fd)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)lg->config.server_port),
				      .sin_addr.s_addr = htonl(lg->config.server_ipv4)};
	uint64_t now = now_ns();
	struct awaited connection = {"connect", LOADGEN_CONNECT_FAILED, now,
				     now + lg->config.connect_timeout_ns};
	socklen_t bytes = sizeof(int);
	int error = 0;

	lg->syscalls++;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		error = errno;
	if (error == EINPROGRESS) {
		if (!await_events(lg, POLLOUT, &connection))
			return false;
		lg->syscalls++;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) < 0)
			error = errno;
	}
	if (error)
		fail(&lg->failure, LOADGEN_CONNECT_FAILED, "connect: %s", strerror(error));
	return error == 0;
}

bool conduct_open(struct load *lg)
{
	uint64_t begin_ns = now_ns();

	lg->syscalls++;
	lg->conducted->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (lg->conducted->fd < 0) {
		fail_call(&lg->failure, "socket");
		return false;
	}
	if (!connect_to(lg, lg->conducted->fd))
		return false;
	lg->opened = 1;
	lg->connect_ns = now_ns() - begin_ns;
	atomic_store_explicit(&lg->progress.connections_opened, 1, memory_order_relaxed);
	return true;
}

void conduct_close(struct load *lg)
{
	if (lg->conducted->fd >= 0)
		(void)close(lg->conducted->fd);
	lg->conducted->fd = -1;
}

static bool fail_gone(struct load *lg, const struct awaited *a, int error)
{
	fail(&lg->failure, LOADGEN_SERVER_GONE, "%s: the program %s%s", a->what,
	     error ? "has broken the connection: " : "has closed the connection",
	     error ? strerror(error) : "");
	return false;
}

/* One end of the exchange: all of the ask sent, or all of the answer received. */
static bool exchange(struct load *lg, void *bytes, size_t count, bool sends, const struct awaited *a)
{
	int fd = lg->conducted->fd;

	for (size_t done = 0; done < count;) {
		char *at = (char *)bytes + done;
		ssize_t n = sends ? send(fd, at, count - done, MSG_NOSIGNAL) : recv(fd, at, count - done, 0);
		int error = n < 0 ? errno : 0;

		lg->syscalls++;
		if (n > 0)
			done += (size_t)n;
		else if (error == EAGAIN) {
			if (!await_events(lg, sends ? POLLOUT : POLLIN, a))
				return false;
		} else if (error != EINTR)
			return fail_gone(lg, a, error);
	}
	return true;
}

static void fail_answered(struct load *lg, const char *what)
{
	static const uint32_t statuses[] = {[CONDUCT_FAILED] = LOADGEN_OPERATION_FAILED,
					    [CONDUCT_CORRUPT] = LOADGEN_CORRUPT,
					    [CONDUCT_STALLED] = LOADGEN_STALLED};
	const struct conduct_answer *answer = &lg->conducted->answer;

	if (answer->status >= sizeof(statuses) / sizeof(statuses[0]))
		fail(&lg->failure, LOADGEN_SYSTEM, "%s: the program answers with status %u, which is none",
		     what, answer->status);
	else if (answer->status != CONDUCT_OK)
		fail(&lg->failure, statuses[answer->status], "%s: %.*s", what, CONDUCT_MESSAGE_BYTES,
		     answer->message);
}

static uint64_t counted(const struct histogram *h)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		sum += h->bucket[i];
	return sum;
}

/* The books of a phase of operations: what the program counts in several places is the same number. */
static void check_books(struct load *lg, const char *what)
{
	const struct conduct_answer *a = &lg->conducted->answer;

	if (a->sent != a->completed + a->in_flight)
		fail(&lg->failure, LOADGEN_UNBALANCED, "%s: sent %llu, but completed %llu + in flight %llu",
		     what, (unsigned long long)a->sent, (unsigned long long)a->completed,
		     (unsigned long long)a->in_flight);
	else if (a->bytes != a->completed * lg->message_bytes)
		fail(&lg->failure, LOADGEN_UNBALANCED, "%s: completed %llu of %u bytes, but moved %llu bytes",
		     what, (unsigned long long)a->completed, lg->message_bytes, (unsigned long long)a->bytes);
	else if (counted(&a->response) != a->completed || a->response.count != a->completed ||
		 counted(&a->submit) != a->submit.count)
		fail(&lg->failure, LOADGEN_UNBALANCED,
		     "%s: completed %llu, but the response times are %llu of %llu, and the times to submit "
		     "%llu of %llu",
		     what, (unsigned long long)a->completed, (unsigned long long)counted(&a->response),
		     (unsigned long long)a->response.count, (unsigned long long)counted(&a->submit),
		     (unsigned long long)a->submit.count);
	else if (a->ended_ns < a->began_ns)
		fail(&lg->failure, LOADGEN_UNBALANCED, "%s: it ended %llu ns before it began", what,
		     (unsigned long long)(a->began_ns - a->ended_ns));
}

bool conduct_ask(struct load *lg, enum conduct_phase phase, uint64_t ns)
{
	struct conducted *c = lg->conducted;
	bool operates = phase == CONDUCT_WARM_UP || phase == CONDUCT_MEASURE;
	uint64_t stall_ns = lg->config.stall_timeout_ns;
	uint64_t patience_ns = operates ? RUN_STALLS * stall_ns + RUN_LOOKS_NS : FILE_STALLS * stall_ns;
	struct conduct_ask ask = {.version = CONDUCT_VERSION, .phase = phase, .ns = ns, .stall_ns = stall_ns};
	uint64_t now = now_ns();
	struct awaited answer = {phase_names[phase], LOADGEN_STALLED, now, now + ns + patience_ns};

	if (!exchange(lg, &ask, sizeof(ask), true, &answer) ||
	    !exchange(lg, &c->answer, sizeof(c->answer), false, &answer))
		return false;
	if (c->answer.version != CONDUCT_VERSION)
		fail(&lg->failure, LOADGEN_SYSTEM,
		     "%s: the program answers in version %u of conduct.h, and this is %u", answer.what,
		     c->answer.version, CONDUCT_VERSION);
	fail_answered(lg, answer.what);
	if (operates)
		check_books(lg, answer.what);
	c->blocks_checked += c->answer.blocks_checked;
	return lg->failure.status == LOADGEN_OK;
}

void conduct_note_pages(struct load *lg, enum loadgen_edge_id edge)
{
	lg->conducted->pages = lg->conducted->answer.pages;
	lg->conducted->pages_cached[edge] = lg->conducted->answer.pages_cached;
}

void conduct_book(struct load *lg)
{
	struct conducted *c = lg->conducted;
	const struct conduct_answer *a = &c->answer;

	lg->counts.sent = a->sent;
	lg->counts.completed = a->completed;
	lg->counts.drained = lg->in_flight_at_deadline = a->in_flight;
	lg->window_ns = a->ended_ns - a->began_ns;
	lg->response = a->response;
	c->submit = a->submit;
	c->blocks_seen = a->blocks_seen;
	c->bytes_moved = a->bytes;
	c->loop_cpu_ns = a->loop_cpu_ns;
}
