/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables of the SQLite export, as data: what is created, and how rows are made of entries, is read off the
 * same table. audit/EXPORTS.md explains them to their readers.
 */
#ifndef AUDIT_EXPORT_SCHEMA_H
#define AUDIT_EXPORT_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

enum {
	EXPORT_COLUMNS_MAX = 24,
	EXPORT_TABLES_MAX = 24,
};

/* What a JSON value becomes; one that does not fit is NULL, and stands in the raw leaf. */
enum export_value {
	EXPORT_TEXT,
	EXPORT_INTEGER,
	EXPORT_REAL,
	EXPORT_BOOLEAN, /* 0 or 1 */
	EXPORT_JSON,	/* the value as it stands, as text */
};

struct export_column {
	const char *name; /* NULL behind the last */
	const char *key;  /* the member's name */
	enum export_value value;
};

/* Every table begins with `entry`, and one of a list with `n`, which counts its elements from 1. */
struct export_table {
	const char *name;
	const char *type; /* of entries */
	const char *list; /* the member that holds the elements; NULL: one row for each entry */
	struct export_column column[EXPORT_COLUMNS_MAX];
};

extern const struct export_table export_tables[]; /* a name of NULL behind the last */

/* The interventions of decisions, which may go on over parts; behind its columns stand the numbers of targets and
 * of evidence. */
extern const struct export_table export_interventions;

/* Tables that are filled by hand, views and indices, as SQL. */
extern const char *const export_schema_before, *const export_schema_after;

#endif
