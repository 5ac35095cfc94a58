/* SPDX-License-Identifier: Apache-2.0
 *
 * Entries: one leaf of the log is one line of JSON, UTF-8, without a newline inside, at most
 * AUDIT_ENTRY_MAX bytes, fields in fixed order: `"v":1,"type":...,"time":...` first. The exact bytes are
 * the leaf.
 *
 * Writers: each audit_entry_* call appends one or more whole entries to an audit_batch. An entry that would
 * be longer than the limit is split into parts `"part":[k,n]` that stand in the same batch. All text is
 * borrowed until the call returns. Ids of users and sessions never come here in clear: callers pass
 * pseudonyms (audit/pseudonym.h).
 *
 * Readers: audit_entry_scan finds fields in the fixed order, without a general JSON parser.
 */
#ifndef AUDIT_ENTRY_H
#define AUDIT_ENTRY_H

#include "proto/buf.h"
#include "proto/time.h"

enum { AUDIT_ENTRY_MAX = 65535 };

/* Where an entry stands, as one number that grows with the log: the epoch's number, then the index in it.
 * Below 2^40 it is an index alone. */
enum { AUDIT_PLACE_INDEX_BITS = 40 };

static inline uint64_t audit_place(unsigned epoch, uint64_t index)
{
	return (uint64_t)epoch << AUDIT_PLACE_INDEX_BITS | index;
}

static inline unsigned audit_place_epoch(uint64_t place)
{
	return (unsigned)(place >> AUDIT_PLACE_INDEX_BITS);
}

static inline uint64_t audit_place_index(uint64_t place)
{
	return place & ((UINT64_C(1) << AUDIT_PLACE_INDEX_BITS) - 1);
}

/* Entries that are acknowledged together. Zeroed to begin; owned by the caller. */
struct audit_batch {
	struct buf leaves; /* C2SP bundle form: (uint16 big-endian length || entry)* */
	size_t count;
};
void audit_batch_done(struct audit_batch *batch);

struct audit_entry_intervention {
	struct bytes rule, file; /* file: base name */
	unsigned line;
	const char *kind, *mode, *action, *verdict;
	bool would, unsatisfied;
	struct bytes limit, observed, reason;
	const char *target_type; /* "item" "weight" "prompt" "explanation" "response" */
	struct audit_entry_target {
		struct bytes id;
		bool numeric, before_present, after_present;
		double before, after;
		struct bytes before_digest, after_digest; /* texts: "hmac-sha256:..." */
	} * target;
	size_t target_count;
	const uint64_t *evidence; /* places; the epochs stand beside the indices as "evidence_epochs" */
	size_t evidence_count;
};

/* The sidecar that decided; what is not known is absent. */
struct audit_entry_pod {
	struct bytes name, namespace, uid, node;
};

enum { AUDIT_ENTRY_ATTRIBUTES = 16 }; /* at most; more are not written */

struct audit_entry_decision {
	struct audit_entry_pod pod;
	struct bytes trace_id, method, ruleset; /* ruleset: digest */
	struct bytes session, user;		/* pseudonyms; absent when the call has none */
	struct bytes surface, locale, segment, experiment;
	const struct audit_entry_attribute {
		struct bytes name, value;
	} * attribute; /* those that configuration lists */
	size_t attribute_count;
	size_t items, prompts; /* as proposed */
	struct bytes request, proposed,
		governed; /* digests of message bytes; governed absent when rejected */
	bool rejected;
	struct bytes global_mode; /* "enforce" or "observe" */
	const struct audit_entry_intervention *intervention;
	size_t intervention_count;
	struct bytes record; /* all that was decided on (rules/record.h); absent: only changes are recorded */
};

struct audit_entry_delivered {
	struct bytes method, ruleset, session, user; /* session, user: pseudonyms */
	const char *kind;			     /* prompt kind name */
	struct bytes prompt_id, template_id, text;   /* text: digest */
	struct bytes locale;
};

struct audit_entry_signal {
	struct bytes method, session, user; /* pseudonyms */
	const char *kind;
	struct bytes item, category, prompt_id;
};

struct audit_entry_ruleset {
	struct bytes name, version, digest;
	struct bytes
		configuration; /* of a reload: the options in force that it may change; absent at a start */
	const struct audit_entry_source {
		struct bytes name, text;
	} * source;
	size_t source_count;
};

struct audit_entry_tally {
	int64_t from_ns, to_ns;
	uint64_t calls, governed, changed, rejected, prompts_proposed, prompts_delivered;
	const struct audit_entry_tally_rule {
		struct bytes rule;
		uint64_t within, exceeded, would, unknown;
	} * rule;
	size_t rule_count;
	const struct audit_entry_tally_cell {
		const char *by;	 /* "surface" "locale" "segment" "experiment" */
		struct bytes of; /* "" where the fact is absent; "_other": all that have no cell */
		uint64_t governed, changed, interventions;
	} * cell;
	size_t cell_count;
	const struct audit_entry_tally_category {
		struct bytes category; /* "" and "_other" as in cells */
		uint64_t items;
		double rank_change; /* mean of place as governed - place as proposed: above 0 is further down */
		uint64_t top10_proposed, top10_governed, top10_baseline; /* items among the first ten */
	} * category;
	size_t category_count;
};

struct audit_entry_failure {
	const char *class,
		*effect; /* "audit" "undecodable" "history" "overload" ...; "closed" "pass" "suppress" */
	uint64_t count;
	struct bytes reason;
};

/* The switch of the whole chain: from here on every rule is enforced, or none is. */
struct audit_entry_mode {
	const char *mode;  /* "enforce" or "observe" */
	int64_t until_ns;  /* observe: when it ends by itself; 0: not written */
	struct bytes by;   /* who asked for it; absent when it came by itself */
	const char *cause; /* "start" "until" "control" "reload" */
};

/* `time_ns` may be put later by the log, never earlier: see audit_log_append. False: memory is short. */
MUST_USE bool audit_entry_decision(struct audit_batch *, int64_t time_ns,
				   const struct audit_entry_decision *);
MUST_USE bool audit_entry_delivered(struct audit_batch *, int64_t time_ns,
				    const struct audit_entry_delivered *);
MUST_USE bool audit_entry_signal(struct audit_batch *, int64_t time_ns, const struct audit_entry_signal *);
MUST_USE bool audit_entry_ruleset(struct audit_batch *, int64_t time_ns, const struct audit_entry_ruleset *);
MUST_USE bool audit_entry_tally(struct audit_batch *, int64_t time_ns, const struct audit_entry_tally *);
MUST_USE bool audit_entry_failure(struct audit_batch *, int64_t time_ns, const struct audit_entry_failure *);
MUST_USE bool audit_entry_mode(struct audit_batch *, int64_t time_ns, const struct audit_entry_mode *);

/* The log's own entries, written by audit/log.h. */
struct audit_entry_open {
	struct bytes origin, vkey;
	const char *durability;
	int64_t publish_ns;
	struct bytes retain, versions;			  /* versions: a JSON object */
	struct bytes predecessor, predecessor_checkpoint; /* origin and last checkpoint (note); both absent in
							      the first epoch and after a restart */
	struct bytes configuration;
	/* What each subject said last about opting out, in all epochs before: so that these may be pruned.
	 * NULL: not said, as after a restart. */
	const struct audit_entry_word {
		struct bytes subject; /* pseudonym */
		int64_t time_ns;
		bool out;	/* false: opted in again */
		uint64_t place; /* of the entry that said so */
	} * word;
	size_t word_count;
};

struct audit_entry_recovery {
	struct bytes reason; /* what made recovery necessary */
	uint64_t entries;    /* that were rewritten because no checkpoint covered them */
	uint64_t cut;	     /* bytes of a torn tail; 0 when none */
	struct bytes file;   /* where they lie, below the epoch */
	struct bytes digest; /* "sha256:..." of that file */
};

MUST_USE bool audit_entry_open(struct audit_batch *, int64_t time_ns, const struct audit_entry_open *);
MUST_USE bool audit_entry_recovery(struct audit_batch *, int64_t time_ns,
				   const struct audit_entry_recovery *);
/* successor: origin of the epoch that begins now; absent when the log only stops. */
MUST_USE bool audit_entry_close(struct audit_batch *, int64_t time_ns, struct bytes successor);

/* `gap`: damage that repair set aside. Stands behind `open` in the epoch that repair began. */
struct audit_entry_gap {
	struct bytes origin; /* of the damaged epoch */
	uint64_t from, to;   /* entries from..to-1 are lost; to == from: how many is not known */
	struct bytes reason;
	const struct audit_entry_set_aside {
		struct bytes file; /* below the damaged epoch */
		uint64_t bytes;
		struct bytes digest; /* "sha256:..." */
	} * file;
	size_t file_count;
};
MUST_USE bool audit_entry_gap(struct audit_batch *, int64_t time_ns, const struct audit_entry_gap *);

/* `prune`: the entries of a sealed epoch are about to be removed; its hashes, proofs and checkpoint stay. */
struct audit_entry_prune {
	struct bytes origin; /* of the epoch */
	uint64_t entries;    /* all below this index */
	struct bytes root;   /* of its last checkpoint, base64 */
	struct bytes retain; /* the policy */
	int64_t sealed_ns;   /* time of its `close` */
};
MUST_USE bool audit_entry_prune(struct audit_batch *, int64_t time_ns, const struct audit_entry_prune *);

/* The types that this version writes or knows, as a list; NULL behind the last. */
const char *audit_entry_type_name(size_t i);

/* The start of every entry. */
struct audit_entry_head {
	struct bytes type;
	int64_t time_ns;
	size_t time_at;	      /* offset of the time's TIME_TEXT_LEN characters in the leaf */
	unsigned part, parts; /* 0 when the entry is whole */
	size_t rest_at;	      /* offset of what follows: a ',' or the closing '}' */
};

/* Reads `{"v":1,"type":...,"time":...[,"part":[k,n]]` strictly. False: not the start of an entry of
 * version 1. */
MUST_USE bool audit_entry_read_head(struct bytes leaf, struct audit_entry_head *head, struct err *err);

/* The same for `recovery`: what was cut and where it lies. Absent runs when the entry says nothing of it. */
MUST_USE bool audit_entry_read_recovery(struct bytes leaf, struct buf *scratch,
					struct audit_entry_recovery *recovery, struct err *err);

/* And for `open`: the origin and predecessor that it states. */
MUST_USE bool audit_entry_read_open(struct bytes leaf, struct buf *scratch, struct audit_entry_open *open,
				    struct err *err);

/* The words of one `open` leaf (of one part, when it is parted), one by one. next is false when there is none
 * left, or when the list is no list of words; then `bad` is set. Runs borrow until the next call. */
struct audit_entry_words {
	struct bytes rest;
	bool listed; /* the entry has a list, which may be empty */
	bool bad;
	size_t count;
};
void audit_entry_words_begin(struct bytes leaf, const struct audit_entry_head *head, struct buf *scratch,
			     struct audit_entry_words *words);
MUST_USE bool audit_entry_words_next(struct audit_entry_words *words, struct buf *scratch,
				     struct audit_entry_word *word);

/* For `close`: the successor that it names, absent when it names none. */
MUST_USE bool audit_entry_read_close(struct bytes leaf, struct buf *scratch, struct bytes *successor,
				     struct err *err);

/* For `gap`: all but the files, which `each` is called with. */
MUST_USE bool audit_entry_read_gap(struct bytes leaf, struct buf *scratch, struct audit_entry_gap *gap,
				   void (*each)(void *ctx, const struct audit_entry_set_aside *), void *ctx,
				   struct err *err);

/* For `prune`. */
MUST_USE bool audit_entry_read_prune(struct bytes leaf, struct buf *scratch, struct audit_entry_prune *prune,
				     struct err *err);

/* Any entry: a head, then members whose values are JSON as rankguard writes it (no white space, valid
 * UTF-8, shortest escapes), one closing brace, nothing behind it. */
MUST_USE bool audit_entry_check(struct bytes leaf, struct audit_entry_head *head, struct err *err);

/* What history needs of one entry. type NULL-terminated static text: "delivered", "signal", or another. */
struct audit_entry_seen {
	struct bytes type;
	int64_t time_ns;
	struct bytes session, user, kind, prompt_id, item,
		category; /* delivered and signal; absent when not there */
};

/* Reads one leaf. `scratch` holds unescaped text; runs borrow from leaf or scratch until the next call.
 * False: the leaf is not an entry of version 1. */
MUST_USE bool audit_entry_read(struct bytes leaf, struct buf *scratch, struct audit_entry_seen *seen,
			       struct err *err);

#endif
