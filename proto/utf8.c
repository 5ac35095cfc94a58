/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/utf8.h"

#include <stdint.h>

size_t utf8_width(const char *at, size_t len)
{
	const unsigned char *s = (const unsigned char *)at;
	if (len == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	size_t width = s[0] >= 0xc2 && s[0] <= 0xdf   ? 2
		       : (s[0] & 0xf0) == 0xe0	      ? 3
		       : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
						      : 0;
	if (width == 0 || width > len)
		return 0;
	/* Table 3-7: only the second byte has a range that depends on the first. */
	unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
	unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < width; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return width;
}

/* How many of the bytes from `at` on are ASCII for certain: a multiple of eight. */
static size_t ascii_run(const char *at, size_t len)
{
	size_t i = 0;
	for (uint64_t eight; len - i >= sizeof eight; i += sizeof eight) {
		memcpy(&eight, at + i, sizeof eight);
		if (eight & UINT64_C(0x8080808080808080))
			break;
	}
	return i;
}

bool utf8_valid(struct bytes text)
{
	for (size_t i = 0; i < text.len;) {
		i += ascii_run(text.at + i, text.len - i);
		if (i == text.len)
			break;
		size_t width = utf8_width(text.at + i, text.len - i);
		if (width == 0)
			return false;
		i += width;
	}
	return true;
}
