/* SPDX-License-Identifier: Apache-2.0
 *
 * How every library of rankguard reports what went wrong.
 *
 * A function that can fail returns a must-use result and takes `struct err *err` last. The error is
 * written only on failure, as one sentence: `place: what is wrong; what would be right`. Libraries
 * never log and never exit; programs do. `err` may be NULL where the caller has no use for the words.
 */
#ifndef PROTO_ERR_H
#define PROTO_ERR_H

#define MUST_USE __attribute__((warn_unused_result))

struct err {
	char text[1024]; /* NUL-terminated; cut, never overrun */
};

/* Writes the sentence. Always returns false, so that `return err_set(err, ...)` reads well. */
__attribute__((format(printf, 2, 3))) _Bool err_set(struct err *err, const char *format, ...);

/* Puts `place: ` before the sentence that stands in err. Always returns false. */
__attribute__((format(printf, 2, 3))) _Bool err_within(struct err *err, const char *format, ...);

#endif
