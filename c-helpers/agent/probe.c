#include <signal.h>
#include <sys/wait.h>

#include "../wire/clock.h"
#include "answer.h"
#include "child.h"
#include "command.h"
#include "json.h"
#include "probe.h"

/* Where the ask has no "timeoutMs". */
#define PROBE_TIMEOUT_MS 60000
#define PROBE_TIMEOUT_MS_MAX 86400000
#define STDOUT_BYTES 65536
#define STDERR_BYTES 4096

static void answer_probe(const struct ask *ask, const struct child *child, const char *out)
{
	char name[16], said[STDERR_BYTES];
	bool killed = WIFSIGNALED(child->status);
	size_t bytes = child_stderr(child, said, sizeof(said));

	answer_begin_to(ask->id, "probe");
	put_name("exitCode");
	if (killed)
		put_null();
	else
		put_int(WEXITSTATUS(child->status));
	put_name("signal");
	if (killed) {
		signal_name(WTERMSIG(child->status), name, sizeof(name));
		put_string(name);
	} else {
		put_null();
	}
	put_member_string("stdout", out);
	put_name("stderr");
	put_text(said, bytes);
	answer_end();
}

void probe(const struct ask *ask)
{
	static struct command command;
	static char out[STDOUT_BYTES];
	char why[CHILD_WHY_BYTES];
	struct child child;
	const char *timeout = json_member(ask->json, "timeoutMs");
	uint64_t timeout_ms = PROBE_TIMEOUT_MS;

	if (!command_read(ask, &command))
		return;
	if (timeout && !json_uint(timeout, PROBE_TIMEOUT_MS_MAX, &timeout_ms)) {
		answer_refused(ask->id, "probe: \"timeoutMs\" is not within 0..%d", PROBE_TIMEOUT_MS_MAX);
		return;
	}
	uint64_t until_ns = now_ns() + timeout_ms * NS_PER_MS;
	if (!child_start(&child, command.program, command.args, why)) {
		answer_refused(ask->id, "%s", why);
		return;
	}
	(void)child_read(&child, out, sizeof(out), false, until_ns);
	(void)child_wait(&child, until_ns);
	child_stop(&child, 0); /* SIGKILL, where it has not ended */
	answer_probe(ask, &child, out);
	child_close(&child);
}
