/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkpoints that were kept elsewhere: each is one line somewhere in a log file of the operator's.
 */
#include "audit/verify_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
	const struct verify_held *x = a, *y = b;
	return (x->size > y->size) - (x->size < y->size);
}

static bool add_held(struct verify *v, size_t *cap, const struct verify_held *held)
{
	if (v->held_count == *cap) {
		size_t want = *cap ? 2 * *cap : 64;
		struct verify_held *grown = realloc(v->held, want * sizeof *grown);
		if (!grown)
			return false;
		v->held = grown;
		*cap = want;
	}
	v->held[v->held_count++] = *held;
	return true;
}

/* A note of this log, whether or not its signature is right. */
static bool is_ours(const struct verify *v, struct bytes note)
{
	size_t len = strlen(v->reader.identity.vkey.name);
	return note.len > len && memcmp(note.at, v->reader.identity.vkey.name, len) == 0 &&
	       note.at[len] == '\n';
}

bool verify_held_load(struct verify *v, struct err *err)
{
	size_t cap = 0, room = 0;
	char *text = NULL;
	struct buf note = {0};
	ssize_t len;
	bool good = true;
	free(v->held);
	v->held = NULL;
	v->held_count = v->held_next = 0;
	if (!v->o->checkpoints)
		return true;
	FILE *file = fopen(v->o->checkpoints, "re");
	if (!file)
		return err_set(err, "%s: cannot be read: %s", v->o->checkpoints, strerror(errno));
	for (uint64_t line = 1; good && (len = getline(&text, &room, file)) >= 0; line++) {
		struct audit_checkpoint checkpoint;
		struct err why;
		buf_clear(&note);
		if (!audit_checkpoint_find((struct bytes){text, (size_t)len}, &note) ||
		    !is_ours(v, buf_bytes(&note)))
			continue;
		if (!audit_checkpoint_open(buf_bytes(&note), &v->reader.identity.vkey, &checkpoint, &why)) {
			verify_find(v, "%s:%" PRIu64 ": %s", v->o->checkpoints, line, why.text);
			continue;
		}
		good = add_held(v, &cap, &(struct verify_held){checkpoint.size, line, checkpoint.root});
	}
	if (!good)
		err_set(err, "%s: memory is short", v->o->checkpoints);
	else if (ferror(file))
		good = err_set(err, "%s: cannot be read: %s", v->o->checkpoints, strerror(errno));
	if (v->held_count > 1)
		qsort(v->held, v->held_count, sizeof *v->held, by_size);
	fclose(file);
	free(text);
	buf_done(&note);
	return good;
}

void verify_held_at(struct verify *v)
{
	while (v->held_next < v->held_count && v->held[v->held_next].size == v->tree.size) {
		const struct verify_held *held = &v->held[v->held_next++];
		struct audit_hash root = audit_tree_root(&v->tree, &v->hasher);
		if (!audit_hash_equal(&root, &held->root))
			verify_find(v,
				    "%s:%" PRIu64 ": a checkpoint of %" PRIu64
				    " entries was signed with another root; the log was changed below it",
				    v->o->checkpoints, held->line, held->size);
	}
}

void verify_held_end(struct verify *v)
{
	for (; v->held_next < v->held_count; v->held_next++)
		if (v->held[v->held_next].size > v->reader.checkpoint.size)
			verify_find(v,
				    "%s:%" PRIu64 ": a checkpoint of %" PRIu64
				    " entries was signed; this log has %" PRIu64 ", so entries were cut off",
				    v->o->checkpoints, v->held[v->held_next].line, v->held[v->held_next].size,
				    v->reader.checkpoint.size);
}

/* Is this origin the last epoch's but for its number, and no epoch that is here? */
static bool epoch_missing(const struct verify *v, struct bytes origin)
{
	const char *slash = strrchr(v->before, '/');
	size_t base = slash ? (size_t)(slash - v->before) + 1 : 0;
	char number[AUDIT_EPOCH_NAME];
	if (base == 0 || origin.len <= base || origin.len - base >= sizeof number ||
	    memcmp(origin.at, v->before, base) != 0)
		return false;
	memcpy(number, origin.at + base, origin.len - base);
	number[origin.len - base] = '\0';
	unsigned epoch = audit_epoch_parse(number);
	for (size_t i = 0; i < v->logdir.count; i++)
		if (v->logdir.epochs[i] == epoch)
			return false;
	return epoch > 0;
}

void verify_held_epochs(struct verify *v)
{
	FILE *file = v->o->checkpoints ? fopen(v->o->checkpoints, "re") : NULL;
	char *text = NULL;
	size_t room = 0;
	ssize_t len;
	struct buf note = {0};
	v->place[0] = '\0';
	for (uint64_t line = 1; file && (len = getline(&text, &room, file)) >= 0; line++) {
		buf_clear(&note);
		if (!audit_checkpoint_find((struct bytes){text, (size_t)len}, &note))
			continue;
		const char *end = memchr(note.at, '\n', note.len);
		struct bytes origin = {note.at, (size_t)(end - note.at)};
		if (epoch_missing(v, origin))
			verify_find(v, "%s:%" PRIu64 ": a checkpoint of %.*s; that epoch is not here",
				    v->o->checkpoints, line, BYTES_ARG(origin));
	}
	if (file)
		fclose(file);
	free(text);
	buf_done(&note);
}
