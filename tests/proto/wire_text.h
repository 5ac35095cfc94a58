/* SPDX-License-Identifier: Apache-2.0
 *
 * Wire bytes from a readable text, for tests. Words are separated by spaces:
 *
 *     1'abc'      field 1, a string        1{ ... }    field 1, a message of what is inside
 *     2=5         field 2, a varint        1( ... )    field 1, a group
 *     3d0.5       field 3, a double        4f0.5       field 4, a float
 *     5i7         field 5, a fixed32       6l7         field 6, a fixed64
 *     x0aff       bytes as they are        7p1,2,300   field 7, packed varints
 */
#ifndef TESTS_PROTO_WIRE_TEXT_H
#define TESTS_PROTO_WIRE_TEXT_H

#include "proto/buf.h"

/* Ends the program on a text that it cannot read. Returns owned (buf_done). */
struct buf wire_text(const char *text);

#endif
