/*
 * test_inherited.c - server/inherited.c with close_range, and where a seccomp filter says that there is none,
 * as kernels before 5.9 do. Each in a child, for it closes all that a process has.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../server/inherited.h"
#include "../wire/uapi.h"
#include "check.h"

#define INHERITED 200

static bool hide_close_range(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/* Descriptors above stderr that are open. */
static int count_inherited(void)
{
	int open_fds = 0;
	for (int fd = STDERR_FILENO + 1; fd < 4 * INHERITED; fd++)
		open_fds += fcntl(fd, F_GETFD) >= 0;
	return open_fds;
}

/* Exit 0: all are closed, 1: some are not, 77: no filter can be set. */
static int child(bool hidden)
{
	for (int i = 0; i < INHERITED; i++)
		if (open("/dev/null", O_RDONLY) < 0)
			return EXIT_FAILURE;
	if (count_inherited() < INHERITED || (hidden && !hide_close_range()))
		return EXIT_SKIPPED;
	if (hidden && (syscall(SYS_close_range, ~0u, ~0u, 0) == 0 || errno != ENOSYS))
		return EXIT_FAILURE;
	close_inherited();
	return count_inherited() == 0 && fcntl(STDERR_FILENO, F_GETFD) >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void check_child(bool hidden, const char *name)
{
	int status;
	pid_t pid = fork();

	need(pid >= 0, "fork: no child");
	if (pid == 0)
		_exit(child(hidden));
	need(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "%s: the child broke", name);
	if (WEXITSTATUS(status) == EXIT_SKIPPED)
		printf("skipped - %s: cannot be set up here\n", name);
	else
		check(WEXITSTATUS(status) == EXIT_SUCCESS, "%s: all but the first three are closed", name);
}

int main(void)
{
	check_child(false, "by the kernel as it is");
	check_child(true, "where close_range is missing");
	return checks_exit();
}
