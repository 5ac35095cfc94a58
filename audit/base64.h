/* SPDX-License-Identifier: Apache-2.0
 *
 * Base64 with the standard alphabet and padding (RFC 4648 section 4), read strictly: no white space, no
 * missing padding, spare bits zero, so that there is one text for each run of bytes.
 */
#ifndef AUDIT_BASE64_H
#define AUDIT_BASE64_H

#include "proto/buf.h"

/* Characters that `len` bytes become, without a NUL. */
#define AUDIT_BASE64_LEN(len) (((len) + 2) / 3 * 4)

void audit_base64_add(struct buf *buf, const void *from, size_t len);

/* Writes the bytes to `to`, which has room for `max`, and their number to *len. False: not canonical base64,
 * or longer than max. */
MUST_USE bool audit_base64_read(struct bytes text, void *to, size_t max, size_t *len);

#endif
