/*
 * block.h - what stands in the file: 4 KiB blocks, each of which tells where it belongs, which writing it
 * comes from, and whether it is whole.
 *
 *   header  magic, offset, generation, sum of the payload mixed with both
 *   payload words that follow from the seed and the offset it was first made for
 *   tail    offset and generation, mixed
 *
 * A write stamps header and tail on a payload that lies in its buffer already, so that it costs what a
 * write costs. Header and tail of what is read tell a block that is missing, old, moved or torn; the sum
 * tells a wrong byte anywhere.
 */
#ifndef IOMB_BLOCK_H
#define IOMB_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "../wire/conduct.h"

#define BLOCK_BYTES CONDUCT_BLOCK_BYTES
#define BLOCK_GENERATION_LAYOUT 1u

/* A whole block of generation 1. block: BLOCK_BYTES, aligned for uint64_t. */
void block_fill(void *block, uint64_t offset, uint64_t seed);
/* The sum of a block's payload, for block_stamp. */
uint64_t block_payload_sum(const void *block);
/* Makes it the block of another offset and generation, with the payload that it has. */
void block_stamp(void *block, uint64_t offset, uint64_t generation, uint64_t payload_sum);
/* Whether the header is that of offset. */
bool block_has_header(const void *block, uint64_t offset);
/* Whether the tail is that of offset and of the header's generation. */
bool block_has_tail(const void *block, uint64_t offset);
/* All of it. */
bool block_is_whole(const void *block, uint64_t offset);
uint64_t block_generation(const void *block);

#endif
