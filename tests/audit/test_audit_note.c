/* SPDX-License-Identifier: Apache-2.0
 *
 * Notes and keys are those of c2sp.org/signed-note and of Go's sumdb/note, and nothing looser.
 */
#include "kit.h"

#include "audit/base64.h"
#include "audit/checkpoint.h"
#include "audit/key.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DASH "\xe2\x80\x94 "

/* The example of signed-note. */
static const char spec_vkey[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
#define SPEC_LINE                                                                                            \
	DASH "example.com/foo "                                                                              \
	     "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="  \
	     "\n"
static const char spec_note[] = "This is an example message.\n\n" SPEC_LINE;

/* The example of golang.org/x/mod/sumdb/note. */
static const char go_skey[] =
	"PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
static const char go_vkey[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
#define GO_LINE                                                                                              \
	DASH "PeterNeumann "                                                                                 \
	     "x08go/ZJkuBS9UG/"                                                                              \
	     "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
static const char go_text[] = "If you think cryptography is the answer to your problem,\n"
			      "then you don't know what your problem is.\n";

static void the_specifications_example_verifies(void **state)
{
	struct audit_vkey vkey;
	struct bytes text;
	char again[AUDIT_VKEY_LEN + 1];
	(void)state;
	assert_true(audit_vkey_parse(bytes_of(spec_vkey), &vkey, NULL));
	assert_string_equal(vkey.name, "example.com/foo");
	assert_true(vkey.id == 0x530d903au);
	audit_vkey_text(&vkey, again);
	assert_string_equal(again, spec_vkey);
	assert_true(audit_note_open(bytes_of(spec_note), &vkey, true, &text, NULL));
	assert_true(bytes_equal(text, BYTES_LITERAL("This is an example message.\n")));
}

static void signing_is_gos_byte_for_byte(void **state)
{
	uint8_t seed[AUDIT_SEED_LEN];
	struct audit_vkey vkey;
	struct buf note = {0}, want = {0};
	char text[AUDIT_VKEY_LEN + 1];
	(void)state;
	assert_true(audit_key_parse(bytes_of(go_skey), seed, &vkey, NULL));
	audit_vkey_text(&vkey, text);
	assert_string_equal(text, go_vkey);
	struct audit_signer *signer = audit_signer_new(bytes_of(vkey.name), seed, NULL);
	assert_non_null(signer);
	assert_true(audit_note_sign(signer, bytes_of(go_text), &note));
	buf_printf(&want, "%s\n%s", go_text, GO_LINE);
	assert_true(bytes_equal(buf_bytes(&note), buf_bytes(&want)));
	audit_signer_free(signer);
	buf_done(&note);
	buf_done(&want);
}

/* Each row: a note, whether it may hold other lines than ours, and what is said. NULL: accepted. */
static const struct {
	const char *note;
	bool canonical;
	const char *want;
} notes[] = {
	{spec_note, true, NULL},
	{"This is an example message.\n\n" SPEC_LINE GO_LINE, false, NULL},
	{"This is an example message.\n\n" GO_LINE SPEC_LINE, false, NULL},
	{"This is an example message.\n\n" SPEC_LINE GO_LINE, true,
	 "note: 2 signature lines; this log writes one"},
	{"This is an example message.\n\n" SPEC_LINE SPEC_LINE, true,
	 "note: 2 signature lines; this log writes one"},
	{"", false, "note: no signature; a note is text, an empty line and signature lines"},
	{"\n", false, "note: no signature; a note is text, an empty line and signature lines"},
	{"This is an example message.\n", false,
	 "note: no signature; a note is text, an empty line and signature lines"},
	{"This is an example message.\n\n", false,
	 "note: no signature; a note is text, an empty line and signature lines"},
	{"This is an example message.\n" SPEC_LINE, false,
	 "note: no signature; a note is text, an empty line and signature lines"},
	{"This is an example message.\n\n" DASH "example.com/foo Uw2QOkn8", false,
	 "note: no signature; a note is text, an empty line and signature lines"},
	{"This is an example messagf.\n\n" SPEC_LINE, false,
	 "note: the signature of example.com/foo is wrong: text or key were changed"},
	{"This is an example message.\n\n\n" SPEC_LINE, false,
	 "note: the signature of example.com/foo is wrong: text or key were changed"},
	{"This is an example message.\n\n" GO_LINE, false, "note: not signed by example.com/foo+530d903a"},
	{"This is an example\tmessage.\n\n" SPEC_LINE, false, "note: control character at byte 18"},
	{"This is an example\xff message.\n\n" SPEC_LINE, false, "note: not UTF-8"},
	{"This is an example message.\n\nrubbish\n" SPEC_LINE, false, "note: signature line 1 is malformed"},
	{"This is an example message.\n\n" SPEC_LINE "rubbish\n", false,
	 "note: signature line 2 is malformed"},
	{"This is an example message.\n\n" DASH "example.com/foo Uw2QOg==\n", false,
	 "note: signature line 1 is malformed"},
	{"This is an example message.\n\n" DASH "example.com/foo Uw2QOkn8\n", false,
	 "note: signature line 1 is malformed"},
	{"This is an example message.\n\n" DASH "exa+mple Uw2QOkn8\n", false,
	 "note: signature line 1 is malformed"},
	{"This is an example message.\n\n" DASH " Uw2QOkn8\n", false, "note: signature line 1 is malformed"},
	/* spare bits of the base64 that are not zero */
	{"This is an example message.\n\n" DASH "example.com/foo "
	 "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQN=\n",
	 false, "note: signature line 1 is malformed"},
};

static void notes_are_read_strictly(void **state)
{
	struct audit_vkey vkey;
	struct bytes text;
	struct err err;
	(void)state;
	assert_true(audit_vkey_parse(bytes_of(spec_vkey), &vkey, NULL));
	for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
		bool good = audit_note_open(bytes_of(notes[i].note), &vkey, notes[i].canonical, &text, &err);
		if (good != !notes[i].want)
			fail_msg("row %zu: %s", i, good ? "accepted" : err.text);
		if (!good)
			assert_string_equal(err.text, notes[i].want);
	}
}

static void every_bit_of_a_note_counts(void **state)
{
	struct audit_vkey vkey;
	char note[sizeof spec_note];
	struct bytes text;
	(void)state;
	assert_true(audit_vkey_parse(bytes_of(spec_vkey), &vkey, NULL));
	for (size_t bit = 0; bit < 8 * (sizeof spec_note - 1); bit++) {
		memcpy(note, spec_note, sizeof note);
		note[bit / 8] = (char)(note[bit / 8] ^ (1 << (bit % 8)));
		if (audit_note_open((struct bytes){note, sizeof note - 1}, &vkey, true, &text, NULL))
			fail_msg("bit %zu can be flipped", bit);
	}
}

static const struct {
	const char *vkey, *want;
} vkeys[] = {
	{"", "verifier key: too short; a verifier key is <name>+<8 hex digits>+<base64 of 0x01 and an "
	     "Ed25519 public "
	     "key>"},
	{"example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	 "verifier key: its key ID is 530d903b; name and key make 530d903a"},
	{"example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	 "verifier key: its key ID is 530D903A; name and key make 530d903a"},
	{"example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	 "verifier key: its key ID is 530d903a; name and key make c5b4b8ab"},
	{"example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	 "verifier key: the last part is not an Ed25519 key; a verifier key is <name>+<8 hex digits>+<base64 "
	 "of 0x01 "
	 "and an Ed25519 public key>"},
	{"example.com/foo-530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	 "verifier key: parts are missing; a verifier key is <name>+<8 hex digits>+<base64 of 0x01 and an "
	 "Ed25519 "
	 "public key>"},
	{"exa mple+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	 "\"exa mple\" is not a key name; use 1 to 255 bytes of UTF-8 without spaces, control characters and "
	 "'+'"},
};

static void verifier_keys_are_read_strictly(void **state)
{
	struct audit_vkey vkey;
	struct err err;
	(void)state;
	for (size_t i = 0; i < sizeof vkeys / sizeof *vkeys; i++) {
		assert_false(audit_vkey_parse(bytes_of(vkeys[i].vkey), &vkey, &err));
		if (i != 3) /* the ID that the other name makes is not the point */
			assert_string_equal(err.text, vkeys[i].want);
	}
}

static void key_files_round_trip(void **state)
{
	struct kit *kit = *state;
	char path[256];
	uint8_t seed[AUDIT_SEED_LEN];
	struct audit_vkey made, read;
	struct stat stat_;
	struct err err;
	kit_path(kit, "k", path);
	assert_true(audit_key_create(path, BYTES_LITERAL("example.org/x"), &made, &err));
	assert_int_equal(stat(path, &stat_), 0);
	assert_int_equal(stat_.st_mode & 07777, 0400);
	assert_true(audit_key_load(path, seed, &read, &err));
	assert_memory_equal(&made, &read, sizeof made);
	assert_false(audit_key_create(path, BYTES_LITERAL("example.org/x"), NULL, &err));
	assert_non_null(strstr(err.text, ": exists already; a key is never overwritten, name another file"));
	assert_int_equal(chmod(path, 0444), 0);
	assert_false(audit_key_load(path, seed, &read, &err));
	assert_non_null(strstr(err.text, ": mode 0444 lets everybody read it; chmod 0400"));
}

static const struct {
	const char *content, *want;
} key_files[] = {
	{"", "%s: not a signer key; it must be PRIVATE+KEY+<name>+<8 hex digits>+<base64 of 0x01 and a "
	     "32-byte seed> "
	     "and a newline"},
	{"PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
	 "%s: not a signer key; it must be PRIVATE+KEY+<name>+<8 hex digits>+<base64 of 0x01 and a 32-byte "
	 "seed> and a "
	 "newline"},
	{"PRIVATE+KEY+PeterNeumann+c74f20a4+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n",
	 "%s: its key ID is c74f20a4; name and seed make c74f20a3"},
	{"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
	 "%s: not a signer key; it must be PRIVATE+KEY+<name>+<8 hex digits>+<base64 of 0x01 and a 32-byte "
	 "seed>"},
};

static void key_files_are_read_strictly(void **state)
{
	struct kit *kit = *state;
	for (size_t i = 0; i < sizeof key_files / sizeof *key_files; i++) {
		char path[256], want[512];
		uint8_t seed[AUDIT_SEED_LEN];
		struct audit_vkey vkey;
		struct err err;
		kit_path(kit, "k", path);
		kit_write(kit, "k", bytes_of(key_files[i].content));
		chmod(path, 0400);
		assert_false(audit_key_load(path, seed, &vkey, &err));
		snprintf(want, sizeof want, key_files[i].want, path);
		assert_string_equal(err.text, want);
	}
}

static const struct {
	const char *text, *want;
} checkpoints[] = {
	{"example.org/x\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", NULL},
	{"example.org/x\n9223372036854775807\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", NULL},
	{"example.org/x\n9223372036854775808\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
	 "checkpoint: the size is not a number below 2^63 without leading zeros"},
	{"example.org/x\n00\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
	 "checkpoint: the size is not a number below 2^63 without leading zeros"},
	{"example.org/x\n-1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
	 "checkpoint: the size is not a number below 2^63 without leading zeros"},
	{"example.org/x\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n",
	 "checkpoint: the root is not the base64 of 32 bytes"},
	{"example.org/x\n1\n47DEQpj8HBSa\n", "checkpoint: the root is not the base64 of 32 bytes"},
	{"\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", "checkpoint: the origin is not a key name"},
	{"a b\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
	 "checkpoint: the origin is not a key name"},
	{"example.org/x\n1\n", "checkpoint: lines are missing; it has origin, size and root"},
	{"example.org/x\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nmore\n",
	 "checkpoint: extension lines; this log writes none"},
};

static void checkpoints_are_read_strictly(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof checkpoints / sizeof *checkpoints; i++) {
		struct audit_checkpoint checkpoint;
		struct err err;
		struct buf again = {0};
		bool good = audit_checkpoint_parse(bytes_of(checkpoints[i].text), &checkpoint, &err);
		if (good != !checkpoints[i].want)
			fail_msg("row %zu: %s", i, good ? "accepted" : err.text);
		if (good) {
			audit_checkpoint_text(&checkpoint, &again);
			assert_true(bytes_equal(buf_bytes(&again), bytes_of(checkpoints[i].text)));
		} else {
			assert_string_equal(err.text, checkpoints[i].want);
		}
		buf_done(&again);
	}
}

/* One line in a log file, whatever stands around it, gives the note back. */
static void checkpoint_lines_hold_the_whole_note(void **state)
{
	static const char text[] = "PeterNeumann\n12\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
	uint8_t seed[AUDIT_SEED_LEN];
	struct audit_vkey vkey;
	struct buf note = {0}, line = {0}, wrapped = {0}, again = {0};
	struct err err;
	(void)state;
	assert_true(audit_key_parse(bytes_of(go_skey), seed, &vkey, NULL));
	struct audit_signer *signer = audit_signer_new(bytes_of(vkey.name), seed, NULL);
	assert_true(audit_note_sign(signer, bytes_of(text), &note));
	assert_true(audit_checkpoint_line(buf_bytes(&note), &line, &err));
	buf_printf(&wrapped, "{\"level\":\"info\",\"msg\":\"a checkpoint of checkpoint %.*s\",\"pid\":1}\n",
		   BYTES_ARG(buf_bytes(&line)));
	assert_true(audit_checkpoint_find(buf_bytes(&wrapped), &again));
	assert_true(bytes_equal(buf_bytes(&again), buf_bytes(&note)));
	buf_clear(&again);
	assert_false(
		audit_checkpoint_find(BYTES_LITERAL("no checkpoint here, nor checkpoint a b c d"), &again));
	audit_signer_free(signer);
	buf_done(&note);
	buf_done(&line);
	buf_done(&wrapped);
	buf_done(&again);
}

/* RFC 4648 section 10, and what is not canonical. */
static void base64_has_one_spelling(void **state)
{
	static const struct {
		const char *plain, *text;
	} pairs[] = {{"", ""},
		     {"f", "Zg=="},
		     {"fo", "Zm8="},
		     {"foo", "Zm9v"},
		     {"foob", "Zm9vYg=="},
		     {"fooba", "Zm9vYmE="},
		     {"foobar", "Zm9vYmFy"}};
	static const char *const wrong[] = {"Z",    "Zg",     "Zg=",  "Zh==", "Zm9=", "Zg==Zg==",
					    "Zm 8", "Zm8=\n", "====", "Z===", "Zm-_", "=AAA"};
	char out[16];
	size_t len;
	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct buf text = {0};
		audit_base64_add(&text, pairs[i].plain, strlen(pairs[i].plain));
		assert_true(bytes_equal(buf_bytes(&text), bytes_of(pairs[i].text)));
		assert_true(audit_base64_read(bytes_of(pairs[i].text), out, sizeof out, &len));
		assert_true(bytes_equal((struct bytes){out, len}, bytes_of(pairs[i].plain)));
		buf_done(&text);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (audit_base64_read(bytes_of(wrong[i]), out, sizeof out, &len))
			fail_msg("%s was accepted", wrong[i]);
	assert_false(audit_base64_read(BYTES_LITERAL("Zm9vYmFy"), out, 5, &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_specifications_example_verifies),
		cmocka_unit_test(signing_is_gos_byte_for_byte),
		cmocka_unit_test(notes_are_read_strictly),
		cmocka_unit_test(every_bit_of_a_note_counts),
		cmocka_unit_test(verifier_keys_are_read_strictly),
		cmocka_unit_test_setup_teardown(key_files_round_trip, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(key_files_are_read_strictly, kit_setup, kit_teardown),
		cmocka_unit_test(checkpoints_are_read_strictly),
		cmocka_unit_test(checkpoint_lines_hold_the_whole_note),
		cmocka_unit_test(base64_has_one_spelling),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
