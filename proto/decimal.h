/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers as text, without printf: an entry with 100 changed scores holds 200 doubles and more, and printing them
 * with snprintf and reading them back with strtod was a quarter of what a changed response cost.
 */
#ifndef PROTO_DECIMAL_H
#define PROTO_DECIMAL_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that any number takes; no NUL stands behind it. */
enum { DECIMAL_MAX = 32 };

/* A finite double as printf's %.15g, %.16g or %.17g, the first of them that reads back the same. Returns the
 * length. */
size_t decimal_double(double value, char text[DECIMAL_MAX]);

size_t decimal_uint(uint64_t value, char text[DECIMAL_MAX]);

#endif
