/*
 * count_blocks - a TCG plugin of QEMU: how often every block of guest code runs between two marks.
 *
 * A mark is a nop that nobody else writes: `nopl disp32(%rax)`, with MARK_START or MARK_END as the
 * displacement. From a start to the next end is a window. The windows of a boot are numbered from 1 by their
 * starts; one whose end never comes is left out, and so is an end without a start.
 *
 * A block is what QEMU translates in one piece: instructions that run one after the other. It is told by
 * address and length, so one that is translated again goes on counting. Counted is where it is entered and
 * where its last instruction is reached: what is between left it early, by a fault or for a device, and
 * executed only some of its instructions.
 *
 * out=FILE gets lines, the blocks of a window as soon as it ends:
 *   count_blocks 1
 *   window 1
 *   ffffffff81a0b2c0 7 23 120000 2 ffffffff81a0d010
 *   end 1 1 840000
 * A block: address, instructions, bytes, entered, left early, where the direct call or jump at its end goes
 * (0: there is none). The end: the window, its blocks, entered * instructions of all.
 *
 * Counting is done in the translated code (inline operations on a scoreboard), one vCPU only.
 * By hand: qemu-system-x86_64 -smp 1 -plugin ./count_blocks.so,out=blocks.txt ...
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin_api.h"

#define MARK_START 0x494d4f31u
#define MARK_END 0x494d4f32u
#define MARK_BYTES 7

#define CALL_REL32 0xe8
#define JUMP_REL32 0xe9
#define CALL_BYTES 5

#define CHUNK_BLOCKS 8192u /* counters that one scoreboard holds: it has memory for many vCPUs */
#define CHUNKS_MAX 512u
#define SLOTS_START (1u << 16)
#define REASON_BYTES 256

enum counter { ENTERED = 0, REACHED_END = 1, COUNTERS = 2 };

/* What identifies a block, and its counters at the last start mark. */
struct block {
	uint64_t address;
	uint32_t instructions;
	uint32_t bytes;
	uint64_t callee; /* where its last instruction goes; 0: not told */
	uint64_t at_start[COUNTERS];
};

static struct {
	FILE *output;
	struct block *blocks;
	uint32_t used, room;
	uint32_t *slots; /* open addressing; index of a block + 1, 0 is free */
	uint32_t slots_size;
	struct qemu_plugin_scoreboard *chunks[CHUNKS_MAX];
	uint32_t windows;
	bool counting;
} state;

PLUGIN_EXPORT int qemu_plugin_version = PLUGIN_API_VERSION;

/* Counts that are wrong in silence are worse than a guest that ends. */
static void give_up(const char *what)
{
	(void)fprintf(stderr, "count_blocks: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct qemu_plugin_u64 counter_of(uint32_t index, enum counter which)
{
	struct qemu_plugin_u64 entry = {
		.score = state.chunks[index / CHUNK_BLOCKS],
		.offset = ((size_t)(index % CHUNK_BLOCKS) * COUNTERS + which) * sizeof(uint64_t),
	};
	return entry;
}

static uint32_t slot_of(uint64_t address, uint32_t instructions)
{
	uint64_t hash = (address ^ ((uint64_t)instructions << 48)) * 0x9e3779b97f4a7c15ull;

	return (uint32_t)(hash >> 32) & (state.slots_size - 1);
}

static void place(uint32_t index)
{
	uint32_t slot = slot_of(state.blocks[index].address, state.blocks[index].instructions);

	while (state.slots[slot])
		slot = (slot + 1) & (state.slots_size - 1);
	state.slots[slot] = index + 1;
}

static void grow_slots(void)
{
	free(state.slots);
	state.slots_size = state.slots_size ? 2 * state.slots_size : SLOTS_START;
	state.slots = calloc(state.slots_size, sizeof(*state.slots));
	if (!state.slots)
		give_up("no memory for the table of blocks");
	for (uint32_t index = 0; index < state.used; index++)
		place(index);
}

static uint32_t add_block(const struct block *block)
{
	uint32_t index = state.used, chunk = index / CHUNK_BLOCKS;

	if (index == state.room) {
		state.room += CHUNK_BLOCKS;
		state.blocks = realloc(state.blocks, state.room * sizeof(*state.blocks));
		if (!state.blocks)
			give_up("no memory for blocks");
	}
	if (chunk == CHUNKS_MAX) {
		errno = E2BIG;
		give_up("more blocks than there is room for");
	}
	if (!state.chunks[chunk])
		state.chunks[chunk] = qemu_plugin_scoreboard_new(CHUNK_BLOCKS * COUNTERS * sizeof(uint64_t));
	state.blocks[index] = *block;
	state.used++;
	if (state.used > state.slots_size / 2)
		grow_slots();
	else
		place(index);
	return index;
}

static uint32_t find_block(const struct block *block)
{
	for (uint32_t slot = slot_of(block->address, block->instructions); state.slots[slot];
	     slot = (slot + 1) & (state.slots_size - 1)) {
		uint32_t index = state.slots[slot] - 1;

		if (state.blocks[index].address == block->address &&
		    state.blocks[index].instructions == block->instructions) {
			state.blocks[index].callee = block->callee; /* kernels patch their calls */
			return index;
		}
	}
	return add_block(block);
}

static void on_start(unsigned int vcpu, void *userdata)
{
	(void)vcpu;
	(void)userdata;
	state.windows++;
	state.counting = true;
	for (uint32_t index = 0; index < state.used; index++)
		for (enum counter which = 0; which < COUNTERS; which++)
			state.blocks[index].at_start[which] = qemu_plugin_u64_sum(counter_of(index, which));
}

static uint64_t grown(uint32_t index, enum counter which)
{
	return qemu_plugin_u64_sum(counter_of(index, which)) - state.blocks[index].at_start[which];
}

static void on_end(unsigned int vcpu, void *userdata)
{
	uint32_t lines = 0;
	uint64_t instructions = 0;

	(void)vcpu;
	(void)userdata;
	if (!state.counting)
		return;
	state.counting = false;
	(void)fprintf(state.output, "window %" PRIu32 "\n", state.windows);
	for (uint32_t index = 0; index < state.used; index++) {
		const struct block *block = &state.blocks[index];
		uint64_t entered = grown(index, ENTERED), reached = grown(index, REACHED_END);

		if (entered == 0 && reached == 0)
			continue;
		/* The block that the window starts in is reached and was not entered; that is no early
		 * leaving. */
		(void)fprintf(state.output,
			      "%" PRIx64 " %" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIx64 "\n",
			      block->address, block->instructions, block->bytes, entered,
			      entered > reached ? entered - reached : 0, block->callee);
		lines++;
		instructions += entered * block->instructions;
	}
	(void)fprintf(state.output, "end %" PRIu32 " %" PRIu32 " %" PRIu64 "\n", state.windows, lines,
		      instructions);
	if (fflush(state.output) != 0)
		give_up("write(output)");
}

/* MARK_START, MARK_END, or 0. */
static uint32_t mark_of(const struct qemu_plugin_insn *insn)
{
	uint8_t code[MARK_BYTES];
	uint32_t displacement;

	if (qemu_plugin_insn_size(insn) != MARK_BYTES ||
	    qemu_plugin_insn_data(insn, code, sizeof(code)) != MARK_BYTES || code[0] != 0x0f ||
	    code[1] != 0x1f || code[2] != 0x80)
		return 0;
	memcpy(&displacement, code + 3, sizeof(displacement));
	return displacement == MARK_START || displacement == MARK_END ? displacement : 0;
}

/* Where a direct call or jump goes; 0: it is none. */
static uint64_t callee_of(const struct qemu_plugin_insn *insn)
{
	uint8_t code[CALL_BYTES];
	int32_t distance;

	if (qemu_plugin_insn_size(insn) != CALL_BYTES ||
	    qemu_plugin_insn_data(insn, code, sizeof(code)) != CALL_BYTES ||
	    (code[0] != CALL_REL32 && code[0] != JUMP_REL32))
		return 0;
	memcpy(&distance, code + 1, sizeof(distance));
	return qemu_plugin_insn_vaddr(insn) + CALL_BYTES + (uint64_t)(int64_t)distance;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t instructions = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(tb, instructions - 1);
	uint64_t address = qemu_plugin_tb_vaddr(tb);

	(void)id;
	for (size_t i = 0; i < instructions; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint32_t mark = mark_of(insn);

		if (mark)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, mark == MARK_START ? on_start : on_end,
							       QEMU_PLUGIN_CB_NO_REGS, NULL);
	}
	struct block block = {
		.address = address,
		.instructions = (uint32_t)instructions,
		.bytes = (uint32_t)(qemu_plugin_insn_vaddr(last) + qemu_plugin_insn_size(last) - address),
		.callee = callee_of(last),
	};
	uint32_t index = find_block(&block);

	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64,
							  counter_of(index, ENTERED), 1);
	qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(last, QEMU_PLUGIN_INLINE_ADD_U64,
							    counter_of(index, REACHED_END), 1);
}

static void on_shutdown(qemu_plugin_id_t id, void *userdata)
{
	(void)id;
	(void)userdata;
	if (fclose(state.output) != 0)
		give_up("close(output)");
}

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_plugin_info *info, int argc,
				      char **argv);

static int refuse(const char *reason)
{
	(void)fprintf(stderr, "count_blocks: %s\n", reason);
	return 1;
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_plugin_info *info, int argc, char **argv)
{
	static const char option[] = "out=";
	char reason[REASON_BYTES];

	if (!info->system_emulation || strcmp(info->target_name, "x86_64") != 0)
		return refuse("it counts in guests of x86_64 only");
	if (info->system.smp_vcpus != 1)
		return refuse("it counts on one vCPU only (-smp 1)");
	if (argc != 1 || strncmp(argv[0], option, sizeof(option) - 1) != 0)
		return refuse("its only option is out=FILE");
	const char *path = argv[0] + sizeof(option) - 1;
	state.output = fopen(path, "we");
	if (!state.output || fputs("count_blocks 1\n", state.output) < 0 || fflush(state.output) != 0) {
		(void)snprintf(reason, sizeof(reason), "open(%s): %s", path, strerror(errno));
		return refuse(reason);
	}
	grow_slots();
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_atexit_cb(id, on_shutdown, NULL);
	return 0;
}
