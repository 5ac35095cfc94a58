/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/crc32c.h"

#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

/* One table for a nibble: 64 bytes that stay in the first-level cache. */
static const uint32_t nibble[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
	0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

uint32_t audit_crc32c_plain(uint32_t crc, const void *from, size_t len)
{
	const unsigned char *at = from;
	crc = ~crc;
	for (size_t i = 0; i < len; i++) {
		crc ^= at[i];
		crc = (crc >> 4) ^ nibble[crc & 15];
		crc = (crc >> 4) ^ nibble[crc & 15];
	}
	return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, const void *from, size_t len)
{
	const unsigned char *at = from;
	uint64_t sum = (uint32_t)~crc;
	for (; len >= 8; at += 8, len -= 8) {
		uint64_t word;
		memcpy(&word, at, sizeof word);
		sum = _mm_crc32_u64(sum, word);
	}
	uint32_t low = (uint32_t)sum;
	for (; len > 0; at++, len--)
		low = _mm_crc32_u8(low, *at);
	return ~low;
}
#endif

uint32_t audit_crc32c(uint32_t crc, const void *from, size_t len)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return crc32c_sse42(crc, from, len);
#endif
	return audit_crc32c_plain(crc, from, len);
}
