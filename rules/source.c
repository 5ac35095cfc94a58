/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads a regular file of at most SOURCE_MAX bytes. Returns a sentence of what is wrong, or NULL. */
static const char *read_file(const char *path, struct arena *arena, struct bytes *text)
{
	const char *wrong = NULL;
	char *at = NULL;
	size_t len = 0;
	struct stat stat;
	/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &stat) != 0)
		wrong = strerror(errno);
	else if (!S_ISREG(stat.st_mode))
		wrong = "is not a regular file; rules stand in regular files";
	else if (stat.st_size > SOURCE_MAX)
		wrong = "is larger than 4 MiB; split it into several files of one directory";
	else if (!(at = arena_alloc(arena, (size_t)stat.st_size + 1)))
		wrong = strerror(ENOMEM);
	/* One byte more than fstat said: a file that grew meanwhile is noticed. */
	while (!wrong) {
		ssize_t got = read(fd, at + len, (size_t)stat.st_size + 1 - len);
		if (got < 0 && errno != EINTR)
			wrong = strerror(errno);
		else if (got > 0 && (len += (size_t)got) > (size_t)stat.st_size)
			wrong = "changed while it was read; load it again";
		else if (got == 0)
			break;
	}
	if (fd >= 0)
		close(fd);
	if (!wrong)
		*text = (struct bytes){at, len};
	return wrong;
}

static struct source *add(struct sources *sources, struct arena *arena, struct source source)
{
	if (sources->count == sources->room) {
		size_t room = sources->room ? sources->room * 2 : 16;
		struct source *grown = arena_array(arena, room, sizeof *grown);
		if (!grown)
			return NULL;
		if (sources->count)
			memcpy(grown, sources->at, sources->count * sizeof *grown);
		sources->at = grown;
		sources->room = room;
	}
	sources->at[sources->count] = source;
	return &sources->at[sources->count++];
}

static void add_file(struct sources *sources, const char *path, const char *name, struct arena *arena,
		     struct rules_findings *findings)
{
	struct source source = {.path = arena_string(arena, bytes_of(path)),
				.public.name = arena_copy(arena, bytes_of(name))};
	const char *wrong = read_file(path, arena, &source.public.text);
	/* what the system says ends without what would be right */
	if (wrong)
		rules_findings_add(findings, true, path, 0, "%s%s", wrong,
				   strchr(wrong, ';') ? "" : "; name a file that is there and readable");
	else if (!source.path || !source.public.name.at || !add(sources, arena, source))
		rules_findings_fail(findings, path, strerror(ENOMEM));
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), tail = strlen(end);
	return len >= tail && strcmp(name + len - tail, end) == 0;
}

static int is_rule_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && ends_with(entry->d_name, ".cfg") &&
	       !ends_with(entry->d_name, "_test.cfg");
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void add_directory(struct sources *sources, const char *path, struct arena *arena,
			  struct rules_findings *findings)
{
	struct dirent **names = NULL;
	int count = scandir(path, &names, is_rule_file, by_bytes);
	if (count < 0)
		rules_findings_add(findings, true, path, 0, "%s; name a directory that is readable",
				   strerror(errno));
	if (count == 0)
		rules_findings_add(
			findings, true, path, 0,
			"holds no rule file; put at least one *.cfg there (dot-files and *_test.cfg are "
			"not read)");
	const char *between = ends_with(path, "/") ? "" : "/";
	for (int i = 0; i < count; i++) {
		char *full = arena_printf(arena, "%s%s%s", path, between, names[i]->d_name);
		if (full)
			add_file(sources, full, names[i]->d_name, arena, findings);
		else
			rules_findings_fail(findings, path, strerror(ENOMEM));
		free(names[i]);
	}
	free(names);
}

void rules_sources_read(struct sources *sources, const char *path, struct arena *arena,
			struct rules_findings *findings)
{
	struct stat stat_of;
	if (stat(path, &stat_of) == 0 && S_ISDIR(stat_of.st_mode)) {
		add_directory(sources, path, arena, findings);
		return;
	}
	const char *slash = strrchr(path, '/');
	add_file(sources, path, slash ? slash + 1 : path, arena, findings);
}

/* A name that stays inside the folder, so that the logged ruleset can be laid out again elsewhere. */
static bool is_inside(struct bytes name)
{
	size_t from = 0;
	for (size_t i = 0; i <= name.len; i++) {
		if (i < name.len && name.at[i] == '\n')
			return false;
		if (i < name.len && name.at[i] != '/')
			continue;
		struct bytes part = {name.at + from, i - from};
		if (part.len == 0 || bytes_equal(part, BYTES_LITERAL("..")))
			return false;
		from = i + 1;
	}
	return true;
}

const struct source *rules_sources_add_phrases(struct sources *sources, const char *rule_file, unsigned line,
					       const char *subject, struct bytes name, struct arena *arena,
					       struct rules_findings *findings)
{
	for (size_t i = 0; i < sources->count; i++)
		if (sources->at[i].phrases && bytes_equal(sources->at[i].public.name, name))
			return &sources->at[i];
	if (!is_inside(name)) {
		rules_findings_add(
			findings, true, rule_file, line,
			"%s: phrases_file is \"%.*s\"; it must be a path inside the folder of the rule "
			"file",
			subject, BYTES_ARG(name));
		return NULL;
	}
	const char *slash = strrchr(rule_file, '/');
	int folder = slash ? (int)(slash + 1 - rule_file) : 0;
	struct source source = {.path = arena_printf(arena, "%.*s%.*s", folder, rule_file, BYTES_ARG(name)),
				.public.name = arena_copy(arena, name),
				.phrases = true};
	const char *wrong =
		source.path ? read_file(source.path, arena, &source.public.text) : strerror(ENOMEM);
	if (wrong) {
		rules_findings_add(findings, true, rule_file, line, "%s: phrases_file \"%.*s\": %s", subject,
				   BYTES_ARG(name), wrong);
		return NULL;
	}
	const struct source *kept = source.public.name.at ? add(sources, arena, source) : NULL;
	if (!kept)
		rules_findings_fail(findings, source.path, strerror(ENOMEM));
	return kept;
}

/* Rule files came in byte order; phrases files follow them in byte order, however rules name them. */
static int by_place(const void *left, const void *right)
{
	const struct source *a = left, *b = right;
	int order = (int)a->phrases - (int)b->phrases;
	return order ? order : bytes_compare(a->public.name, b->public.name);
}

struct bytes rules_sources_digest(struct sources *sources, struct arena *arena)
{
	unsigned char sum[32];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL);
	if (sources->count)
		qsort(sources->at, sources->count, sizeof *sources->at, by_place);
	for (size_t i = 0; good && i < sources->count; i++) {
		const struct rules_source *source = &sources->at[i].public;
		char size[32];
		int len = snprintf(size, sizeof size, "\n%zu\n", source->text.len);
		good = EVP_DigestUpdate(context, source->name.at, source->name.len) &&
		       EVP_DigestUpdate(context, size, (size_t)len) &&
		       EVP_DigestUpdate(context, source->text.at, source->text.len);
	}
	good = good && EVP_DigestFinal_ex(context, sum, NULL);
	EVP_MD_CTX_free(context);
	char *text = good ? arena_alloc(arena, 7 + 64 + 1) : NULL;
	if (!text)
		return (struct bytes){0};
	memcpy(text, "sha256:", 7);
	for (size_t i = 0; i < sizeof sum; i++)
		snprintf(text + 7 + 2 * i, 3, "%02x", sum[i]);
	return (struct bytes){text, 71};
}
