/* sockets.h - sockets, pipes and epoll sets for probes. All of them end the probe where a call fails. */
#ifndef IOMB_PROBES_SOCKETS_H
#define IOMB_PROBES_SOCKETS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A TCP listener on a port of loopback that the kernel chose. flags: SOCK_NONBLOCK or 0. */
int tcp_listen(int flags, int backlog, struct sockaddr_in *address);
/* The same with SO_REUSEPORT, on the port of the address where that is not 0. */
int tcp_listen_shared(int flags, int backlog, struct sockaddr_in *address);
/* A blocking connection, established. */
int tcp_connect(const struct sockaddr_in *address);
/* Connected TCP sockets, blocking and without delay. */
void tcp_pair(int fds[2]);
void unix_pair(int fds[2]);
/* fds[0] is written, as of the others: pipe(2) turned around. */
void pipe_pair(int fds[2]);
void set_nonblocking(int fd);

/* Writes so many bytes. */
void put(int fd, size_t bytes);
/* Reads up to so many and returns how many came: -1 nothing was there (EAGAIN). */
ssize_t take(int fd, size_t bytes);
/* Waits until so many bytes can be read; what a socket is sent may arrive later than the call returns. */
void settle(int fd, int bytes);
/* Waits until so many connections wait for accept; false: they did not come. */
bool settle_accepts(int listener, uint32_t count);

int epoll_open(void);
void epoll_watch(int ep, int fd, uint32_t events);
/* errno of an epoll_ctl, 0. */
int epoll_change(int ep, int op, int fd, uint32_t events);
/* How many events come, at most this many ms later. */
int epoll_events(int ep, int timeout_ms);
/* The events of the one that comes; 0 none. */
uint32_t epoll_event(int ep, int timeout_ms);

#endif
