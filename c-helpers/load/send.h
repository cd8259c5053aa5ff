/* send.h - requests enter the books, and their bytes the kernel. */
#ifndef IOMB_SEND_H
#define IOMB_SEND_H

#include <stdbool.h>
#include <stdint.h>

#include "load.h"

/* Enters a request into the books; its bytes are owed to the kernel from now on. */
void send_issue(struct load *lg, struct conn *c, uint64_t due_ns, uint64_t sent_ns);
/* Hands the kernel what is owed, as far as it takes it. False when the connection broke. */
bool send_flush(struct load *lg, struct conn *c);

#endif
