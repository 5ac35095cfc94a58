/* SPDX-License-Identifier: Apache-2.0
 *
 * `when`: to which responses a rule applies. Looks at the context only.
 *
 * Three-valued (Kleene): a fact that is absent or malformed makes a condition UNKNOWN, `not` keeps UNKNOWN,
 * and a rule applies unless its `when` is plainly false. So an absent fact never lets a response escape, and
 * under `not` it does not exclude. `[ "" ]` matches an absent fact, and then plainly.
 */
#ifndef RULES_WHEN_H
#define RULES_WHEN_H

#include "proto/facts.h"
#include "rules/keys.h"

struct when_attribute {
	struct spot spot;
	struct bytes name;
	struct texts is;
};

struct when {
	struct spot spot;
	struct texts method, surface, locale, segment, experiment;
	struct groups attributes; /* struct when_attribute */
	struct groups any;	  /* struct when */
	struct when * not ;
	struct number share;
};

extern const struct keys rules_when_keys;

enum truth { TRUTH_NO, TRUTH_UNKNOWN, TRUTH_YES };

/* The place of a subject in [0, 1) for one rule: the first 8 bytes, big-endian, of SHA-256(rule id, 0x00,
 * session else user) / 2^64. False: no id, or the digest failed. */
typedef bool when_share_fn(void *context, struct bytes rule_id, struct bytes subject, long double *place);

/* share may be called with share_context; it is what needs a digest context of the calling thread. */
enum truth rules_when_match(const struct when *when, const struct facts *facts, struct bytes rule_id,
			    when_share_fn *share, void *share_context);

/* `*` is any run of bytes; everything else is itself. */
bool rules_glob_match(struct bytes glob, struct bytes text);
bool rules_globs_match(const struct texts *globs, struct bytes text);

/* The context facts that it asks for, as FACT_BIT; not those whose absence it names. */
uint64_t rules_when_facts(const struct when *when);

/* What the tables cannot say: groups without any condition. */
void rules_when_check(const struct reader *reader, const struct when *when);

#endif
