/*
 * mark.h - instructions that do nothing and say where the measured window begins and ends, for whoever counts
 * what a machine executes from outside of it: a nop with a displacement that no compiler writes. Only on
 * x86-64.
 */
#ifndef IOMB_MARK_H
#define IOMB_MARK_H

static inline void mark_window_start(void)
{
#if defined(__x86_64__)
	__asm__ volatile(".byte 0x0f, 0x1f, 0x80; .long 0x494d4f31" ::: "memory");
#endif
}

static inline void mark_window_end(void)
{
#if defined(__x86_64__)
	__asm__ volatile(".byte 0x0f, 0x1f, 0x80; .long 0x494d4f32" ::: "memory");
#endif
}

#endif
