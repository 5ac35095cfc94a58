/* SPDX-License-Identifier: Apache-2.0
 *
 * Rule files as bytes: each is read once into memory, and what was read is what is digested, loaded and
 * logged. A file may change behind us; the bytes that we hold do not.
 */
#ifndef RULES_SOURCE_H
#define RULES_SOURCE_H

#include "proto/arena.h"
#include "rules/findings.h"

enum { SOURCE_MAX = 4 * 1024 * 1024 }; /* bytes of one file */

struct source {
	struct rules_source public; /* base name, or the path as a rule file names it; the bytes */
	const char *path;	    /* for messages */
	bool phrases;		    /* a phrases_file, not a rule file */
};

struct sources {
	struct source *at;
	size_t count, room;
};

/* Lists the rule files of `path` (a file, or a directory's `*.cfg` except `*_test.cfg` and dot-files, in
 * byte order of names) and reads them. Problems become findings. */
void rules_sources_read(struct sources *sources, const char *path, struct arena *arena,
			struct rules_findings *findings);

/* Reads one more file, once: a name that was read before gives the same source. NULL after a finding about
 * `place`:`line`. `name` is relative to the folder of `rule_file`. */
const struct source *rules_sources_add_phrases(struct sources *sources, const char *rule_file, unsigned line,
					       const char *subject, struct bytes name, struct arena *arena,
					       struct rules_findings *findings);

/* "sha256:<64 hex digits>" over `<name>\n<size>\n<bytes>` of each rule file in order, then of each phrases
 * file in byte order of names. at == NULL: memory is short. */
struct bytes rules_sources_digest(struct sources *sources, struct arena *arena);

#endif
