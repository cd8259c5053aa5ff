/* block.c - see block.h. */
#include "block.h"

#include <stddef.h>

#define BLOCK_MAGIC 0x4b4c42424d4f49ull /* "IOMBBLK" */
#define GOLDEN 0x9e3779b97f4a7c15ull
#define TAIL_BYTES 16u

struct header {
	uint64_t magic, offset, generation, sum;
};

struct tail {
	uint64_t place; /* offset and generation, mixed */
	uint64_t magic;
};

#define PAYLOAD_BYTES (BLOCK_BYTES - sizeof(struct header) - sizeof(struct tail))
_Static_assert(sizeof(struct tail) == TAIL_BYTES && PAYLOAD_BYTES % 16 == 0, "a payload of whole pairs");

struct block {
	struct header header;
	uint64_t payload[PAYLOAD_BYTES / sizeof(uint64_t)];
	struct tail tail;
};
_Static_assert(sizeof(struct block) == BLOCK_BYTES, "no padding");

#define WORDS (sizeof(((struct block *)0)->payload) / sizeof(uint64_t))

static uint64_t mix(uint64_t offset, uint64_t generation)
{
	uint64_t z = offset + generation * GOLDEN;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	return z ^ (z >> 27);
}

/*
 * Sums and sums of sums, as Fletcher's, in words of 64 bits and two lanes, which compilers turn into
 * vectors: it tells words that are wrong, missing or out of order. They are mixed one after the other: added
 * up, a wrong topmost bit would cancel itself in half of the words.
 */
uint64_t block_payload_sum(const void *block)
{
	const uint64_t *words = ((const struct block *)block)->payload;
	uint64_t a[2] = {0}, b[2] = {0};

	for (size_t i = 0; i < WORDS; i += 2)
		for (size_t lane = 0; lane < 2; lane++) {
			a[lane] += words[i + lane];
			b[lane] += a[lane];
		}
	return mix(mix(mix(a[0], a[1]), b[0]), b[1]);
}

void block_stamp(void *block, uint64_t offset, uint64_t generation, uint64_t payload_sum)
{
	struct block *b = block;
	uint64_t place = mix(offset, generation);

	b->header = (struct header){
		.magic = BLOCK_MAGIC, .offset = offset, .generation = generation, .sum = payload_sum ^ place};
	b->tail = (struct tail){.place = place, .magic = BLOCK_MAGIC};
}

void block_fill(void *block, uint64_t offset, uint64_t seed)
{
	struct block *b = block;
	uint64_t word = mix(offset, seed);

	for (size_t i = 0; i < WORDS; i++) {
		word += GOLDEN;
		b->payload[i] = word ^ word >> 29;
	}
	block_stamp(block, offset, BLOCK_GENERATION_LAYOUT, block_payload_sum(block));
}

uint64_t block_generation(const void *block)
{
	return ((const struct block *)block)->header.generation;
}

bool block_has_header(const void *block, uint64_t offset)
{
	const struct header *header = &((const struct block *)block)->header;

	return header->magic == BLOCK_MAGIC && header->offset == offset;
}

bool block_has_tail(const void *block, uint64_t offset)
{
	const struct tail *tail = &((const struct block *)block)->tail;

	return tail->magic == BLOCK_MAGIC && tail->place == mix(offset, block_generation(block));
}

bool block_is_whole(const void *block, uint64_t offset)
{
	const struct block *b = block;

	return block_has_header(block, offset) && block_has_tail(block, offset) &&
	       b->header.sum == (block_payload_sum(block) ^ mix(offset, b->header.generation));
}
