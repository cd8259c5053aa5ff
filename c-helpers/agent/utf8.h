/* utf8.h - which bytes are a character. */
#ifndef IOMB_AGENT_UTF8_H
#define IOMB_AGENT_UTF8_H

#include <stddef.h>

static inline int utf8_follows(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* The bytes of the character at `text`, of which `left` are there; 0 where they are none (RFC 3629). */
static inline size_t utf8_bytes(const char *text, size_t left)
{
	const unsigned char *b = (const unsigned char *)text;

	if (left >= 1 && b[0] < 0x80)
		return 1;
	if (left >= 2 && b[0] >= 0xc2 && b[0] <= 0xdf && utf8_follows(b[1]))
		return 2;
	if (left >= 3 && (b[0] & 0xf0) == 0xe0 && utf8_follows(b[1]) && utf8_follows(b[2])) {
		int overlong = b[0] == 0xe0 && b[1] < 0xa0;
		int surrogate = b[0] == 0xed && b[1] >= 0xa0;

		return overlong || surrogate ? 0 : 3;
	}
	if (left >= 4 && b[0] >= 0xf0 && b[0] <= 0xf4 && utf8_follows(b[1]) && utf8_follows(b[2]) &&
	    utf8_follows(b[3])) {
		int overlong = b[0] == 0xf0 && b[1] < 0x90;
		int beyond = b[0] == 0xf4 && b[1] >= 0x90;

		return overlong || beyond ? 0 : 4;
	}
	return 0;
}

#endif
