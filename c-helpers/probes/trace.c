/* trace.c - see trace.h. */
#include "trace.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "process.h"

/* Of 5.3, and younger than the oldest headers. */
#define GET_SYSCALL_INFO 0x420e
enum { INFO_ENTRY = 1, INFO_EXIT = 2 };

struct syscall_info {
	uint8_t op;
	uint8_t pad[3];
	uint32_t arch;
	uint64_t instruction_pointer;
	uint64_t stack_pointer;
	union {
		struct {
			uint64_t nr;
			uint64_t args[6];
		} entry;
		struct {
			int64_t rval;
			uint8_t is_error;
		} exit;
	};
};

/* No system call has such arguments by chance. */
enum { MARK_BEGIN = 0x626e6d61, MARK_END = 0x626e6d62 };

void trace_begin(void)
{
	(void)syscall(SYS_getppid, MARK_BEGIN);
}

void trace_end(void)
{
	(void)syscall(SYS_getppid, MARK_END);
}

void *shared_memory(uint64_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		probe_broken("mmap(%llu shared bytes)", (unsigned long long)bytes);
	return memory;
}

uint32_t trace_count(const struct trace *trace, long number)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < trace->calls && i < TRACED_CALLS_MAX; i++)
		if (trace->call[i].number == (uint64_t)number)
			count++;
	return count;
}

static bool on_entry(struct trace *trace, const struct syscall_info *info, int32_t tid, bool recording)
{
	if (info->entry.nr == SYS_getppid && info->entry.args[0] == MARK_BEGIN)
		return true;
	if (info->entry.nr == SYS_getppid && info->entry.args[0] == MARK_END)
		return false;
	if (recording && trace->calls++ < TRACED_CALLS_MAX) {
		struct traced_call *call = &trace->call[trace->calls - 1];
		call->number = info->entry.nr;
		memcpy(call->args, info->entry.args, sizeof(call->args));
		call->tid = tid;
	}
	return recording;
}

static void on_exit_of(struct trace *trace, const struct syscall_info *info, int32_t tid)
{
	uint32_t kept = trace->calls < TRACED_CALLS_MAX ? trace->calls : TRACED_CALLS_MAX;
	for (uint32_t i = kept; i-- > 0;) {
		struct traced_call *call = &trace->call[i];
		if (call->tid != tid)
			continue;
		if (!call->ended)
			call->result = info->exit.rval;
		call->ended = true;
		return;
	}
}

static bool on_syscall_stop(struct trace *trace, int32_t tid, bool recording)
{
	struct syscall_info info = {0};
	if (ptrace(GET_SYSCALL_INFO, tid, sizeof(info), &info) < 0)
		return recording;
	if (info.op == INFO_ENTRY)
		return on_entry(trace, &info, tid, recording);
	if (info.op == INFO_EXIT)
		on_exit_of(trace, &info, tid);
	return recording;
}

/* What a stop means for the tracee: the signal to hand on. */
static int signal_of(int status)
{
	int signal = WSTOPSIG(status);
	bool is_ours = signal == (SIGTRAP | 0x80) || status >> 16 || signal == SIGSTOP || signal == SIGTRAP;
	return is_ours ? 0 : signal;
}

static pid_t start(void (*body)(void *), void *arg)
{
	pid_t pid = fork_helper();
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			probe_unsupported("ptrace(PTRACE_TRACEME): %s", strerror(errno));
		raise(SIGSTOP);
		body(arg);
		_exit(EXIT_SUCCESS);
	}
	return pid;
}

void trace_calls(struct trace *trace, void (*body)(void *), void *arg)
{
	int status;
	bool recording = false;
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL;
	pid_t pid = start(body, arg);

	memset(trace, 0, sizeof(*trace));
	trace->main_tid = pid;
	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		probe_unsupported("a child cannot be traced here");
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL, options) < 0)
		probe_unsupported("ptrace(PTRACE_SETOPTIONS): %s", strerror(errno));
	struct syscall_info info;
	if (ptrace(GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
		probe_unsupported("this kernel has no PTRACE_GET_SYSCALL_INFO (5.3)");
	ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	for (;;) {
		pid_t tid = waitpid(-1, &status, __WALL);
		if (tid < 0)
			probe_broken("waitpid(traced child)");
		if (tid == pid && WIFSIGNALED(status))
			probe_odd("the traced child was ended by signal %d", WTERMSIG(status));
		if (tid == pid && WIFEXITED(status) && WEXITSTATUS(status) != EXIT_SUCCESS)
			probe_odd("the traced child failed");
		if (tid == pid && WIFEXITED(status))
			return;
		if (!WIFSTOPPED(status))
			continue;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			recording = on_syscall_stop(trace, tid, recording);
		ptrace(PTRACE_SYSCALL, tid, NULL, (long)signal_of(status));
	}
}
