/*
 * pattern.h - the bytes that are sent, and by which every echoed byte is checked.
 *
 * Byte `offset` of a connection's stream is table[(phase + offset) mod PATTERN_PERIOD]. The table's words are
 * an arithmetic progression from the seed, all of them different. Its period is a prime number of cache
 * lines, so a message that is lost, doubled or out of order shows, whatever the message size; and every
 * connection has another phase, so bytes that cross over to another connection show as well. The table runs
 * on for one chunk past its period: any chunk can be sent from it in one piece and without copying, and from
 * the start of a cache line where messages are whole lines.
 *
 * What came back is compared with the table, or with the progression where the CPU can do that: then only
 * one side has to be read from memory.
 */
#ifndef IOMB_PATTERN_H
#define IOMB_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PATTERN_LINE_BYTES 64u
#define PATTERN_LINES 1021u /* the largest prime below 1 Ki */
#define PATTERN_PERIOD (PATTERN_LINES * PATTERN_LINE_BYTES)
#define PATTERN_CHUNK_BYTES 65536u
#define PATTERN_TABLE_BYTES (PATTERN_PERIOD + PATTERN_CHUNK_BYTES)
/* Less is compared with the table. */
#define PATTERN_WIDE_BYTES 1024u

struct pattern {
	_Alignas(PATTERN_LINE_BYTES) uint8_t table[PATTERN_TABLE_BYTES];
	uint64_t first, step; /* word i of the table is first + i * step */
	bool wide;	      /* this CPU can compare with the progression */
};

void pattern_fill(struct pattern *p, uint64_t seed);
/* The phase of the n-th connection: distinct for PATTERN_PERIOD connections in a row, at first whole lines.
 */
uint32_t pattern_phase(uint64_t nth);
/* As pattern_equals, for a CPU that is wide. */
bool pattern_equals_wide(const struct pattern *p, uint32_t at, const uint8_t *bytes, size_t count);

/* Up to PATTERN_CHUNK_BYTES of the stream from offset on. */
static inline const uint8_t *pattern_at(const struct pattern *p, uint32_t phase, uint64_t offset)
{
	return p->table + (phase + offset) % PATTERN_PERIOD;
}

static inline bool pattern_equals_line(const uint8_t *expected, const uint8_t *bytes)
{
	uint64_t a[PATTERN_LINE_BYTES / 8], b[PATTERN_LINE_BYTES / 8], differ = 0;

	memcpy(a, expected, sizeof(a));
	memcpy(b, bytes, sizeof(b));
	for (size_t i = 0; i < PATTERN_LINE_BYTES / 8; i++)
		differ |= a[i] ^ b[i];
	return differ == 0;
}

/* Whether these are the bytes of the stream from offset on; at most a chunk of them. */
static inline bool pattern_equals(const struct pattern *p, uint32_t phase, uint64_t offset,
				  const uint8_t *bytes, size_t count)
{
	const uint8_t *expected = pattern_at(p, phase, offset);

	/* The commonest message is not worth a call. */
	if (count == PATTERN_LINE_BYTES)
		return pattern_equals_line(expected, bytes);
	if (p->wide && count >= PATTERN_WIDE_BYTES)
		return pattern_equals_wide(p, (uint32_t)(expected - p->table), bytes, count);
	return memcmp(bytes, expected, count) == 0;
}

#endif
