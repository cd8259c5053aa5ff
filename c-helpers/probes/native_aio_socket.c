/* native_aio_socket - native AIO on a socket: IOCB_CMD_PREAD, which waits inside io_submit, and
 * IOCB_CMD_POLL. */
#include <poll.h>
#include <pthread.h>

#include "../wire/clock.h"
#include "native_aio.h"
#include "process.h"
#include "sockets.h"

enum { DELAY_MS = 100, ROUNDS = 9 };

static void *write_later(void *arg)
{
	pause_ms(DELAY_MS);
	put(*(int *)arg, 1);
	return NULL;
}

static void look_read(aio_context_t context)
{
	char buf[16];
	int fds[2];
	int64_t result;
	pthread_t writer;

	tcp_pair(fds);
	struct iocb request = aio_request(IOCB_READ, fds[1], buf, sizeof(buf), 0);
	uint64_t begun = now_ns();
	if (pthread_create(&writer, NULL, write_later, &fds[0]) != 0)
		probe_broken("pthread_create");
	errno = aio_submit(context, &request);
	uint64_t ended = now_ns();
	if (errno)
		probe_broken("io_submit(PREAD of a socket)");
	pthread_join(writer, NULL);
	if (!aio_get(context, &result, SOON_MS) || result != 1)
		probe_odd("a read of a socket by io_submit returns %lld", (long long)result);
	observe("preadDelayMs", DELAY_MS);
	observe("preadSubmitMs", (double)(ended - begun) / NS_PER_MS);

	set_nonblocking(fds[1]);
	errno = aio_submit(context, &request);
	if (errno)
		probe_broken("io_submit(PREAD of a non-blocking socket)");
	if (!aio_get(context, &result, SOON_MS))
		probe_odd("a read of a non-blocking socket does not complete");
	observe_error("nonblockResult", result < 0 ? (int)-result : 0);
}

static void look_poll(aio_context_t context)
{
	double submit_us[ROUNDS];
	int idle = 0, after = 0, second = 0;

	for (int i = 0; i < ROUNDS; i++) {
		int fds[2];
		int64_t result;
		tcp_pair(fds);
		struct iocb request = {
			.aio_lio_opcode = IOCB_CMD_POLL, .aio_fildes = (uint32_t)fds[1], .aio_buf = POLLIN};
		uint64_t begun = now_ns();
		int error = aio_submit(context, &request);
		submit_us[i] = (double)(now_ns() - begun) / NS_PER_US;
		if (error == EINVAL)
			return; /* before 4.19 */
		if (error)
			probe_odd("io_submit(POLL): %s", strerror(error));
		idle += aio_get(context, &result, 0);
		put(fds[0], 1);
		after += aio_get(context, &result, SOON_MS) && result & POLLIN;
		put(fds[0], 1);
		settle(fds[1], 2);
		second += aio_get(context, &result, QUIET_MS / 2);
	}
	observe("pollRounds", ROUNDS);
	observe("pollSubmitUs", median(submit_us, ROUNDS));
	observe("pollIdle", idle);
	observe("pollAfterWrite", after);
	observe("pollSecondWrite", second);
}

static void run(void)
{
	aio_context_t context = aio_open(8);

	look_read(context);
	look_poll(context);
}

PROBE(.id = "native-aio-socket", .title = "native AIO on a socket", .run = run,
      .values = {
	      NUMBER("preadDelayMs", "ms after which the other side writes"),
	      NUMBER("preadSubmitMs", "ms inside io_submit of a read of a blocking socket"),
	      STRING("nonblockResult", "result of a read of an empty non-blocking socket"),
	      NUMBER_OR_NONE("pollRounds", "sockets on which IOCB_CMD_POLL was tried"),
	      NUMBER_OR_NONE("pollSubmitUs", "us inside io_submit of IOCB_CMD_POLL, median"),
	      NUMBER_OR_NONE("pollIdle", "of the sockets, those reported while nothing was there"),
	      NUMBER_OR_NONE("pollAfterWrite", "those reported readable after a write"),
	      NUMBER_OR_NONE("pollSecondWrite",
			     "those reported again after another write, not submitted again"),
      });
