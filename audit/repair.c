/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/repair.h"

#include "audit/key.h"
#include "audit/log.h"
#include "audit/logdir.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/* Names of the log, as its writer was given them: the origin without its last part, cut at the slash before. */
struct names {
	char origin[AUDIT_NAME_MAX + 1];
	const char *identity;
	struct audit_vkey vkey;
};

/* "a/b/c/0001": origin "a/b", identity "c". */
static bool cut_names(const char *text, struct names *names, struct err *err)
{
	snprintf(names->origin, sizeof names->origin, "%s", text);
	char *epoch = strrchr(names->origin, '/');
	if (epoch)
		*epoch = '\0';
	char *identity = epoch ? strrchr(names->origin, '/') : NULL;
	if (!identity || audit_epoch_parse(epoch + 1) == 0)
		return err_set(err, "%s: not the origin of an epoch; write it as example.org/reco/host/0001",
			       text);
	*identity = '\0';
	names->identity = identity + 1;
	return true;
}

static bool find_names(const struct audit_repair_options *o, struct names *names, struct err *err)
{
	struct audit_logdir logdir = {.fd = -1};
	struct audit_identity identity;
	struct err ignored;
	bool found = false;
	*names = (struct names){.identity = NULL};
	if (!audit_logdir_open(&logdir, o->directory, err))
		return false;
	bool good = !logdir.single ||
		    err_set(err, "%s: is one epoch; name the directory that holds it", o->directory);
	for (size_t i = logdir.count; good && !found && i-- > 0;) {
		int epoch = audit_logdir_epoch(&logdir, i);
		found = epoch >= 0 && audit_identity_read(epoch, &identity, &ignored) == AUDIT_FOUND;
		if (epoch >= 0)
			close(epoch);
	}
	audit_logdir_close(&logdir);
	if (good && !found && !o->origin)
		good = err_set(
			err,
			"%s: no log.id can be read, so the log's name is not known; say it with --origin",
			o->directory);
	if (good && found)
		names->vkey = identity.vkey;
	return good && cut_names(found ? identity.vkey.name : o->origin, names, err);
}

enum audit_look audit_repair_look(const struct audit_repair_options *o, struct err *err)
{
	static const uint8_t no_seed[AUDIT_SEED_LEN];
	struct names names;
	struct audit_recovered found = {.look = AUDIT_LOOK_FAILED};
	if (!find_names(o, &names, err))
		return AUDIT_LOOK_FAILED;
	struct audit_recover_options options = {
		.io = &audit_io_system,
		.directory = o->directory,
		.origin = names.origin,
		.identity = names.identity,
		.seed = no_seed,
		.look_only = true,
		.segment_bytes = AUDIT_SEGMENT_BYTES,
	};
	return audit_recover(&options, &found, err) ? AUDIT_LOOK_WHOLE : found.look;
}

/* A new epoch signed by another key would be another log to whoever holds the verifier key. */
static bool key_is_ours(const char *path, const struct names *names, struct err *err)
{
	uint8_t seed[AUDIT_SEED_LEN];
	struct audit_vkey vkey;
	if (!audit_key_load(path, seed, &vkey, err))
		return false;
	OPENSSL_cleanse(seed, sizeof seed);
	if (!names->vkey.name[0] || memcmp(vkey.public, names->vkey.public, AUDIT_PUBLIC_LEN) == 0)
		return true;
	return err_set(err, "%s: is not the key that this log was begun with; give that one with --audit-key",
		       path);
}

bool audit_repair(const struct audit_repair_options *o, struct err *err)
{
	struct names names;
	char own[300];
	snprintf(own, sizeof own, "%s/audit.key", o->directory);
	const char *key = o->key_file ? o->key_file : own;
	if (!o->key_file && access(own, F_OK) != 0)
		return err_set(err,
			       "%s: holds no audit key; name the one that signs this log with --audit-key",
			       o->directory);
	if (!find_names(o, &names, err) || !key_is_ours(key, &names, err))
		return false;
	const struct audit_options options = {
		.directory = o->directory,
		.origin = names.origin,
		.identity = names.identity,
		.key_file = key,
		.publish_ns = TIME_SECOND,
		.configuration = BYTES_LITERAL("rankguard-audit repair --accept-gap\n"),
		.versions = o->versions,
		.retain = BYTES_LITERAL("as before"),
		.talk = o->talk,
		.talk_ctx = o->talk_ctx,
		.accept_gap = true,
	};
	struct audit_log *log = audit_log_open(&options, err);
	return log && audit_log_close(log, err);
}

/* ---- a repair that was ended before it was done ---- */

struct search {
	struct audit_gap gap;
	struct buf scratch;
	bool failed;
};

static void add_file(void *ctx, const struct audit_entry_set_aside *file)
{
	struct search *search = ctx;
	static const char quarantine[] = "quarantine/";
	struct audit_gap_file *grown =
		realloc(search->gap.file, (search->gap.file_count + 1) * sizeof *grown);
	size_t len = sizeof quarantine - 1;
	if (grown)
		search->gap.file = grown;
	search->failed |= !grown;
	if (!grown || file->file.len <= len || file->file.len > 60 ||
	    memcmp(file->file.at, quarantine, len) != 0)
		return;
	struct audit_gap_file *to = &grown[search->gap.file_count++];
	*to = (struct audit_gap_file){.bytes = file->bytes};
	snprintf(to->to, sizeof to->to, "%.*s", BYTES_ARG(file->file));
	snprintf(to->from, sizeof to->from, "journal/%.*s", (int)(file->file.len - len), file->file.at + len);
}

static bool see_gap(void *ctx, uint64_t index, struct bytes leaf)
{
	struct search *search = ctx;
	struct audit_entry_gap gap;
	struct err ignored;
	if (audit_entry_read_gap(leaf, &search->scratch, &gap, add_file, search, &ignored)) {
		size_t len = gap.origin.len;
		const char *slash = len ? memrchr(gap.origin.at, '/', len) : NULL;
		char number[AUDIT_EPOCH_NAME] = "";
		if (slash)
			snprintf(number, sizeof number, "%.*s", (int)(gap.origin.at + len - slash - 1),
				 slash + 1);
		search->gap.epoch = audit_epoch_parse(number);
		search->gap.found = search->gap.epoch > 0;
	}
	return index < 64; /* it stands right behind `open` */
}

static bool still_there(int directory, const struct audit_gap *gap)
{
	char path[AUDIT_EPOCH_NAME + 64];
	for (size_t i = 0; i < gap->file_count; i++) {
		snprintf(path, sizeof path, "%04u/%s", gap->epoch, gap->file[i].from);
		if (faccessat(directory, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	}
	return false;
}

bool audit_repair_finish(const struct audit_repair_options *o, bool *moved, struct err *err)
{
	struct audit_logdir logdir = {.fd = -1};
	struct audit_reader reader = {.epoch = -1};
	struct search search = {.failed = false};
	struct err ignored;
	*moved = false;
	bool good = audit_logdir_open(&logdir, o->directory, err);
	if (good && flock(logdir.fd, LOCK_EX | LOCK_NB) != 0)
		good = err_set(err, "%s: another process writes this log; stop it first", o->directory);
	if (good && !logdir.single && audit_logdir_reader(&logdir, logdir.count - 1, &reader, &ignored) &&
	    audit_reader_walk(&reader, 0, 65, see_gap, &search, NULL, &ignored) && search.gap.found)
		*moved = still_there(logdir.fd, &search.gap);
	if (good && *moved)
		good = audit_gap_move(&audit_io_system, logdir.fd, &search.gap, err);
	audit_reader_close(&reader);
	audit_gap_done(&search.gap);
	buf_done(&search.scratch);
	audit_logdir_close(&logdir);
	return good;
}
