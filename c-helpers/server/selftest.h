/*
 * selftest.h - whether the model can serve here, found out by serving: a child of the probe runs the model
 * as a server would, and has to echo one byte over one connection. So every call that a server makes is
 * tried, and what refuses one (a seccomp filter, a limit, an old kernel) shows with the call's name.
 */
#ifndef IOMB_SELFTEST_H
#define IOMB_SELFTEST_H

#include "model.h"

/* EXIT_SERVED, or EXIT_UNSUPPORTED with a reason. Dies where the probe itself cannot be made. */
enum exit_code selftest(struct loop *loop, const struct server *server, struct probe *probe);

#endif
