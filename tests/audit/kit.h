/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of audit/ share: folders of their own, a log with a clock of its own, verify with its words
 * kept.
 */
#ifndef TESTS_AUDIT_KIT_H
#define TESTS_AUDIT_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/format.h"
#include "audit/log.h"
#include "audit/verify.h"
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

struct kit {
	char dir[64];		/* a new folder */
	char key[80];		/* an audit key in another folder */
	_Atomic int64_t now_ns; /* the clock: one microsecond each time it is read */
	pthread_mutex_t lock;
	struct buf talk; /* what the log said: severity, blank, text, newline */
	struct audit_options options;
};

/* cmocka setup and teardown; *state is the kit. Segments are small, the publish interval is an hour, so that
 * nothing is published but by closing. */
int kit_setup(void **state);
int kit_teardown(void **state);

struct audit_log *kit_open(struct kit *kit);	     /* fails the test when it cannot be opened */
void kit_close(struct audit_log *log);		     /* the same */
void kit_refused(struct kit *kit, const char *want); /* opening fails and says this, with %D for the folder */

/* One entry of about `size` bytes whose item is `number`. Returns its index; fails the test when refused. */
uint64_t kit_append(struct audit_log *log, uint64_t number, size_t size);
void kit_fill(struct audit_log *log, uint64_t count); /* entries in batches of up to 500 */
bool kit_signal(struct audit_batch *batch, int64_t time_ns, uint64_t number, size_t size);

bool kit_said(struct kit *kit, const char *text);

/* verify: findings in `words`, one a line; NULL: no interest. */
enum audit_verdict kit_verify(const char *dir, bool strict, struct buf *words);
void kit_sound(struct kit *kit); /* strict, and no finding */

/* Files. Paths are below kit->dir. */
void kit_path(const struct kit *kit, const char *name, char path[256]);
void kit_read(const struct kit *kit, const char *name, struct buf *content);
void kit_write(const struct kit *kit, const char *name, struct bytes content);
bool kit_exists(const struct kit *kit, const char *name);
void kit_copy(const char *from, const char *to); /* a folder, with everything in it */
void kit_remove(const char *path);		 /* the same */

/* The journal's only segment, as a name below kit->dir. */
void kit_segment(const struct kit *kit, char name[64]);

#endif
