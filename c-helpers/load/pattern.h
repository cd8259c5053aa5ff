/*
 * pattern.h - the bytes that are sent, and by which every echoed byte is checked.
 *
 * Byte `offset` of a connection's stream is table[(phase + offset) mod PATTERN_PERIOD]. The table
 * is pseudo-random from the seed. Its period is a prime, so a message that is lost, doubled or out
 * of order shows, whatever the message size; and every connection has another phase, so bytes that
 * cross over to another connection show as well. The table runs on for one chunk past its period:
 * any chunk can be sent from it, or compared with it, in one piece and without copying.
 */
#ifndef IOMB_PATTERN_H
#define IOMB_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#define PATTERN_PERIOD 65521u /* the largest prime below 64 Ki */
#define PATTERN_CHUNK_BYTES 65536u
#define PATTERN_TABLE_BYTES (PATTERN_PERIOD + PATTERN_CHUNK_BYTES)

struct pattern {
	uint8_t table[PATTERN_TABLE_BYTES];
};

void pattern_fill(struct pattern *p, uint64_t seed);
/* The phase of the n-th connection: distinct for PATTERN_PERIOD connections in a row. */
uint32_t pattern_phase(uint64_t nth);

/* PATTERN_CHUNK_BYTES of the stream from offset on. */
static inline const uint8_t *pattern_at(const struct pattern *p, uint32_t phase, uint64_t offset)
{
	return p->table + (phase + offset) % PATTERN_PERIOD;
}

#endif
