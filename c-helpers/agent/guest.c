#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"

#define WIRE "/dev/ttyS1"
#define TTY_MAJOR 4
#define TTYS_MINOR 64
#define MEM_MAJOR 1
/* Both ends of 100,000 connections, and as many again. */
#define FDS_MAX 1048576
#define PROBLEM_BYTES 256

static guest_problem tell;

static void problem(const char *what)
{
	char text[PROBLEM_BYTES];

	(void)snprintf(text, sizeof(text), "%s: %s", what, strerror(errno));
	tell(text);
}

static bool mount_at(const char *type, const char *folder)
{
	(void)mkdir(folder, 0755);
	return mount(type, folder, type, MS_NOSUID, NULL) == 0;
}

static void make_device(const char *path, unsigned int major_number, unsigned int minor_number)
{
	if (mknod(path, S_IFCHR | 0666, makedev(major_number, minor_number)) < 0)
		problem(path);
}

/* Where the kernel does not fill /dev itself. */
static void make_devices(void)
{
	make_device("/dev/null", MEM_MAJOR, 3);
	make_device("/dev/zero", MEM_MAJOR, 5);
	make_device("/dev/random", MEM_MAJOR, 8);
	make_device("/dev/urandom", MEM_MAJOR, 9);
	make_device("/dev/console", 5, 1);
	make_device(WIRE, TTY_MAJOR, TTYS_MINOR + 1);
}

static void mount_all(void)
{
	if (!mount_at("proc", "/proc"))
		problem("mount(proc)");
	if (!mount_at("sysfs", "/sys"))
		problem("mount(sysfs)");
	if (mount_at("devtmpfs", "/dev"))
		return;
	if (!mount_at("tmpfs", "/dev"))
		problem("mount(/dev)");
	make_devices();
}

static void raise_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0) {
		problem("ioctl(SIOCGIFFLAGS, lo)");
	} else {
		request.ifr_flags |= IFF_UP;
		if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
			problem("ioctl(SIOCSIFFLAGS, lo)");
	}
	if (fd >= 0)
		(void)close(fd);
}

static void set_sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		problem(path);
	if (fd >= 0)
		(void)close(fd);
}

/* What stands in the way of 100,000 connections, or of as many threads. */
static void raise_limits(void)
{
	static const struct {
		const char *path, *value;
	} sysctls[] = {{"/proc/sys/fs/nr_open", "1048576"},
		       {"/proc/sys/fs/file-max", "4194304"},
		       {"/proc/sys/fs/aio-max-nr", "1048576"},
		       {"/proc/sys/kernel/pid_max", "4194304"},
		       {"/proc/sys/kernel/threads-max", "262144"},
		       {"/proc/sys/vm/max_map_count", "1048576"},
		       {"/proc/sys/net/core/somaxconn", "65535"},
		       {"/proc/sys/net/ipv4/tcp_max_syn_backlog", "65535"},
		       {"/proc/sys/net/ipv4/ip_local_port_range", "1024 65535"}};
	const struct rlimit fds = {.rlim_cur = FDS_MAX, .rlim_max = FDS_MAX};
	const struct rlimit most = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};

	for (size_t i = 0; i < sizeof(sysctls) / sizeof(sysctls[0]); i++)
		set_sysctl(sysctls[i].path, sysctls[i].value);
	if (setrlimit(RLIMIT_NOFILE, &fds) < 0)
		problem("could not raise RLIMIT_NOFILE");
	if (setrlimit(RLIMIT_NPROC, &most) < 0)
		problem("could not raise RLIMIT_NPROC");
	if (setrlimit(RLIMIT_MEMLOCK, &most) < 0)
		problem("could not raise RLIMIT_MEMLOCK");
	if (setrlimit(RLIMIT_SIGPENDING, &most) < 0)
		problem("could not raise RLIMIT_SIGPENDING");
}

/* No echo, no signals, no translation of anything. */
static int open_wire(void)
{
	struct termios raw;
	int fd = open(WIRE, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || tcgetattr(fd, &raw) < 0)
		return -1;
	cfmakeraw(&raw);
	raw.c_cflag |= CLOCAL | CREAD;
	(void)cfsetspeed(&raw, B115200);
	return tcsetattr(fd, TCSANOW, &raw) < 0 ? -1 : fd;
}

bool guest_is_init(const char *program)
{
	return getpid() == 1 && strcmp(program, "/init") == 0;
}

int guest_open(guest_problem to)
{
	tell = to;
	mount_all();
	raise_limits();
	raise_loopback();
	return open_wire();
}

void guest_reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

_Noreturn void guest_close(int wire_fd)
{
	if (wire_fd >= 0)
		(void)tcdrain(wire_fd);
	sync();
	(void)reboot(RB_AUTOBOOT);
	for (;;)
		(void)pause();
}
