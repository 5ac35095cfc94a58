/* SPDX-License-Identifier: Apache-2.0
 *
 * UTF-8 well-formedness after The Unicode Standard 15.0, table 3-7 (no overlong forms, no surrogates).
 */
#ifndef PROTO_UTF8_H
#define PROTO_UTF8_H

#include "proto/bytes.h"

/* Bytes of the well-formed character at `at`, 0 when there is none. */
size_t utf8_width(const char *at, size_t len);

/* True when the whole run is well-formed. */
bool utf8_valid(struct bytes text);

#endif
