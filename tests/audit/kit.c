/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"

#include "audit/key.h"
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t kit_clock(void *ctx)
{
	struct kit *kit = ctx;
	return atomic_fetch_add(&kit->now_ns, 1000);
}

static void kit_talk(void *ctx, char severity, const char *text)
{
	struct kit *kit = ctx;
	pthread_mutex_lock(&kit->lock);
	buf_printf(&kit->talk, "%c %s\n", severity, text);
	pthread_mutex_unlock(&kit->lock);
}

int kit_setup(void **state)
{
	struct kit *kit = calloc(1, sizeof *kit);
	struct err err;
	char keys[64];
	/* In memory where there is such a place: sweeps open and close a log thousands of times. */
	const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(kit->dir, sizeof kit->dir, "%s/rankguard-audit-XXXXXX", base);
	snprintf(keys, sizeof keys, "%s/rankguard-audit-key-XXXXXX", base);
	if (!mkdtemp(kit->dir) || !mkdtemp(keys))
		return -1;
	snprintf(kit->key, sizeof kit->key, "%s/key", keys);
	if (!audit_key_create(kit->key, BYTES_LITERAL("test"), NULL, &err))
		return -1;
	pthread_mutex_init(&kit->lock, NULL);
	atomic_store(&kit->now_ns, INT64_C(1763892000) * TIME_SECOND);
	kit->options = (struct audit_options){
		.directory = kit->dir,
		.origin = "example.org/test",
		.identity = "host",
		.key_file = kit->key,
		.durability = AUDIT_DISK,
		.publish_ns = TIME_HOUR,
		.configuration = BYTES_LITERAL("none"),
		.versions = BYTES_LITERAL("{\"rankguard\":\"test\"}"),
		.retain = BYTES_LITERAL("forever"),
		.clock = kit_clock,
		.clock_ctx = kit,
		.talk = kit_talk,
		.talk_ctx = kit,
		.segment_bytes = AUDIT_SEGMENT_LEAST,
	};
	*state = kit;
	return 0;
}

int kit_teardown(void **state)
{
	struct kit *kit = *state;
	kit_remove(kit->dir);
	*strrchr(kit->key, '/') = '\0';
	kit_remove(kit->key);
	buf_done(&kit->talk);
	pthread_mutex_destroy(&kit->lock);
	free(kit);
	return 0;
}

struct audit_log *kit_open(struct kit *kit)
{
	struct err err;
	struct audit_log *log = audit_log_open(&kit->options, &err);
	if (!log)
		fail_msg("%s", err.text);
	return log;
}

void kit_close(struct audit_log *log)
{
	struct err err;
	if (!audit_log_close(log, &err))
		fail_msg("%s", err.text);
}

void kit_refused(struct kit *kit, const char *want)
{
	struct err err;
	struct buf text = {0};
	struct audit_log *log = audit_log_open(&kit->options, &err);
	assert_null(log);
	for (; *want; want++) {
		if (want[0] == '%' && want[1] == 'D') {
			buf_add_text(&text, kit->options.directory);
			want++;
		} else {
			buf_add(&text, want, 1);
		}
	}
	buf_add(&text, "", 1);
	assert_string_equal(err.text, text.at);
	buf_done(&text);
}

bool kit_signal(struct audit_batch *batch, int64_t time_ns, uint64_t number, size_t size)
{
	char item[1001];
	memset(item, 'x', sizeof item);
	int used = snprintf(item, sizeof item, "%" PRIu64, number);
	if (size > (size_t)used)
		item[used] = '-';
	const struct audit_entry_signal signal = {
		.method = BYTES_LITERAL("/test.v1.Feedback/Send"),
		.session = BYTES_LITERAL("0123456789abcdef0123456789abcdef"),
		.kind = "dissatisfied",
		.item = {item, size > 1000	     ? 1000
			       : size > (size_t)used ? size
						     : (size_t)used},
	};
	return audit_entry_signal(batch, time_ns, &signal);
}

uint64_t kit_append(struct audit_log *log, uint64_t number, size_t size)
{
	struct audit_batch batch = {0};
	struct err err;
	uint64_t index = 0;
	assert_true(kit_signal(&batch, audit_log_now(log), number, size));
	if (!audit_log_append_wait(log, &batch, &index, &err))
		fail_msg("%s", err.text);
	audit_batch_done(&batch);
	return index;
}

void kit_fill(struct audit_log *log, uint64_t count)
{
	struct err err;
	for (uint64_t done = 0; done < count;) {
		struct audit_batch batch = {0};
		for (int i = 0; i < 500 && done < count; i++, done++)
			assert_true(kit_signal(&batch, audit_log_now(log), done, 8));
		if (!audit_log_append_wait(log, &batch, NULL, &err))
			fail_msg("%s", err.text);
		audit_batch_done(&batch);
	}
}

bool kit_said(struct kit *kit, const char *text)
{
	pthread_mutex_lock(&kit->lock);
	bool found = kit->talk.len && memmem(kit->talk.at, kit->talk.len, text, strlen(text));
	pthread_mutex_unlock(&kit->lock);
	return found;
}

static void on_finding(void *ctx, const char *text)
{
	struct buf *words = ctx;
	if (words)
		buf_printf(words, "%s\n", text);
}

enum audit_verdict kit_verify(const char *dir, bool strict, struct buf *words)
{
	struct audit_verify_options options = {
		.path = dir, .strict = strict, .finding = on_finding, .ctx = words};
	struct err err;
	enum audit_verdict verdict = audit_verify(&options, &err);
	if (verdict == AUDIT_CANNOT && words)
		buf_printf(words, "%s\n", err.text);
	return verdict;
}

void kit_sound(struct kit *kit)
{
	struct buf words = {0};
	if (kit_verify(kit->dir, true, &words) != AUDIT_SOUND)
		fail_msg("%.*s", (int)words.len, words.at);
	buf_done(&words);
}

void kit_path(const struct kit *kit, const char *name, char path[256])
{
	snprintf(path, 256, "%s/%s", kit->dir, name);
}

void kit_read(const struct kit *kit, const char *name, struct buf *content)
{
	char path[256], block[65536];
	size_t n;
	kit_path(kit, name, path);
	FILE *file = fopen(path, "rb");
	if (!file)
		fail_msg("%s cannot be read", path);
	buf_clear(content);
	while ((n = fread(block, 1, sizeof block, file)) > 0)
		buf_add(content, block, n);
	fclose(file);
}

void kit_write(const struct kit *kit, const char *name, struct bytes content)
{
	char path[256];
	kit_path(kit, name, path);
	unlink(path);
	FILE *file = fopen(path, "wb");
	if (!file || (content.len && fwrite(content.at, 1, content.len, file) != content.len))
		fail_msg("%s cannot be written", path);
	fclose(file);
}

bool kit_exists(const struct kit *kit, const char *name)
{
	char path[256];
	kit_path(kit, name, path);
	return access(path, F_OK) == 0;
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *ftw)
{
	(void)stat;
	(void)kind;
	(void)ftw;
	return remove(path);
}

void kit_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void kit_copy(const char *from, const char *to)
{
	DIR *dir = opendir(from);
	char source[512], target[512], block[65536];
	struct stat stat;
	if (!dir || (mkdir(to, 0755) != 0 && access(to, F_OK) != 0))
		fail_msg("%s cannot be copied to %s", from, to);
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(source, sizeof source, "%s/%s", from, entry->d_name);
		snprintf(target, sizeof target, "%s/%s", to, entry->d_name);
		assert_int_equal(lstat(source, &stat), 0);
		if (S_ISDIR(stat.st_mode)) {
			kit_copy(source, target);
			continue;
		}
		FILE *in = fopen(source, "rb"), *out = fopen(target, "wb");
		if (!in || !out)
			fail_msg("%s cannot be copied", source);
		for (size_t n; (n = fread(block, 1, sizeof block, in)) > 0;)
			assert_int_equal(fwrite(block, 1, n, out), n);
		fclose(in);
		fclose(out);
		chmod(target, stat.st_mode & 07777);
	}
	closedir(dir);
}

void kit_segment(const struct kit *kit, char name[64])
{
	char path[256];
	int found = 0;
	kit_path(kit, "0001/journal", path);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, 64, "0001/journal/%.24s", entry->d_name);
		found++;
	}
	closedir(dir);
	assert_int_equal(found, 1);
}
