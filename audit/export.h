/* SPDX-License-Identifier: Apache-2.0
 *
 * Exports: every signed entry of every epoch goes through a format, in order. Whatever the format, every leaf is
 * hashed and the root is held against the signed one, and what was left out is counted, so that omission shows.
 *
 *     epochs of a directory -> leaves -> filter -> whole entries -> format -> file
 *
 * A format is one row of the table in export.c and one file. The same log and filters give the same bytes:
 * nothing of the time or place of exporting goes into them. One thread; memory does not grow with the log.
 */
#ifndef AUDIT_EXPORT_H
#define AUDIT_EXPORT_H

#include "audit/export_file.h"
#include "audit/filter.h"
#include "audit/logdir.h"

/* One epoch, while and after it is exported. */
struct export_log {
	unsigned number; /* 1, 2, ... in the order of the export */
	struct audit_reader reader;
	struct audit_counts exported;
	struct audit_counts filtered; /* under the checkpoint, but the filter does not want them */
	struct audit_counts not_signed;
	bool not_signed_all;	/* the journal could be read to its end */
	uint64_t leaves;	/* read and hashed */
	struct audit_hash root; /* of all of them; set when the epoch ends */
	bool matches;		/* it is the signed one, or nothing was signed */
	int64_t from_ns, to_ns; /* of what was exported; meaningless when that is nothing */
};

/* One entry with all its parts. Borrows until the format returns. */
struct export_entry {
	const struct export_log *log;
	uint64_t index; /* of its first leaf */
	struct audit_entry_head head;
	const struct bytes *leaf;
	const struct audit_hash *hash; /* of the leaves */
	size_t count;		       /* of leaves that are there; head.parts says how many should be */
};

struct export_request {
	const struct audit_filter *filter;
	struct bytes filter_words; /* as they were given: "--rule a --since 7d"; empty: everything */
};

/* Each call returns false with err, which does not name the file: the caller does. */
struct export_format {
	const char *name, *help;
	bool seeks;  /* needs a file that it can move about in */
	bool leaves; /* takes leaves one by one and does not look into them */
	/* Returns owned; NULL and err. Keeps both. */
	void *(*begin)(struct export_file *file, const struct export_request *request, struct err *err);
	bool (*entry)(void *state, const struct export_entry *entry, struct err *err);
	bool (*log)(void *state, const struct export_log *log,
		    struct err *err);		   /* an epoch ends; may be NULL */
	bool (*end)(void *state, struct err *err); /* may be NULL */
	void (*free)(void *state);		   /* NULL is fine */
};

extern const struct export_format export_jsonl, export_csv, export_sqlite, export_html;

const struct export_format *export_format_at(size_t i); /* in order; NULL behind the last */

/* NULL and err, which suggests the nearest. */
const struct export_format *export_format_find(const char *name, struct err *err);

/* What goes to the person who exports. */
struct export_talk {
	void *ctx;
	void (*progress)(void *ctx, uint64_t done, uint64_t total);
	void (*log)(void *ctx, const struct export_log *log); /* an epoch has ended */
};

enum export_result {
	EXPORT_DONE,
	EXPORT_MISMATCH, /* done, but entries do not make the root that was signed */
	EXPORT_FAILED,	 /* err says why */
};
MUST_USE enum export_result export_run(const struct audit_logdir *logdir, const struct export_format *format,
				       const struct export_request *request, struct export_file *file,
				       const struct export_talk *talk, struct err *err);

/* fwrite to the export's file; false: err says why. */
MUST_USE bool export_write(struct export_file *file, const void *from, size_t len, struct err *err);

#endif
