/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/emit.h"

#include "audit/entry_json.h"
#include "audit/entry_keep.h"
#include <stdio.h>

enum {
	TARGET_NUMBERS = 2 * 27,       /* before and after: a double each, and commas */
	TARGET_DIGESTS = 2 * (76 + 3), /* the same as digests */
	EVIDENCE_WIDTH = 32,	       /* an index, an epoch and commas */
	INTERVENTION_HEAD = 20 * 1024, /* more than its texts can take together */
	SMALL = 512,		       /* keys and brackets of what comes next */
};

/* decision */

static void open_list(struct emit *emit, const char *key)
{
	json_key(emit->json, key);
	json_open(emit->json, '[');
}

static void pod(struct emit *emit, const struct audit_entry_pod *p)
{
	if (!bytes_present(p->name) && !bytes_present(p->namespace) && !bytes_present(p->uid) &&
	    !bytes_present(p->node))
		return;
	json_key(emit->json, "pod");
	json_open(emit->json, '{');
	emit_id(emit, "name", p->name);
	emit_id(emit, "namespace", p->namespace);
	emit_id(emit, "uid", p->uid);
	emit_id(emit, "node", p->node);
	json_close(emit->json, '}');
}

static void attributes(struct emit *emit, const struct audit_entry_decision *d)
{
	if (d->attribute_count == 0)
		return;
	open_list(emit, "attributes");
	for (size_t i = 0; i < d->attribute_count && i < AUDIT_ENTRY_ATTRIBUTES; i++) {
		json_open(emit->json, '{');
		emit_id(emit, "name", d->attribute[i].name);
		emit_id(emit, "value", d->attribute[i].value);
		json_close(emit->json, '}');
	}
	json_close(emit->json, ']');
}

static void decision_head(struct emit *emit, const struct audit_entry_decision *d)
{
	bool first = !emit->split || emit->part == 1;
	if (first)
		pod(emit, &d->pod);
	emit_id(emit, "trace_id", d->trace_id);
	emit_id(emit, "method", d->method);
	if (!first)
		return;
	emit_id(emit, "ruleset", d->ruleset);
	emit_id(emit, "session", d->session);
	emit_id(emit, "user", d->user);
	emit_id(emit, "surface", d->surface);
	emit_id(emit, "locale", d->locale);
	emit_id(emit, "segment", d->segment);
	emit_id(emit, "experiment", d->experiment);
	attributes(emit, d);
	emit_uint(emit, "items", d->items);
	emit_uint(emit, "prompts", d->prompts);
	emit_id(emit, "request", d->request);
	emit_id(emit, "proposed", d->proposed);
	emit_id(emit, "governed", d->governed);
	json_key(emit->json, "rejected");
	json_bool(emit->json, d->rejected);
	emit_id(emit, "global_mode", d->global_mode);
}

static void decision_next(struct emit *emit, const struct audit_entry_decision *d)
{
	json_close(emit->json, ']');
	emit_next(emit);
	decision_head(emit, d);
	open_list(emit, "interventions");
}

/* The intervention goes on in the next part: its rule again, and the place in the list that continues. */
static void intervention_next(struct emit *emit, const struct audit_entry_decision *d,
			      const struct audit_entry_intervention *v, const char *key, size_t from)
{
	json_close(emit->json, '}');
	decision_next(emit, d);
	json_open(emit->json, '{');
	emit_id(emit, "rule", v->rule);
	emit_uint(emit, key, from);
}

static void intervention_head(struct emit *emit, const struct audit_entry_intervention *v)
{
	emit_id(emit, "rule", v->rule);
	emit_id(emit, "file", v->file);
	emit_uint(emit, "line", v->line);
	emit_word(emit, "kind", v->kind);
	emit_word(emit, "mode", v->mode);
	emit_word(emit, "action", v->action);
	emit_word(emit, "verdict", v->verdict);
	json_key(emit->json, "would");
	json_bool(emit->json, v->would);
	json_key(emit->json, "unsatisfied");
	json_bool(emit->json, v->unsatisfied);
	emit_text(emit, "limit", v->limit, EMIT_TEXT_MAX);
	emit_text(emit, "observed", v->observed, EMIT_TEXT_MAX);
	emit_text(emit, "reason", v->reason, EMIT_TEXT_MAX);
	emit_word(emit, "target", v->target_type);
}

static void target_side(struct emit *emit, const struct audit_entry_target *t, bool after)
{
	struct bytes digest = after ? t->after_digest : t->before_digest;
	if (!t->numeric)
		emit_value(emit, digest, EMIT_ID_MAX);
	else if (after ? t->after_present : t->before_present)
		json_double(emit->json, after ? t->after : t->before);
	else
		json_string(emit->json, (struct bytes){NULL, 0});
}

/* Targets from `from` on that this part has room for. */
static size_t targets_fit(const struct emit *emit, const struct audit_entry_intervention *v, size_t from)
{
	if (!emit->split)
		return v->target_count - from;
	size_t room = emit_room(emit), used = SMALL, count = 0;
	for (; from + count < v->target_count; count++) {
		const struct audit_entry_target *t = &v->target[from + count];
		size_t id = t->id.len * 6 <= EMIT_ID_MAX ? t->id.len * 6 : EMIT_ID_MAX;
		used += id + 4 + (t->numeric ? TARGET_NUMBERS : TARGET_DIGESTS);
		if (used > room)
			break;
	}
	return count;
}

static void targets(struct emit *emit, const struct audit_entry_intervention *v, size_t from, size_t count)
{
	open_list(emit, "ids");
	for (size_t i = from; i < from + count; i++)
		emit_value(emit, v->target[i].id, EMIT_ID_MAX);
	json_close(emit->json, ']');
	for (int after = 0; after < 2; after++) {
		open_list(emit, after ? "after" : "before");
		for (size_t i = from; i < from + count; i++)
			target_side(emit, &v->target[i], after != 0);
		json_close(emit->json, ']');
	}
}

static size_t evidence_fit(const struct emit *emit, size_t left)
{
	size_t room = emit_room(emit);
	size_t fit = room > SMALL ? (room - SMALL) / EVIDENCE_WIDTH : 0;
	return fit < left ? fit : left;
}

/* The epochs of the indices, where the caller knows them. */
static void evidence_epochs(struct emit *emit, const struct audit_entry_intervention *v, size_t from,
			    size_t count)
{
	if (count == 0 || audit_place_epoch(v->evidence[from]) == 0)
		return;
	open_list(emit, "evidence_epochs");
	for (size_t i = from; i < from + count; i++)
		json_uint(emit->json, audit_place_epoch(v->evidence[i]));
	json_close(emit->json, ']');
}

static void evidence(struct emit *emit, const struct audit_entry_decision *d,
		     const struct audit_entry_intervention *v)
{
	for (size_t from = 0; from < v->evidence_count;) {
		size_t count = evidence_fit(emit, v->evidence_count - from);
		if (from > 0 || count == 0) {
			intervention_next(emit, d, v, "evidence_from", from);
			count = evidence_fit(emit, v->evidence_count - from);
		}
		open_list(emit, "evidence");
		for (size_t i = from; i < from + count; i++)
			json_uint(emit->json, audit_place_index(v->evidence[i]));
		json_close(emit->json, ']');
		evidence_epochs(emit, v, from, count);
		from += count;
	}
}

static void intervention(struct emit *emit, const struct audit_entry_decision *d,
			 const struct audit_entry_intervention *v)
{
	if (emit_room(emit) < INTERVENTION_HEAD)
		decision_next(emit, d);
	json_open(emit->json, '{');
	intervention_head(emit, v);
	for (size_t from = 0; from < v->target_count;) {
		size_t count = targets_fit(emit, v, from);
		if (from > 0 || count == 0) {
			intervention_next(emit, d, v, "targets_from", from);
			count = targets_fit(emit, v, from);
		}
		targets(emit, v, from, count);
		from += count;
	}
	evidence(emit, d, v);
	json_close(emit->json, '}');
}

/* The record is JSON, as text: so it may be parted anywhere, and its pieces make it again. */
static void record(struct emit *emit, const struct audit_entry_decision *d)
{
	for (struct bytes rest = d->record; rest.len > 0;) {
		if (emit_room(emit) < 2 * SMALL) {
			emit_next(emit);
			decision_head(emit, d);
		}
		size_t len = emit->split ? emit_fit(rest, emit_room(emit) - SMALL) : rest.len;
		json_key(emit->json, "record");
		json_string(emit->json, (struct bytes){rest.at, len});
		rest.at += len;
		rest.len -= len;
	}
}

static void decision(struct emit *emit, const void *entry)
{
	const struct audit_entry_decision *d = entry;
	decision_head(emit, d);
	open_list(emit, "interventions");
	for (size_t i = 0; i < d->intervention_count; i++)
		intervention(emit, d, &d->intervention[i]);
	json_close(emit->json, ']');
	record(emit, d);
}

bool audit_entry_decision(struct audit_batch *batch, int64_t time_ns, const struct audit_entry_decision *d)
{
	return emit_entry(batch, time_ns, "decision", decision, d);
}

/* delivered and signal: audit_entry_read reads what these write */

static void delivered(struct emit *emit, const void *entry)
{
	const struct audit_entry_delivered *d = entry;
	emit_id(emit, "method", d->method);
	emit_id(emit, "ruleset", d->ruleset);
	emit_id(emit, "session", d->session);
	emit_id(emit, "user", d->user);
	emit_word(emit, "kind", d->kind);
	emit_id(emit, "prompt_id", d->prompt_id);
	emit_id(emit, "template_id", d->template_id);
	emit_id(emit, "text", d->text);
	emit_id(emit, "locale", d->locale);
}

bool audit_entry_delivered(struct audit_batch *batch, int64_t time_ns, const struct audit_entry_delivered *d)
{
	return emit_entry(batch, time_ns, "delivered", delivered, d);
}

static void signal_entry(struct emit *emit, const void *entry)
{
	const struct audit_entry_signal *s = entry;
	emit_id(emit, "method", s->method);
	emit_id(emit, "session", s->session);
	emit_id(emit, "user", s->user);
	emit_word(emit, "kind", s->kind);
	emit_id(emit, "item", s->item);
	emit_id(emit, "category", s->category);
	emit_id(emit, "prompt_id", s->prompt_id);
}

bool audit_entry_signal(struct audit_batch *batch, int64_t time_ns, const struct audit_entry_signal *s)
{
	return emit_entry(batch, time_ns, "signal", signal_entry, s);
}

/* ruleset */

static void ruleset_head(struct emit *emit, const struct audit_entry_ruleset *r)
{
	emit_id(emit, "name", r->name);
	emit_id(emit, "version", r->version);
	emit_id(emit, "digest", r->digest);
	if (!emit->split || emit->part == 1)
		emit_text(emit, "configuration", r->configuration, EMIT_TEXT_MAX);
	open_list(emit, "sources");
}

static void ruleset_next(struct emit *emit, const struct audit_entry_ruleset *r)
{
	json_close(emit->json, ']');
	emit_next(emit);
	ruleset_head(emit, r);
}

/* A file that does not fit goes on in the next part, from the byte `from` of its text. */
static void source(struct emit *emit, const struct audit_entry_ruleset *r, const struct audit_entry_source *s)
{
	size_t from = 0;
	do {
		if (from > 0 || emit_room(emit) < EMIT_ID_MAX + SMALL)
			ruleset_next(emit, r);
		struct bytes rest = {s->text.at + from, s->text.len - from};
		json_open(emit->json, '{');
		emit_id(emit, "name", s->name);
		if (from > 0)
			emit_uint(emit, "from", from);
		rest.len = emit->split ? emit_fit(rest, emit_room(emit) - SMALL / 2) : rest.len;
		json_key(emit->json, "text");
		json_string(emit->json, rest);
		json_close(emit->json, '}');
		from += rest.len;
	} while (from < s->text.len);
}

static void ruleset(struct emit *emit, const void *entry)
{
	const struct audit_entry_ruleset *r = entry;
	ruleset_head(emit, r);
	for (size_t i = 0; i < r->source_count; i++)
		source(emit, r, &r->source[i]);
	json_close(emit->json, ']');
}

bool audit_entry_ruleset(struct audit_batch *batch, int64_t time_ns, const struct audit_entry_ruleset *r)
{
	return emit_entry(batch, time_ns, "ruleset", ruleset, r);
}

static void failure(struct emit *emit, const void *entry)
{
	const struct audit_entry_failure *f = entry;
	emit_word(emit, "class", f->class);
	emit_word(emit, "effect", f->effect);
	emit_uint(emit, "count", f->count);
	emit_text(emit, "reason", f->reason, EMIT_TEXT_MAX);
}

bool audit_entry_failure(struct audit_batch *batch, int64_t time_ns, const struct audit_entry_failure *f)
{
	return emit_entry(batch, time_ns, "failure", failure, f);
}

static void mode(struct emit *emit, const void *entry)
{
	const struct audit_entry_mode *m = entry;
	emit_word(emit, "mode", m->mode);
	if (m->until_ns)
		emit_time(emit, "until", m->until_ns);
	emit_id(emit, "by", m->by);
	emit_word(emit, "cause", m->cause);
}

bool audit_entry_mode(struct audit_batch *batch, int64_t time_ns, const struct audit_entry_mode *m)
{
	return emit_entry(batch, time_ns, "mode", mode, m);
}

/* the log's own */

static void open_head(struct emit *emit, const struct audit_entry_open *o)
{
	char duration[32];
	emit_id(emit, "origin", o->origin);
	if (emit->split && emit->part > 1)
		return;
	emit_id(emit, "vkey", o->vkey);
	emit_word(emit, "durability", o->durability);
	time_format_duration(o->publish_ns, duration);
	emit_word(emit, "publish", duration);
	emit_id(emit, "retain", o->retain);
	if (bytes_present(o->predecessor)) {
		json_key(emit->json, "predecessor");
		json_open(emit->json, '{');
		emit_id(emit, "origin", o->predecessor);
		emit_text(emit, "checkpoint", o->predecessor_checkpoint, EMIT_TEXT_MAX);
		json_close(emit->json, '}');
	}
	/* Versions come as JSON and are put in as they are, if they are JSON and short. */
	if (bytes_present(o->versions) && o->versions.len <= EMIT_TEXT_MAX &&
	    entry_json_object(o->versions)) {
		json_key(emit->json, "versions");
		buf_add_bytes(emit->json, o->versions);
	} else {
		emit_text(emit, "versions", o->versions, EMIT_TEXT_MAX);
	}
}

static void open_entry(struct emit *emit, const void *entry)
{
	const struct audit_entry_open *o = entry;
	struct bytes rest = bytes_present(o->configuration) ? o->configuration : BYTES_LITERAL("");
	open_head(emit, o);
	for (;;) {
		size_t len = emit->split ? emit_fit(rest, emit_room(emit) - SMALL) : rest.len;
		json_key(emit->json, "configuration");
		json_string(emit->json, (struct bytes){rest.at, len});
		rest.at += len;
		rest.len -= len;
		if (rest.len == 0)
			break;
		emit_next(emit);
		open_head(emit, o);
	}
	if (o->word)
		entry_emit_words(emit, o);
}

bool audit_entry_open(struct audit_batch *batch, int64_t time_ns, const struct audit_entry_open *o)
{
	return emit_entry(batch, time_ns, "open", open_entry, o);
}

static void recovery(struct emit *emit, const void *entry)
{
	const struct audit_entry_recovery *r = entry;
	emit_text(emit, "reason", r->reason, EMIT_TEXT_MAX);
	emit_uint(emit, "entries", r->entries);
	emit_uint(emit, "cut", r->cut);
	emit_id(emit, "file", r->file);
	emit_id(emit, "digest", r->digest);
}

bool audit_entry_recovery(struct audit_batch *batch, int64_t time_ns, const struct audit_entry_recovery *r)
{
	return emit_entry(batch, time_ns, "recovery", recovery, r);
}
