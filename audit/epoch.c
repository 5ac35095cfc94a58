/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/epoch.h"

#include "proto/time.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static const char title[] = "rankguard log";

void audit_epoch_name(unsigned epoch, char name[AUDIT_EPOCH_NAME])
{
	snprintf(name, AUDIT_EPOCH_NAME, "%04u", epoch);
}

unsigned audit_epoch_parse(const char *name)
{
	unsigned epoch = 0;
	char again[AUDIT_EPOCH_NAME];
	size_t len = strlen(name);
	if (len < 4 || len > 8 || strspn(name, "0123456789") != len)
		return 0;
	for (size_t i = 0; i < len; i++)
		epoch = epoch * 10 + (unsigned)(name[i] - '0');
	audit_epoch_name(epoch, again);
	return strcmp(name, again) == 0 ? epoch : 0;
}

static int by_number(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
	return (x > y) - (x < y);
}

bool audit_epoch_list(int dir, unsigned **epochs, size_t *count, struct err *err)
{
	unsigned *list = NULL;
	size_t found = 0;
	bool good = true;
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream) {
		if (fd >= 0)
			close(fd);
		return err_set(err, "cannot be listed: %s", strerror(errno));
	}
	for (struct dirent *entry; good && (entry = readdir(stream));) {
		unsigned epoch = audit_epoch_parse(entry->d_name);
		if (epoch == 0)
			continue;
		unsigned *grown = realloc(list, (found + 1) * sizeof *grown);
		good = grown != NULL;
		list = good ? grown : list;
		if (good)
			list[found++] = epoch;
	}
	closedir(stream);
	if (!good) {
		free(list);
		return err_set(err, "memory is short");
	}
	if (found > 1)
		qsort(list, found, sizeof *list, by_number);
	*epochs = list;
	*count = found;
	return true;
}

static bool take_line(struct bytes *rest, struct bytes *line)
{
	const char *end = rest->len ? memchr(rest->at, '\n', rest->len) : NULL;
	if (!end)
		return false;
	*line = (struct bytes){rest->at, (size_t)(end - rest->at)};
	rest->at += line->len + 1;
	rest->len -= line->len + 1;
	return true;
}

static bool hash_origin(const char *origin, struct audit_hash *log, struct err *err)
{
	struct audit_hasher hasher;
	if (!audit_hasher_init(&hasher, err))
		return false;
	*log = audit_hash_plain(&hasher, bytes_of(origin));
	audit_hasher_done(&hasher);
	return true;
}

static bool identity_parse(struct bytes note, struct audit_identity *identity, struct err *err)
{
	struct audit_identity made = {0};
	struct bytes text, signatures, line[4], rest, signed_text;
	char time[TIME_TEXT_LEN + 1];
	if (!audit_note_split(note, &text, &signatures, err))
		return false;
	rest = text;
	for (size_t i = 0; i < 4; i++)
		if (!take_line(&rest, &line[i]))
			return err_set(err, "lines are missing; it has a title, origin, vkey and created");
	if (rest.len > 0 || !bytes_equal(line[0], bytes_of(title)))
		return err_set(err, "not the identity of a rankguard log");
	if (!audit_vkey_parse(line[2], &made.vkey, err) ||
	    !audit_note_open(note, &made.vkey, true, &signed_text, err) ||
	    !time_parse(line[3], &made.created_ns, err))
		return false;
	time_format(made.created_ns, time);
	if (!bytes_equal(line[1], bytes_of(made.vkey.name)) || !bytes_equal(line[3], bytes_of(time)))
		return err_set(err, "origin, key name and time do not fit together");
	if (!hash_origin(made.vkey.name, &made.log, err))
		return false;
	*identity = made;
	return true;
}

enum audit_found audit_identity_read(int epoch, struct audit_identity *identity, struct err *err)
{
	struct buf note = {0};
	enum audit_found found = audit_file_read(epoch, "log.id", AUDIT_NOTE_MAX, &note, err);
	if (found == AUDIT_FOUND && !identity_parse(buf_bytes(&note), identity, err)) {
		err_within(err, "log.id");
		found = AUDIT_UNREADABLE;
	}
	buf_done(&note);
	return found;
}

bool audit_identity_write(const struct audit_io *io, int epoch, const struct audit_signer *signer,
			  int64_t created_ns, struct audit_identity *identity, struct err *err)
{
	struct audit_identity made = {.vkey = *audit_signer_vkey(signer), .created_ns = created_ns};
	struct buf text = {0}, note = {0};
	char vkey[AUDIT_VKEY_LEN + 1], time[TIME_TEXT_LEN + 1];
	audit_vkey_text(&made.vkey, vkey);
	time_format(created_ns, time);
	buf_printf(&text, "%s\n%s\n%s\n%s\n", title, made.vkey.name, vkey, time);
	bool good = !text.failed && audit_note_sign(signer, buf_bytes(&text), &note);
	if (!good)
		err_set(err, "log.id: cannot be signed");
	good = good && hash_origin(made.vkey.name, &made.log, err);
	if (good && !(audit_io_replace(io, epoch, ".tmp-id", "log.id", buf_bytes(&note), 0444) &&
		      audit_io_sync_parent(io, epoch, "log.id")))
		good = err_set(err, "log.id: cannot be written: %s", strerror(errno));
	if (good)
		*identity = made;
	buf_done(&text);
	buf_done(&note);
	return good;
}

bool audit_epoch_live(int epoch)
{
	int fd = openat(epoch, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool live = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return live;
}
