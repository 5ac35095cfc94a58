/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/zones.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 4, ZONES_MAX = 4096, FILE_MAX = 64 * 1024, NAME_MAX_LEN = 256 };

/* `right` counts leap seconds, `posix` is the tree again, the others name what this machine happens to use. */
static bool is_passed_over(const char *name)
{
	static const char *const names[] = {"posix", "right", "localtime", "posixrules"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return name[0] == '.';
}

static struct zone *room_for_one(struct zones *zones, struct arena *arena)
{
	if (zones->count == zones->room) {
		size_t room = zones->room ? zones->room * 2 : 512;
		struct zone *grown = arena_array(arena, room, sizeof *grown);
		if (!grown)
			return NULL;
		if (zones->count)
			memcpy(grown, zones->zone, zones->count * sizeof *grown);
		zones->zone = grown;
		zones->room = room;
	}
	return &zones->zone[zones->count];
}

/* The bytes of a regular file; absent when it is none, too long, or cannot be read. */
static struct bytes read_file(int fd, char room[FILE_MAX])
{
	size_t len = 0;
	for (ssize_t got = 1; fd >= 0 && got > 0 && len<FILE_MAX; len += got> 0 ? (size_t)got : 0)
		got = read(fd, room + len, FILE_MAX - len);
	return len && len < FILE_MAX ? (struct bytes){room, len} : (struct bytes){0};
}

/* What is no zone is no error: the tree holds tables too. */
static bool add_file(struct zones *zones, int fd, const char *name, char room[FILE_MAX], struct arena *arena)
{
	struct bytes file = read_file(fd, room);
	struct zone *zone = room_for_one(zones, arena);
	if (!zone)
		return false;
	if (file.len < 4 || memcmp(file.at, "TZif", 4) != 0 || !rules_tzif_read(file, arena, &zone->tzif))
		return true;
	zone->name = arena_copy(arena, bytes_of(name));
	zones->count += bytes_present(zone->name);
	return bytes_present(zone->name);
}

static bool add_folder(struct zones *zones, int fd, const char *prefix, int depth, char room[FILE_MAX],
		       struct arena *arena)
{
	bool good = true;
	DIR *folder = fdopendir(fd);
	for (struct dirent *entry; folder && good && (entry = readdir(folder));) {
		char name[NAME_MAX_LEN];
		struct stat state;
		size_t len = strlen(prefix) + strlen(entry->d_name) + 2;
		if (is_passed_over(entry->d_name) || len > sizeof name || zones->count >= ZONES_MAX)
			continue;
		stpcpy(stpcpy(stpcpy(name, prefix), *prefix ? "/" : ""), entry->d_name);
		int inner = openat(dirfd(folder), entry->d_name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (inner < 0 || fstat(inner, &state) != 0)
			state.st_mode = 0;
		if (S_ISDIR(state.st_mode) && depth < DEPTH_MAX) {
			good = add_folder(zones, inner, name, depth + 1, room, arena);
			continue; /* it took the descriptor */
		}
		if (S_ISREG(state.st_mode))
			good = add_file(zones, inner, name, room, arena);
		if (inner >= 0)
			close(inner);
	}
	if (folder)
		closedir(folder);
	else
		close(fd);
	return good;
}

static int by_name(const void *a, const void *b)
{
	return bytes_compare(((const struct zone *)a)->name, ((const struct zone *)b)->name);
}

bool rules_zones_read(struct zones *zones, const char *root, struct arena *arena)
{
	if (zones->read)
		return true;
	char *room = malloc(FILE_MAX);
	int fd = room ? open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	zones->read = room && (fd < 0 || add_folder(zones, fd, "", 0, room, arena));
	free(room);
	if (zones->count)
		qsort(zones->zone, zones->count, sizeof *zones->zone, by_name);
	return zones->read;
}

const struct tzif *rules_zones_find(const struct zones *zones, struct bytes name)
{
	struct zone wanted = {.name = name};
	const struct zone *found = zones->count && name.len ? bsearch(&wanted, zones->zone, zones->count,
								      sizeof *zones->zone, by_name)
							    : NULL;
	return found ? &found->tzif : NULL;
}

void rules_zones_suggest(const struct zones *zones, struct suggestion *near)
{
	for (size_t i = 0; i < zones->count; i++)
		suggest_offer(near, zones->zone[i].name);
}

/* tzdata.zi begins with "# version 2026f"; other systems have a file that holds nothing else. */
void rules_zones_version(const char *folder, char version[16])
{
	static const struct {
		const char *file, *format;
	} places[] = {{"tzdata.zi", "# version %15s"}, {"+VERSION", "%15s"}};
	strcpy(version, "unknown");
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		char path[4096], word[16];
		snprintf(path, sizeof path, "%s/%s", folder, places[i].file);
		FILE *file = fopen(path, "re");
		bool found = file && fscanf(file, places[i].format, word) == 1;
		if (file)
			fclose(file);
		/* it goes into logs: nothing but a release, as in 2026f */
		if (found && strspn(word, "0123456789abcdefghijklmnopqrstuvwxyz") == strlen(word)) {
			strcpy(version, word);
			return;
		}
	}
}
