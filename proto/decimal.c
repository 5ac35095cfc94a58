/* SPDX-License-Identifier: Apache-2.0
 *
 * A double from 1e-4 up to 1e15, which is what scores, weights and places are, is m / 2^k with m < 2^53 and
 * k <= 66. Its digits are those of the integer nearest to m * 10^point / 2^k, and with at most 20 digits behind
 * the point that product fits into 128 bits: nothing is rounded but the result, and the rest of the division says
 * exactly whether the decimal is nearer to this double than to its neighbours, which is all that reading it back
 * would say. About 250 instructions where printf and strtod took 2,000 to 6,000. Everything else goes to printf.
 */
#include "proto/decimal.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

enum { FRACTION_BITS = 52, EXPONENT_BIAS = 1023, POWER_MAX = 19 };

static const uint64_t power[POWER_MAX + 1] = {
	UINT64_C(1),
	UINT64_C(10),
	UINT64_C(100),
	UINT64_C(1000),
	UINT64_C(10000),
	UINT64_C(100000),
	UINT64_C(1000000),
	UINT64_C(10000000),
	UINT64_C(100000000),
	UINT64_C(1000000000),
	UINT64_C(10000000000),
	UINT64_C(100000000000),
	UINT64_C(1000000000000),
	UINT64_C(10000000000000),
	UINT64_C(100000000000000),
	UINT64_C(1000000000000000),
	UINT64_C(10000000000000000),
	UINT64_C(100000000000000000),
	UINT64_C(1000000000000000000),
	UINT64_C(10000000000000000000),
};

/* value = m / 2^k, m with its highest bit set. */
struct binary {
	uint64_t m;
	int k;
};

static struct binary binary_of(double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof bits);
	const uint64_t top = UINT64_C(1) << FRACTION_BITS;
	return (struct binary){(bits & (top - 1)) | top,
			       FRACTION_BITS + EXPONENT_BIAS - (int)(bits >> FRACTION_BITS)};
}

/* of * 10^point; point is at most 20. */
static wide times_power(uint64_t of, int point)
{
	return point > POWER_MAX ? (wide)(of * 10) * power[POWER_MAX] : (wide)of * power[point];
}

/* *digits: the integer nearest to value * 10^point, of two the even one, as printf rounds. True when
 * *digits / 10^point reads back as the value: its distance is less than half of the gap to the next double, or
 * half and m is even. The gap below a power of two is half as wide. */
static bool nearest(const struct binary *value, int point, uint64_t *digits)
{
	wide product = times_power(value->m, point), gap = times_power(1, point), one = (wide)1 << value->k;
	uint64_t below = (uint64_t)(product >> value->k);
	wide rest = product & (one - 1);
	bool up = 2 * rest > one || (2 * rest == one && (below & 1));
	bool narrow = !up && value->m == UINT64_C(1) << FRACTION_BITS;
	wide distance = (up ? one - rest : rest) << (narrow ? 2 : 1);
	*digits = below + up;
	return distance < gap || (distance == gap && (value->m & 1) == 0);
}

/* Writes the digits of a number before `end`; returns where they begin. */
static char *digits_before(char *end, uint64_t value)
{
	static const char pair[] =
		"00010203040506070809101112131415161718192021222324252627282930313233343536"
		"37383940414243444546474849505152535455565758596061626364656667686970717273"
		"7475767778798081828384858687888990919293949596979899";
	char *at = end;
	for (; value >= 10; value /= 100) {
		at -= 2;
		memcpy(at, pair + value % 100 * 2, 2);
	}
	if (value > 0 || at == end)
		*--at = (char)('0' + value);
	return at;
}

size_t decimal_uint(uint64_t value, char text[DECIMAL_MAX])
{
	char room[DECIMAL_MAX], *end = room + sizeof room, *at = digits_before(end, value);
	memcpy(text, at, (size_t)(end - at));
	return (size_t)(end - at);
}

/* digits / 10^point, without zeros at its end. */
static size_t write_point(uint64_t digits, int point, char *text)
{
	for (; point >= 8 && digits % power[8] == 0; point -= 8)
		digits /= power[8];
	for (; point > 0 && digits % 10 == 0; point--)
		digits /= 10;
	char room[DECIMAL_MAX], *end = room + sizeof room, *at = digits_before(end, digits);
	while (end - at <= point)
		*--at = '0';
	size_t whole = (size_t)(end - at - point);
	memcpy(text, at, whole);
	if (point == 0)
		return whole;
	text[whole] = '.';
	memcpy(text + whole + 1, end - point, (size_t)point);
	return whole + 1 + (size_t)point;
}

/* The exponent of ten of a value from 1e-4 on and below 1e15. Each of these doubles is the least that is not below
 * the number it stands for, so that comparing is exact. */
static int exponent_of(double value)
{
	static const double from[] = {1e-3, 1e-2, 1e-1, 1e0, 1e1,  1e2,	 1e3,  1e4,  1e5,
				      1e6,  1e7,  1e8,	1e9, 1e10, 1e11, 1e12, 1e13, 1e14};
	int exponent = -4;
	while (exponent + 4 < (int)(sizeof from / sizeof *from) && value >= from[exponent + 4])
		exponent++;
	return exponent;
}

enum { PRECISION_LEAST = 15, PRECISION_MOST = 17 };

static size_t write_size(double size, char *text)
{
	struct binary binary = binary_of(size);
	int point = PRECISION_LEAST - 1 - exponent_of(size);
	uint64_t digits;
	for (int more = 0; !nearest(&binary, point, &digits) && more < PRECISION_MOST - PRECISION_LEAST;
	     more++)
		point++;
	return write_point(digits, point, text);
}

size_t decimal_double(double value, char text[DECIMAL_MAX])
{
	double size = fabs(value);
	size_t minus = signbit(value) ? 1 : 0;
	text[0] = '-';
	if (size == 0)
		return minus + decimal_uint(0, text + minus);
	if (size >= 1e-4 && size < 1e15)
		return minus + write_size(size, text + minus);
	int len = 0;
	for (int precision = PRECISION_LEAST; precision <= PRECISION_MOST; precision++) {
		len = snprintf(text, DECIMAL_MAX, "%.*g", precision, value);
		if (strtod(text, NULL) == value)
			break;
	}
	return (size_t)len;
}
