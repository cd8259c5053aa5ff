/* preflight.h - whether a server echoes at all, before any load. Its twin is src/server/preflight.ts. */
#ifndef IOMB_AGENT_PREFLIGHT_H
#define IOMB_AGENT_PREFLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Sends a few messages over one connection to 127.0.0.1 and compares every byte of the echo; then ends its
 * side and expects the server to end its own. False with what was wrong.
 */
bool preflight(uint16_t port, char *why, size_t why_bytes);

#endif
