/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/sample.h"

#include "audit/base64.h"
#include <inttypes.h>
#include <stdlib.h>

bool audit_sample_init(struct audit_sample *sample, struct err *err)
{
	return audit_hasher_init(&sample->hasher, err);
}

void audit_sample_done(struct audit_sample *sample)
{
	for (size_t i = 0; i < sample->count; i++) {
		buf_done(&sample->stratum[i].name);
		free(sample->stratum[i].kept);
	}
	free(sample->stratum);
	buf_done(&sample->head);
	audit_hasher_done(&sample->hasher);
	sample->stratum = NULL;
	sample->count = sample->room = 0;
}

bool audit_sample_log(struct audit_sample *sample, const struct audit_hash *root, struct err *err)
{
	sample->logs++;
	buf_clear(&sample->head);
	audit_base64_add(&sample->head, root->at, AUDIT_HASH_LEN);
	buf_printf(&sample->head, "\n%s\n", sample->seed);
	return !sample->head.failed || err_set(err, "memory is short");
}

static struct audit_hash key_of(struct audit_sample *sample, uint64_t index)
{
	size_t head = sample->head.len;
	buf_printf(&sample->head, "%" PRIu64 "\n", index);
	struct audit_hash key = audit_hash_plain(&sample->hasher, buf_bytes(&sample->head));
	sample->head.len = head;
	return key;
}

static int order(const struct audit_candidate *a, const struct audit_candidate *b)
{
	int keys = memcmp(a->key.at, b->key.at, AUDIT_HASH_LEN);
	if (keys != 0)
		return keys;
	if (a->log != b->log)
		return a->log < b->log ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

static int by_key(const void *a, const void *b)
{
	return order(a, b);
}

static int by_name(const void *a, const void *b)
{
	const struct audit_stratum *x = a, *y = b;
	return bytes_compare(buf_bytes(&x->name), buf_bytes(&y->name));
}

/* The stratum of a name, made when it is new. There are few; the one asked for last time often is the one. */
static struct audit_stratum *stratum_of(struct audit_sample *sample, struct bytes name, struct err *err)
{
	for (size_t i = 0; i < sample->count; i++)
		if (bytes_equal(buf_bytes(&sample->stratum[i].name), name))
			return &sample->stratum[i];
	if (sample->count == AUDIT_STRATA_MAX) {
		err_set(err, "there are more than %d strata; narrow the entries with filters",
			AUDIT_STRATA_MAX);
		return NULL;
	}
	if (sample->count == sample->room) {
		size_t want = sample->room ? 2 * sample->room : 16;
		struct audit_stratum *grown = realloc(sample->stratum, want * sizeof *grown);
		if (!grown) {
			err_set(err, "memory is short");
			return NULL;
		}
		sample->stratum = grown;
		sample->room = want;
	}
	struct audit_stratum *made = &sample->stratum[sample->count++];
	*made = (struct audit_stratum){.last_log = SIZE_MAX};
	buf_add_bytes(&made->name, name);
	return made;
}

static void swap(struct audit_candidate *a, struct audit_candidate *b)
{
	struct audit_candidate kept = *a;
	*a = *b;
	*b = kept;
}

static void sink(struct audit_stratum *stratum)
{
	struct audit_candidate *kept = stratum->kept;
	for (size_t at = 0;;) {
		size_t high = at, left = 2 * at + 1;
		for (size_t child = left; child <= left + 1 && child < stratum->count; child++)
			high = order(&kept[child], &kept[high]) > 0 ? child : high;
		if (high == at)
			return;
		swap(&kept[at], &kept[high]);
		at = high;
	}
}

static void rise(struct audit_stratum *stratum)
{
	struct audit_candidate *kept = stratum->kept;
	for (size_t at = stratum->count - 1; at > 0 && order(&kept[at], &kept[(at - 1) / 2]) > 0;
	     at = (at - 1) / 2)
		swap(&kept[at], &kept[(at - 1) / 2]);
}

/* The n lowest keys stay; the highest of them stands in front and goes first. */
static bool keep(struct audit_stratum *stratum, size_t n, const struct audit_candidate *candidate)
{
	if (stratum->count == n) {
		if (order(candidate, &stratum->kept[0]) >= 0)
			return true;
		stratum->kept[0] = *candidate;
		sink(stratum);
		return true;
	}
	if (stratum->count == stratum->room) {
		size_t want = stratum->room ? 2 * stratum->room : 16;
		struct audit_candidate *grown = realloc(stratum->kept, want * sizeof *grown);
		if (!grown)
			return false;
		stratum->kept = grown;
		stratum->room = want;
	}
	stratum->kept[stratum->count++] = *candidate;
	rise(stratum);
	return true;
}

bool audit_sample_offer(struct audit_sample *sample, struct bytes name, uint64_t index, unsigned leaves,
			struct err *err)
{
	struct audit_stratum *stratum = stratum_of(sample, name, err);
	size_t log = sample->logs - 1;
	if (!stratum)
		return false;
	if (stratum->last_log == log && stratum->last_index == index)
		return true;
	stratum->last_log = log;
	stratum->last_index = index;
	stratum->population++;
	struct audit_candidate candidate = {key_of(sample, index), log, index, leaves};
	return (!stratum->name.failed && !sample->head.failed && keep(stratum, sample->n, &candidate)) ||
	       err_set(err, "memory is short");
}

/* Those with the fewest entries are served first; each gets its share of what is left, or all that it has. */
void audit_sample_draw(struct audit_sample *sample)
{
	size_t left = sample->n;
	if (sample->count > 1)
		qsort(sample->stratum, sample->count, sizeof *sample->stratum, by_name);
	for (size_t i = 0; i < sample->count; i++) {
		struct audit_stratum *stratum = &sample->stratum[i];
		qsort(stratum->kept, stratum->count, sizeof *stratum->kept, by_key);
		stratum->drawn = SIZE_MAX;
	}
	for (size_t served = 0; served < sample->count; served++) {
		struct audit_stratum *next = NULL;
		for (size_t i = 0; i < sample->count; i++)
			if (sample->stratum[i].drawn == SIZE_MAX &&
			    (!next || sample->stratum[i].count < next->count))
				next = &sample->stratum[i];
		size_t share = left / (sample->count - served);
		next->drawn = next->count < share ? next->count : share;
		left -= next->drawn;
	}
}
