#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../wire/uapi.h"
#include "session.h"
#include "sockets.h"

#define ANSWER_BYTES 32768
#define PATH_BYTES 64
#define LINK_BYTES 64
#define LISTENERS_MAX 256

/* Attributes and messages are padded to so many bytes. */
#define NETLINK_ALIGN 4u

struct question {
	struct nlmsghdr header;
	struct inet_diag_req_v2 request;
};

/* Called for every socket. @param congestion empty: not told. */
typedef void (*socket_visit)(const struct inet_diag_msg *socket, const char *congestion, void *context);

static size_t padded(size_t bytes)
{
	return (bytes + NETLINK_ALIGN - 1) / NETLINK_ALIGN * NETLINK_ALIGN;
}

static void read_congestion(const char *at, size_t bytes, char *name)
{
	name[0] = '\0';
	while (bytes >= sizeof(struct rtattr)) {
		struct rtattr attr;

		memcpy(&attr, at, sizeof(attr));
		if (attr.rta_len < sizeof(attr) || attr.rta_len > bytes)
			return;
		if (attr.rta_type == INET_DIAG_CONG)
			(void)snprintf(name, CONGESTION_NAME_BYTES, "%.*s",
				       (int)(attr.rta_len - sizeof(attr)), at + sizeof(attr));
		size_t step = padded(attr.rta_len);
		if (step >= bytes)
			return;
		at += step;
		bytes -= step;
	}
}

static void visit_one(const char *at, size_t bytes, socket_visit visit, void *context)
{
	struct inet_diag_msg socket;
	char congestion[CONGESTION_NAME_BYTES];

	if (bytes < sizeof(socket))
		return;
	memcpy(&socket, at, sizeof(socket));
	read_congestion(at + sizeof(socket), bytes - sizeof(socket), congestion);
	visit(&socket, congestion, context);
}

/* The messages of one answer. Returns 1 at the last one, 0 while more are to come, or a negative errno. */
static int read_answer(const char *at, size_t bytes, socket_visit visit, void *context)
{
	while (bytes >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr header;

		memcpy(&header, at, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > bytes)
			return -EBADMSG;
		if (header.nlmsg_type == NLMSG_DONE)
			return 1;
		if (header.nlmsg_type == NLMSG_ERROR) {
			int32_t error = -EBADMSG;

			if (header.nlmsg_len >= sizeof(header) + sizeof(error))
				memcpy(&error, at + sizeof(header), sizeof(error));
			return error < 0 ? error : -EBADMSG;
		}
		visit_one(at + sizeof(header), header.nlmsg_len - sizeof(header), visit, context);
		size_t step = padded(header.nlmsg_len);
		if (step >= bytes)
			return 0;
		at += step;
		bytes -= step;
	}
	return 0;
}

/* TCP sockets of a family in one of these states; of this own port, unless it is 0. Returns 0, or an errno.
 */
static int each_of_family(uint8_t family, uint32_t states, uint16_t port, socket_visit visit, void *context)
{
	struct question question = {.header = {.nlmsg_len = sizeof(question),
					       .nlmsg_type = SOCK_DIAG_BY_FAMILY,
					       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
				    .request = {.sdiag_family = family,
						.sdiag_protocol = IPPROTO_TCP,
						.idiag_ext = 1u << (INET_DIAG_CONG - 1),
						.idiag_states = states,
						.id = {.idiag_sport = htons(port)}}};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	char *answer = malloc(ANSWER_BYTES);
	int end = 0;

	if (fd < 0 || !answer || send(fd, &question, sizeof(question), 0) < 0)
		end = -errno;
	while (end == 0) {
		ssize_t n = recv(fd, answer, ANSWER_BYTES, 0);

		if (n < 0 && errno == EINTR)
			continue;
		end = n < 0 ? -errno : read_answer(answer, (size_t)n, visit, context);
	}
	free(answer);
	if (fd >= 0)
		(void)close(fd);
	return end > 0 ? 0 : -end;
}

/* Servers that listen on :: have IPv6 sockets, also for us. */
static int each_socket(uint32_t states, uint16_t port, socket_visit visit, void *context)
{
	int error = each_of_family(AF_INET, states, port, visit, context);

	if (error != 0)
		return error;
	error = each_of_family(AF_INET6, states, port, visit, context);
	return error == ENOENT ? 0 : error; /* a kernel without IPv6 */
}

struct reading {
	struct server_sockets *out;
	bool known; /* of a connection: a listener says no more */
};

static void note_congestion(struct reading *r, const char *congestion, bool connection)
{
	char *name = r->out->congestion;

	if (!congestion[0] || (!connection && r->known))
		return;
	if (connection && !r->known)
		name[0] = '\0';
	r->known = r->known || connection;
	if (name[0] && strcmp(name, congestion) != 0)
		congestion = "several";
	(void)snprintf(name, CONGESTION_NAME_BYTES, "%s", congestion);
}

static void note_socket(const struct inet_diag_msg *socket, const char *congestion, void *context)
{
	struct reading *r = context;

	if (socket->idiag_state == TCP_LISTEN) {
		r->out->waiting += socket->idiag_rqueue;
		note_congestion(r, congestion, false);
	} else {
		r->out->accepted += socket->idiag_inode != 0;
		note_congestion(r, congestion, true);
	}
}

int sockets_read(uint16_t port, struct server_sockets *out)
{
	struct reading r = {.out = out};
	uint32_t states = 1u << TCP_ESTABLISHED | 1u << TCP_LISTEN;

	memset(out, 0, sizeof(*out));
	return each_socket(states, port, note_socket, &r);
}

static void note_waiting(const struct inet_diag_msg *socket, const char *congestion, void *context)
{
	(void)congestion;
	*(bool *)context = *(bool *)context || socket->idiag_rqueue > 0;
}

bool sockets_waiting(uint16_t port)
{
	bool waiting = false;

	return each_socket(1u << TCP_LISTEN, port, note_waiting, &waiting) == 0 && waiting;
}

struct listener {
	uint32_t inode;
	uint16_t port;
};

struct listeners {
	struct listener one[LISTENERS_MAX];
	uint32_t count;
};

static void note_listener(const struct inet_diag_msg *socket, const char *congestion, void *context)
{
	struct listeners *all = context;

	(void)congestion;
	if (all->count < LISTENERS_MAX)
		all->one[all->count++] = (struct listener){.inode = socket->idiag_inode,
							   .port = ntohs(socket->id.idiag_sport)};
}

/* The inode of the socket behind /proc/<pid>/fd/<fd>; 0: it is none. */
static uint32_t socket_inode(int32_t pid, int fd)
{
	char path[PATH_BYTES], link[LINK_BYTES];

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	ssize_t n = readlink(path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	if (strncmp(link, "socket:[", 8) != 0)
		return 0;
	return (uint32_t)strtoul(link + 8, NULL, 10);
}

/* Returns 0, or an errno. */
static int pin_congestion(int32_t pid, int fd)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0);

	if (process < 0)
		return errno;
	int copy = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
	int error = copy < 0 ? errno : 0;
	(void)close(process);
	if (copy < 0)
		return error;
	if (setsockopt(copy, IPPROTO_TCP, TCP_CONGESTION, CONGESTION_PINNED, strlen(CONGESTION_PINNED)) < 0)
		error = errno;
	(void)close(copy);
	return error;
}

static void note_port(struct loadgen_listener *out, uint16_t port)
{
	for (uint32_t i = 0; i < out->ports; i++)
		if (out->port[i] == port)
			return;
	if (out->ports < LOADGEN_PORTS_MAX)
		out->port[out->ports++] = port;
}

static void look_into(int32_t pid, const struct listeners *all, uint16_t port, struct loadgen_listener *out)
{
	char path[PATH_BYTES];

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	DIR *dir = opendir(path);
	if (!dir)
		return;
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		int fd = (int)strtol(entry->d_name, NULL, 10);
		uint32_t inode = entry->d_name[0] == '.' ? 0 : socket_inode(pid, fd);

		for (uint32_t i = 0; inode != 0 && i < all->count; i++) {
			if (all->one[i].inode != inode)
				continue;
			note_port(out, all->one[i].port);
			if (all->one[i].port != port)
				continue;
			int error = pin_congestion(pid, fd);
			if (out->owner == 0 || error != 0)
				out->congestion_error = error;
			out->owner = pid;
		}
	}
	(void)closedir(dir);
}

void sockets_adopt(int32_t session, uint16_t port, struct loadgen_listener *out)
{
	struct session processes = {.leader = session};
	struct listeners *all = calloc(1, sizeof(*all));

	memset(out, 0, sizeof(*out));
	out->abi_version = LOADGEN_ABI_VERSION;
	out->error = all ? each_socket(1u << TCP_LISTEN, 0, note_listener, all) : ENOMEM;
	if (out->error == 0 && session_find(&processes)) {
		for (uint32_t i = 0; i < all->count; i++)
			out->listeners += all->one[i].port == port;
		for (uint32_t i = 0; i < processes.count; i++)
			look_into(processes.pid[i], all, port, out);
	}
	session_free(&processes);
	free(all);
}
