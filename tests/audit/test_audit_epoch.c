/* SPDX-License-Identifier: Apache-2.0
 *
 * Epochs: sealed while entries are appended, pruned, and repaired.
 */
#include "kit.h"

#include "audit/key.h"
#include "audit/reader.h"
#include "audit/repair.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEAL = 40, THREADS = 4, EACH = 150 };

/* Sealing needs rounds of publishing; nothing waits for a time, only for what the rounds do. */
static void seal_often(struct kit *kit)
{
	kit->options.seal_entries = SEAL;
	kit->options.publish_ns = 10 * (TIME_SECOND / 1000);
}

static unsigned epoch_of(struct audit_log *log)
{
	struct audit_log_state state;
	audit_log_state(log, &state);
	return state.epoch;
}

static void opt(struct audit_log *log, const char *session, const char *kind)
{
	struct audit_batch batch = {0};
	struct err err;
	const struct audit_entry_signal signal = {.session = bytes_of(session), .kind = kind};
	assert_true(audit_entry_signal(&batch, audit_log_now(log), &signal));
	if (!audit_log_append_wait(log, &batch, NULL, &err))
		fail_msg("%s", err.text);
	audit_batch_done(&batch);
}

static void state_rules(struct audit_log *log)
{
	struct audit_batch batch = {0};
	const struct audit_entry_source source = {BYTES_LITERAL("a.cfg"), BYTES_LITERAL("rules = ();")};
	const struct audit_entry_ruleset ruleset = {.name = BYTES_LITERAL("r"),
						    .digest = BYTES_LITERAL("sha256:1"),
						    .source = &source,
						    .source_count = 1};
	assert_true(audit_entry_ruleset(&batch, audit_log_now(log), &ruleset));
	assert_true(audit_log_append_wait(log, &batch, NULL, NULL));
	audit_batch_done(&batch);
}

/* Appends until this epoch has been sealed. */
static void fill_until_sealed(struct audit_log *log)
{
	unsigned epoch = epoch_of(log);
	for (uint64_t i = 0; epoch_of(log) == epoch; i++)
		kit_append(log, i, 20);
}

/* ---- sealing while entries are appended ---- */

struct producer {
	pthread_t thread;
	struct audit_log *log;
	uint64_t from;
	struct {
		const char *origin;
		uint64_t index;
	} receipt[EACH];
};

struct one {
	struct audit_append append;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool over;
};

static void on_done(struct audit_append *append)
{
	struct one *one = (struct one *)append;
	pthread_mutex_lock(&one->lock);
	one->over = true;
	pthread_cond_signal(&one->cond);
	pthread_mutex_unlock(&one->lock);
}

static void *produce(void *arg)
{
	struct producer *p = arg;
	for (unsigned i = 0; i < EACH; i++) {
		struct audit_batch batch = {0};
		struct one one = {.append = {.batch = &batch, .done = on_done},
				  .lock = PTHREAD_MUTEX_INITIALIZER,
				  .cond = PTHREAD_COND_INITIALIZER};
		if (!kit_signal(&batch, audit_log_now(p->log), p->from + i, 20))
			return p;
		audit_log_append(p->log, &one.append);
		pthread_mutex_lock(&one.lock);
		while (!one.over)
			pthread_cond_wait(&one.cond, &one.lock);
		pthread_mutex_unlock(&one.lock);
		audit_batch_done(&batch);
		if (!one.append.durable)
			return p;
		p->receipt[i].origin = one.append.origin;
		p->receipt[i].index = one.append.first_index;
	}
	return NULL;
}

struct lookup {
	char want[32];
	bool found;
};

static bool look(void *ctx, uint64_t index, struct bytes leaf)
{
	struct lookup *lookup = ctx;
	(void)index;
	lookup->found = memmem(leaf.at, leaf.len, lookup->want, strlen(lookup->want)) != NULL;
	return false;
}

/* Is the entry that a receipt names the one it was given for? */
static bool receipt_holds(struct kit *kit, const char *origin, uint64_t index, uint64_t number)
{
	struct audit_reader reader;
	struct err err;
	struct lookup lookup;
	int dir = open(kit->dir, O_RDONLY | O_DIRECTORY);
	snprintf(lookup.want, sizeof lookup.want, "\"item\":\"%" PRIu64 "-", number);
	lookup.found = false;
	unsigned epoch = audit_epoch_parse(strrchr(origin, '/') + 1);
	bool good = audit_reader_open(&reader, dir, epoch, &err) &&
		    audit_reader_walk(&reader, index, index + 1, look, &lookup, NULL, &err) && lookup.found;
	audit_reader_close(&reader);
	close(dir);
	return good;
}

static void receipts_hold_over_a_change_of_epochs(void **state)
{
	struct kit *kit = *state;
	struct producer *p = calloc(THREADS, sizeof *p);
	struct err err;
	seal_often(kit);
	struct audit_log *log = kit_open(kit);
	for (unsigned i = 0; i < THREADS; i++) {
		p[i] = (struct producer){.log = log, .from = 1000000 * (uint64_t)(i + 1)};
		assert_int_equal(pthread_create(&p[i].thread, NULL, produce, &p[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		void *refused;
		pthread_join(p[i].thread, &refused);
		assert_null(refused); /* none failed */
	}
	fill_until_sealed(log);
	unsigned epochs = epoch_of(log);
	/* origins live as long as the log: the close comes after the look */
	size_t wrong = 0;
	for (unsigned i = 0; i < THREADS; i++)
		for (unsigned j = 0; j < EACH; j++)
			wrong += !receipt_holds(kit, p[i].receipt[j].origin, p[i].receipt[j].index,
						p[i].from + j);
	assert_int_equal(wrong, 0);
	if (!audit_log_close(log, &err))
		fail_msg("%s", err.text);
	kit_sound(kit);
	print_message("%u epochs\n", epochs);
	assert_true(epochs >= 2);
	free(p);
}

/* ---- what is carried ---- */

struct carried {
	struct buf text, scratch;
	unsigned opens, rulesets;
};

static bool see_carried(void *ctx, uint64_t place, struct bytes leaf)
{
	struct carried *carried = ctx;
	struct audit_entry_head head;
	struct audit_entry_words words;
	struct audit_entry_word word;
	assert_true(audit_entry_read_head(leaf, &head, NULL));
	carried->rulesets += bytes_equal(head.type, BYTES_LITERAL("ruleset"));
	if (!bytes_equal(head.type, BYTES_LITERAL("open")))
		return true;
	carried->opens++;
	buf_printf(&carried->text, "%u:", audit_place_epoch(place));
	audit_entry_words_begin(leaf, &head, &carried->scratch, &words);
	while (audit_entry_words_next(&words, &carried->scratch, &word))
		buf_printf(&carried->text, " %.*s %s %u/%" PRIu64, BYTES_ARG(word.subject),
			   word.out ? "out" : "in", audit_place_epoch(word.place),
			   audit_place_index(word.place));
	assert_false(words.bad);
	buf_add_text(&carried->text, "\n");
	return true;
}

static void an_epoch_carries_what_stands(void **state)
{
	struct kit *kit = *state;
	struct carried carried = {.opens = 0};
	struct err err;
	seal_often(kit);
	struct audit_log *log = kit_open(kit);
	state_rules(log);
	opt(log, "ada", "opt_out");
	opt(log, "bob", "opt_out");
	opt(log, "bob", "opt_in");
	fill_until_sealed(log);
	opt(log, "cleo", "opt_out");
	fill_until_sealed(log);
	assert_true(audit_log_scan(log, 0, see_carried, &carried, &err));
	buf_add(&carried.text, "", 1);
	/* Where cleo's word stands depends on how the rounds fell; nothing else does. */
	char *cleo = strstr(carried.text.at, " cleo out 2/");
	assert_non_null(cleo);
	*cleo = '\0';
	assert_string_equal(carried.text.at, "1:\n2: ada out 1/2 bob in 1/4\n3: ada out 1/2 bob in 1/4");
	assert_int_equal(carried.rulesets, 3);
	kit_close(log);
	kit_sound(kit);
	/* The journal of a sealed epoch goes. */
	char path[256];
	kit_path(kit, "0001/journal/00000000000000000000.log", path);
	assert_int_equal(access(path, F_OK), -1);
	buf_done(&carried.text);
	buf_done(&carried.scratch);
}

/* The last epoch cannot be taken away unnoticed while the one before says that it was sealed. */
static void a_missing_successor_is_found(void **state)
{
	struct kit *kit = *state;
	struct buf words = {0};
	char path[256];
	seal_often(kit);
	struct audit_log *log = kit_open(kit);
	fill_until_sealed(log);
	kit_append(log, 1, 20);
	kit_close(log);
	kit_sound(kit);
	kit_path(kit, "0002", path);
	kit_remove(path);
	assert_int_equal(kit_verify(kit->dir, false, &words), AUDIT_UNSOUND);
	buf_add(&words, "", 1);
	assert_string_equal(words.at,
			    "example.org/test/host/0001 is sealed and names example.org/test/host/0002, "
			    "which is not here\n");
	buf_done(&words);
}

/* ---- pruning ---- */

static bool count_one(void *ctx, uint64_t place, struct bytes leaf)
{
	(void)leaf;
	++((unsigned *)ctx)[audit_place_epoch(place)];
	return true;
}

static void make_pruned(struct kit *kit)
{
	seal_often(kit);
	struct audit_log *log = kit_open(kit);
	opt(log, "ada", "opt_out");
	fill_until_sealed(log);
	kit_append(log, 1, 20);
	kit_close(log);
	kit_sound(kit);
	kit->options.retain_ns = 1;
	kit->options.retain = BYTES_LITERAL("1ns");
	kit->options.seal_entries = 0;
	log = kit_open(kit);
	while (!kit_said(kit, "entries pruned"))
		kit_append(log, 2, 20);
	kit_close(log);
}

static void pruned_entries_are_gone_and_the_rest_stands(void **state)
{
	struct kit *kit = *state;
	struct buf words = {0};
	struct carried carried = {.opens = 0};
	unsigned seen[8] = {0};
	struct err err;
	char path[256];
	make_pruned(kit);
	kit_path(kit, "0001/tile/entries", path);
	assert_int_equal(access(path, F_OK), -1);
	assert_true(kit_exists(kit, "0001/tile/0") && kit_exists(kit, "0001/checkpoint"));
	if (kit_verify(kit->dir, true, &words) != AUDIT_SOUND)
		fail_msg("%.*s", (int)words.len, words.at);
	struct audit_log *log = kit_open(kit);
	assert_true(audit_log_scan(log, 0, count_one, seen, &err));
	assert_true(seen[1] == 0 && seen[2] > 2);
	assert_true(audit_log_scan(log, 0, see_carried, &carried, &err));
	assert_non_null(memmem(carried.text.at, carried.text.len, " ada out 1/1", 12));
	kit_close(log);
	buf_done(&words);
	buf_done(&carried.text);
	buf_done(&carried.scratch);
}

static void expect_finding(struct kit *kit, const char *finding)
{
	struct buf words = {0};
	assert_int_equal(kit_verify(kit->dir, true, &words), AUDIT_UNSOUND);
	buf_add(&words, "", 1);
	if (!strstr(words.at, finding))
		fail_msg("not \"%s\" but: %s", finding, words.at);
	buf_done(&words);
}

/* Only the log itself can prune: what others delete is missing. */
static void what_is_deleted_without_the_key_is_missing(void **state)
{
	struct kit *kit = *state;
	struct buf note = {0}, other = {0};
	char path[256];
	make_pruned(kit);
	kit_sound(kit);
	kit_read(kit, "0001/pruned", &note);
	kit_path(kit, "0001/pruned", path);
	unlink(path);
	expect_finding(kit, "0001/tile/entries/000");
	for (size_t at = 0; at < note.len; at++) {
		note.at[at] ^= 4;
		kit_write(kit, "0001/pruned", buf_bytes(&note));
		expect_finding(kit, "0001/pruned: ");
		note.at[at] ^= 4;
	}
	kit_write(kit, "0001/pruned", buf_bytes(&note));
	/* nor does the note of one epoch serve another */
	kit_write(kit, "0002/pruned", buf_bytes(&note));
	expect_finding(kit, "0002/pruned: ");
	kit_path(kit, "0002/pruned", path);
	unlink(path);
	kit_sound(kit);
	buf_done(&note);
	buf_done(&other);
}

/* ---- repair ---- */

static const char segment[] = "0001/journal/00000000000000000000.log";

/* A log with `count` entries beyond `open`, none published: as a kill leaves it. *batch: where each begins. */
static void make_killed(struct kit *kit, struct buf *journal, size_t *batch, unsigned count)
{
	char copy[80];
	snprintf(copy, sizeof copy, "%s-killed", kit->dir);
	struct audit_log *log = kit_open(kit);
	for (uint64_t i = 0; i < count; i++)
		kit_append(log, i, 40);
	kit_copy(kit->dir, copy);
	kit_close(log);
	kit_remove(kit->dir);
	assert_int_equal(rename(copy, kit->dir), 0);
	kit_read(kit, segment, journal);
	size_t at = SEGMENT_HEADER;
	for (size_t i = 0; i <= count; i++) {
		batch[i] = at;
		at += audit_batch_size(audit_batch_claim((const uint8_t *)journal->at + at, UINT64_MAX));
	}
}

static struct audit_repair_options repair_options(struct kit *kit)
{
	return (struct audit_repair_options){
		.directory = kit->dir, .key_file = kit->key, .versions = BYTES_LITERAL("{}")};
}

struct gaps {
	struct audit_entry_gap gap;
	struct buf scratch;
	unsigned count;
	char from[300];
};

static bool see_gap(void *ctx, uint64_t place, struct bytes leaf)
{
	struct gaps *gaps = ctx;
	struct audit_entry_gap gap;
	(void)place;
	if (audit_entry_read_gap(leaf, &gaps->scratch, &gap, NULL, NULL, NULL)) {
		gaps->count++;
		gaps->gap = gap;
		snprintf(gaps->from, sizeof gaps->from, "%.*s: %.*s", BYTES_ARG(gap.origin),
			 BYTES_ARG(gap.reason));
	}
	return true;
}

static void expect_gap(struct kit *kit, uint64_t from, uint64_t to, const char *reason)
{
	struct gaps gaps = {.count = 0};
	struct err err;
	struct audit_log *log = kit_open(kit);
	assert_int_equal(epoch_of(log), 2);
	assert_true(audit_log_scan(log, audit_place(2, 0), see_gap, &gaps, &err));
	assert_int_equal(gaps.count, 1);
	assert_int_equal(gaps.gap.from, from);
	assert_int_equal(gaps.gap.to, to);
	assert_string_equal(gaps.from, reason);
	kit_append(log, 1, 10);
	kit_close(log);
	buf_done(&gaps.scratch);
}

static void damage_in_the_middle_is_set_aside(void **state)
{
	enum { COUNT = 6, HURT = 3 };
	struct kit *kit = *state;
	struct buf journal = {0}, kept = {0};
	size_t batch[COUNT + 1];
	struct err err;
	struct audit_repair_options options = repair_options(kit);
	make_killed(kit, &journal, batch, COUNT);
	assert_int_equal(audit_repair_look(&options, &err), AUDIT_LOOK_WHOLE);
	journal.at[batch[HURT] + BATCH_HEADER + 20] ^= 1;
	kit_write(kit, segment, buf_bytes(&journal));
	/* Looking changes nothing and says the place. */
	char want[256];
	assert_int_equal(audit_repair_look(&options, &err), AUDIT_LOOK_DAMAGED);
	snprintf(want, sizeof want,
		 "%s/0001: journal/00000000000000000000.log: byte %zu, entry 3: the batch's CRC is wrong, "
		 "and valid "
		 "entries follow",
		 kit->dir, batch[HURT]);
	assert_string_equal(err.text, want);
	assert_null(audit_log_open(&kit->options, &err));
	if (!audit_repair(&options, &err))
		fail_msg("%s", err.text);
	/* What was there is there, byte for byte, and what could be read is signed. */
	kit_read(kit, "0001/quarantine/00000000000000000000.log", &kept);
	assert_true(bytes_equal(buf_bytes(&kept), buf_bytes(&journal)));
	assert_false(kit_exists(kit, segment));
	assert_true(kit_exists(kit, "0001/tile/entries/000.p/3"));
	kit_sound(kit);
	snprintf(want, sizeof want,
		 "example.org/test/host/0001: journal/00000000000000000000.log: byte %zu, entry 3: the "
		 "batch's CRC "
		 "is wrong, and valid entries follow",
		 batch[HURT]);
	expect_gap(kit, HURT, COUNT + 1, want);
	kit_sound(kit);
	assert_int_equal(audit_repair_look(&options, &err), AUDIT_LOOK_WHOLE);
	/* The digest of what was set aside is held against it. */
	kept.at[5000] ^= 1;
	kit_write(kit, "0001/quarantine/00000000000000000000.log", buf_bytes(&kept));
	expect_finding(kit, "0002/gap: 0001/quarantine/00000000000000000000.log: is not what was set aside");
	buf_done(&journal);
	buf_done(&kept);
}

/* Ended after the gap entry and before the move: the next call does the move alone. */
static void a_repair_that_was_ended_is_finished(void **state)
{
	enum { COUNT = 4 };
	struct kit *kit = *state;
	struct buf journal = {0};
	size_t batch[COUNT + 1];
	struct err err;
	bool moved;
	struct audit_repair_options options = repair_options(kit);
	make_killed(kit, &journal, batch, COUNT);
	journal.at[batch[2] + 3] ^= 1;
	kit_write(kit, segment, buf_bytes(&journal));
	assert_true(audit_repair(&options, &err));
	char from[256], to[256];
	kit_path(kit, "0001/quarantine/00000000000000000000.log", from);
	kit_path(kit, segment, to);
	assert_int_equal(rename(from, to), 0);
	expect_finding(kit, "0002/gap: 0001/quarantine/00000000000000000000.log: is missing");
	assert_true(audit_repair_finish(&options, &moved, &err) && moved);
	kit_sound(kit);
	assert_true(audit_repair_finish(&options, &moved, &err) && !moved);
	buf_done(&journal);
}

static void a_wrong_segment_header_is_set_aside(void **state)
{
	enum { COUNT = 4 };
	struct kit *kit = *state;
	struct buf journal = {0};
	size_t batch[COUNT + 1];
	struct err err;
	struct audit_repair_options options = repair_options(kit);
	make_killed(kit, &journal, batch, COUNT);
	journal.at[SEGMENT_SALT] ^= 1;
	kit_write(kit, segment, buf_bytes(&journal));
	assert_int_equal(audit_repair_look(&options, &err), AUDIT_LOOK_DAMAGED);
	if (!audit_repair(&options, &err))
		fail_msg("%s", err.text);
	expect_gap(kit, 0, 0,
		   "example.org/test/host/0001: journal/00000000000000000000.log: header: its CRC is wrong");
	kit_sound(kit);
	buf_done(&journal);
}

/* A checkpoint that cannot be read leaves nothing to go on from: the epoch stays as it is. */
static void a_spoiled_checkpoint_begins_a_new_epoch_and_stays(void **state)
{
	struct kit *kit = *state;
	struct buf note = {0}, after = {0};
	struct err err;
	struct audit_repair_options options = repair_options(kit);
	kit_close(kit_open(kit));
	kit_read(kit, "0001/checkpoint", &note);
	note.at[note.len / 2] ^= 4;
	kit_write(kit, "0001/checkpoint", buf_bytes(&note));
	assert_int_equal(audit_repair_look(&options, &err), AUDIT_LOOK_DAMAGED);
	if (!audit_repair(&options, &err))
		fail_msg("%s", err.text);
	kit_read(kit, "0001/checkpoint", &after);
	assert_true(bytes_equal(buf_bytes(&note), buf_bytes(&after)));
	expect_finding(kit, "0001/checkpoint: ");
	buf_done(&note);
	buf_done(&after);
}

static void repair_refuses_another_key_and_a_live_writer(void **state)
{
	struct kit *kit = *state;
	struct err err;
	char want[300], key[300];
	struct buf journal = {0};
	size_t batch[4];
	struct audit_repair_options options = repair_options(kit);
	struct audit_log *log = kit_open(kit);
	assert_int_equal(audit_repair_look(&options, &err), AUDIT_LOOK_FAILED);
	snprintf(
		want, sizeof want,
		"%s: another process writes this log; stop it first, or give this one a directory of its own",
		kit->dir);
	assert_string_equal(err.text, want);
	kit_close(log);
	kit_remove(kit->dir);
	assert_int_equal(mkdir(kit->dir, 0755), 0);
	make_killed(kit, &journal, batch, 3);
	journal.at[batch[1] + 3] ^= 1;
	kit_write(kit, segment, buf_bytes(&journal));
	options.key_file = NULL;
	assert_false(audit_repair(&options, &err));
	snprintf(want, sizeof want,
		 "%s: holds no audit key; name the one that signs this log with --audit-key", kit->dir);
	assert_string_equal(err.text, want);
	snprintf(key, sizeof key, "%s2", kit->key);
	assert_true(audit_key_create(key, BYTES_LITERAL("other"), NULL, &err));
	options.key_file = key;
	assert_false(audit_repair(&options, &err));
	snprintf(want, sizeof want,
		 "%s: is not the key that this log was begun with; give that one with --audit-key", key);
	assert_string_equal(err.text, want);
	unlink(key);
	buf_done(&journal);
}

/* ---- a change of epochs that was cut short ---- */

/* An epoch that was being made and has no entry does not count. */
static void an_empty_epoch_does_not_count(void **state)
{
	struct kit *kit = *state;
	char from[256], to[256];
	struct audit_log *log = kit_open(kit);
	kit_append(log, 1, 20);
	kit_close(log);
	/* as make_next leaves it: identity, journal, nothing else */
	struct kit *other;
	void *made;
	assert_int_equal(kit_setup(&made), 0);
	other = made;
	other->options.key_file = kit->key;
	seal_often(other);
	log = kit_open(other);
	kit_path(other, "0002", from);
	while (access(from, F_OK) != 0)
		kit_append(log, 1, 20);
	fill_until_sealed(log);
	kit_close(log);
	struct buf id = {0};
	kit_read(other, "0002/log.id", &id);
	kit_path(kit, "0002", to);
	assert_int_equal(mkdir(to, 0755), 0);
	kit_path(kit, "0002/journal", to);
	assert_int_equal(mkdir(to, 0755), 0);
	kit_write(kit, "0002/log.id", buf_bytes(&id));
	log = kit_open(kit);
	assert_int_equal(epoch_of(log), 1);
	seal_often(kit);
	kit_close(log);
	/* and it is taken when this one is sealed */
	log = kit_open(kit);
	fill_until_sealed(log);
	assert_int_equal(epoch_of(log), 2);
	kit_append(log, 1, 20);
	kit_close(log);
	kit_sound(kit);
	buf_done(&id);
	kit_teardown(&made);
}

/* Nor does one that has not even a name: whoever made it died first, in the middle of a write to the one before. */
static void a_nameless_epoch_does_not_count(void **state)
{
	struct kit *kit = *state;
	struct buf journal = {0};
	size_t batch[8];
	char path[256];
	make_killed(kit, &journal, batch, 5);
	journal.at[batch[5] + 20] ^= 1; /* the last batch is torn */
	kit_write(kit, segment, buf_bytes(&journal));
	kit_path(kit, "0002", path);
	assert_int_equal(mkdir(path, 0755), 0);
	kit_path(kit, "0002/journal", path);
	assert_int_equal(mkdir(path, 0755), 0);
	struct audit_log *log = kit_open(kit);
	assert_int_equal(epoch_of(log), 1);
	seal_often(kit);
	kit_close(log);
	log = kit_open(kit);
	fill_until_sealed(log);
	assert_int_equal(epoch_of(log), 2);
	kit_close(log);
	kit_sound(kit);
	buf_done(&journal);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = {
		TEST(receipts_hold_over_a_change_of_epochs),
		TEST(an_epoch_carries_what_stands),
		TEST(a_missing_successor_is_found),
		TEST(pruned_entries_are_gone_and_the_rest_stands),
		TEST(what_is_deleted_without_the_key_is_missing),
		TEST(damage_in_the_middle_is_set_aside),
		TEST(a_repair_that_was_ended_is_finished),
		TEST(a_wrong_segment_header_is_set_aside),
		TEST(a_spoiled_checkpoint_begins_a_new_epoch_and_stays),
		TEST(repair_refuses_another_key_and_a_live_writer),
		TEST(an_empty_epoch_does_not_count),
		TEST(a_nameless_epoch_does_not_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
