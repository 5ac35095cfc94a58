/* SPDX-License-Identifier: Apache-2.0
 *
 * The one way out of damage in the middle of a log, for a program that is not its writer: what is damaged is set
 * aside (audit/set_aside.c), and a new epoch begins that says so.
 */
#ifndef AUDIT_REPAIR_H
#define AUDIT_REPAIR_H

#include "audit/recover.h"

struct audit_repair_options {
	const char *directory;
	const char *key_file; /* the audit key; NULL: audit.key in the directory */
	const char *origin;   /* of the damaged epoch; NULL: as its log.id says */
	struct bytes versions;
	void (*talk)(void *ctx, char severity, const char *text);
	void *talk_ctx;
};

/* What stands there; nothing is changed. FAILED: err says why it cannot be told. DAMAGED, ABANDONED: err says
 * what is wrong. */
MUST_USE enum audit_look audit_repair_look(const struct audit_repair_options *options, struct err *err);

/* Sets the damage aside. To be called after DAMAGED. */
MUST_USE bool audit_repair(const struct audit_repair_options *options, struct err *err);

/* Moves what the newest epoch's `gap` entry says was set aside and still stands where it was: a repair was ended
 * before. *moved: whether there was anything. */
MUST_USE bool audit_repair_finish(const struct audit_repair_options *options, bool *moved, struct err *err);

#endif
