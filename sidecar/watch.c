/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/watch.h"

#include "proto/time.h"
#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define MS	 (TIME_SECOND / 1000)
#define QUIET_NS (200 * MS)	    /* after the last change */
#define LOOK_NS	 (30 * TIME_SECOND) /* between slow looks */

/* One path that is watched. */
struct watched {
	char *path;
	int note;    /* inotify's number of the folder that is watched for it; -1: none */
	bool folder; /* the path itself is that folder */
};

struct sidecar_watch {
	int fd;
	struct watched *watched;
	size_t count;
	uint64_t print;	    /* of names, sizes and times at the last look */
	int64_t changed_ns; /* of the last change not yet told; 0: none */
	int64_t look_ns;    /* when to look again; 0: not yet */
};

/* ---- the slow look ---- */

/* FNV-1a, 64 bits: it only has to differ when something differs; a reload compares digests anyway. */
static void mix(uint64_t *print, const void *data, size_t len)
{
	const unsigned char *byte = data;
	for (size_t i = 0; i < len; i++)
		*print = (*print ^ byte[i]) * UINT64_C(1099511628211);
}

static void mix_file(uint64_t *print, int folder, const char *name)
{
	struct stat st;
	mix(print, name, strlen(name) + 1);
	if (fstatat(folder, name, &st, 0) != 0)
		return;
	mix(print, &st.st_ino, sizeof st.st_ino);
	mix(print, &st.st_size, sizeof st.st_size);
	mix(print, &st.st_mtim, sizeof st.st_mtim);
}

/* Entries come in any order, so each is mixed alone and the results are added. */
static void mix_folder(uint64_t *print, const char *path)
{
	DIR *folder = opendir(path);
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		uint64_t one = UINT64_C(14695981039346656037);
		if (strcmp(entry->d_name, "..") != 0)
			mix_file(&one, dirfd(folder), entry->d_name);
		*print += one;
	}
	if (folder)
		closedir(folder);
}

static uint64_t look(const struct sidecar_watch *watch)
{
	uint64_t print = UINT64_C(14695981039346656037);
	for (size_t i = 0; i < watch->count; i++) {
		mix_file(&print, -1, watch->watched[i].path);
		mix_folder(&print, watch->watched[i].path);
	}
	return print;
}

/* ---- notifications ---- */

/* The folder itself, or the folder that holds the file. Doing it again is harmless, and needed after a folder was
 * replaced. */
static void watch_folders(struct sidecar_watch *watch)
{
	const uint32_t what = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |
			      IN_MOVE_SELF | IN_DELETE_SELF | IN_ATTRIB;
	char holder[PATH_MAX];
	for (size_t i = 0; i < watch->count; i++) {
		struct watched *one = &watch->watched[i];
		one->note = inotify_add_watch(watch->fd, one->path, what | IN_ONLYDIR);
		one->folder = one->note >= 0;
		if (one->folder)
			continue;
		snprintf(holder, sizeof holder, "%s", one->path);
		one->note = inotify_add_watch(watch->fd, dirname(holder), what | IN_ONLYDIR);
	}
}

/* Of a folder every file that could be part of it, of a file its own name; and links such as a ConfigMap's. */
static bool concerns(const struct watched *one, const struct inotify_event *note)
{
	if (note->wd != one->note)
		return false;
	if (note->len == 0 || strncmp(note->name, "..", 2) == 0)
		return true;
	const char *slash = strrchr(one->path, '/');
	return one->folder ? note->name[0] != '.' : strcmp(note->name, slash ? slash + 1 : one->path) == 0;
}

/* True when anything that concerns us was notified. */
static bool take_notes(struct sidecar_watch *watch)
{
	_Alignas(struct inotify_event) char notes[4096];
	bool any = false;
	for (ssize_t len; (len = read(watch->fd, notes, sizeof notes)) > 0;)
		for (const char *at = notes; at < notes + len;) {
			const struct inotify_event *note = (const void *)at;
			any |= (note->mask & IN_Q_OVERFLOW) != 0;
			for (size_t i = 0; i < watch->count; i++)
				any |= concerns(&watch->watched[i], note);
			at += sizeof *note + note->len;
		}
	return any;
}

/* ---- life ---- */

/* False: memory is short. */
static bool copy_paths(struct sidecar_watch *watch, const char *const *path, size_t count)
{
	watch->watched = calloc(count, sizeof *watch->watched);
	for (size_t i = 0; watch->watched && i < count; i++) {
		watch->watched[i].path = strdup(path[i]);
		if (!watch->watched[i].path)
			return false;
		watch->count++;
	}
	return watch->watched != NULL;
}

struct sidecar_watch *sidecar_watch_new(const char *const *path, size_t count, struct err *err)
{
	struct sidecar_watch *watch = calloc(1, sizeof *watch);
	if (!watch) {
		err_set(err, "watch: memory is short");
		return NULL;
	}
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	bool good = watch->fd >= 0 || err_set(err, "watch: inotify: %s", strerror(errno));
	good = good && (copy_paths(watch, path, count) || err_set(err, "watch: memory is short"));
	if (!good) {
		sidecar_watch_free(watch);
		return NULL;
	}
	watch_folders(watch);
	watch->print = look(watch);
	return watch;
}

void sidecar_watch_free(struct sidecar_watch *watch)
{
	if (!watch)
		return;
	if (watch->fd >= 0)
		close(watch->fd);
	for (size_t i = 0; i < watch->count; i++)
		free(watch->watched[i].path);
	free(watch->watched);
	free(watch);
}

int sidecar_watch_fd(const struct sidecar_watch *watch)
{
	return watch->fd;
}

static void look_again(struct sidecar_watch *watch, int64_t now_ns)
{
	uint64_t print = look(watch);
	if (print != watch->print)
		watch->changed_ns = now_ns;
	watch->print = print;
	watch->look_ns = now_ns + LOOK_NS;
	watch_folders(watch);
}

bool sidecar_watch_changed(struct sidecar_watch *watch, int64_t now_ns, int *wait_ms)
{
	if (take_notes(watch))
		watch->changed_ns = now_ns;
	if (now_ns >= watch->look_ns)
		look_again(watch, now_ns);
	if (!watch->changed_ns)
		return false;
	int64_t left_ns = watch->changed_ns + QUIET_NS - now_ns;
	if (left_ns <= 0) {
		watch->changed_ns = 0;
		watch->print = look(watch);
		watch_folders(watch); /* what was replaced is watched under its name again */
		return true;
	}
	int left_ms = (int)(left_ns / MS) + 1;
	if (left_ms < *wait_ms)
		*wait_ms = left_ms;
	return false;
}
