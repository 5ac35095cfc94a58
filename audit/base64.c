/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void audit_base64_add(struct buf *buf, const void *from, size_t len)
{
	const unsigned char *at = from;
	for (size_t i = 0; i < len; i += 3) {
		size_t have = len - i < 3 ? len - i : 3;
		uint32_t word = (uint32_t)at[i] << 16;
		if (have > 1)
			word |= (uint32_t)at[i + 1] << 8;
		if (have > 2)
			word |= at[i + 2];
		char out[4] = {alphabet[word >> 18], alphabet[word >> 12 & 63], alphabet[word >> 6 & 63],
			       alphabet[word & 63]};
		memset(out + have + 1, '=', 3 - have);
		buf_add(buf, out, sizeof out);
	}
}

static int digit_of(char c)
{
	const char *at = c ? strchr(alphabet, c) : NULL;
	return at ? (int)(at - alphabet) : -1;
}

bool audit_base64_read(struct bytes text, void *to, size_t max, size_t *len)
{
	unsigned char *out = to;
	size_t have = 0;
	if (text.len % 4 != 0)
		return false;
	for (size_t i = 0; i < text.len; i += 4) {
		bool last = i + 4 == text.len;
		size_t digits = last && text.at[i + 3] == '=' ? (text.at[i + 2] == '=' ? 2 : 3) : 4;
		uint32_t word = 0;
		for (size_t d = 0; d < digits; d++) {
			int digit = digit_of(text.at[i + d]);
			if (digit < 0)
				return false;
			word |= (uint32_t)digit << (18 - 6 * d);
		}
		size_t bytes = digits - 1;
		if ((word & (0xffffffu >> (8 * bytes))) != 0 || bytes > max - have)
			return false;
		for (size_t b = 0; b < bytes; b++)
			out[have++] = (unsigned char)(word >> (16 - 8 * b));
	}
	*len = have;
	return true;
}
