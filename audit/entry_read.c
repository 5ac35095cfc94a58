/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/entry.h"

#include "audit/entry_json.h"

/* Types that this version writes or knows; the texts outlive every leaf. */
static const char *const types[] = {
	"open",	 "ruleset", "decision", "delivered", "signal", "mode",
	"tally", "failure", "recovery", "gap",	     "close",
};

const char *audit_entry_type_name(size_t i)
{
	return i < sizeof types / sizeof *types ? types[i] : NULL;
}

static bool type_known(struct bytes *type)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (bytes_equal(*type, bytes_of(types[i]))) {
			*type = bytes_of(types[i]);
			return true;
		}
	}
	return false;
}

/* A later version may have types that we do not know: they are words all the same. */
static bool type_word(struct bytes type)
{
	for (size_t i = 0; i < type.len; i++)
		if (!(type.at[i] >= 'a' && type.at[i] <= 'z') && type.at[i] != '_')
			return false;
	return type.len > 0 && type.len <= 32;
}

bool audit_entry_read_head(struct bytes leaf, struct audit_entry_head *head, struct err *err)
{
	struct audit_entry_head made = {0};
	struct bytes rest = leaf, time;
	struct buf none = {0};
	uint64_t part = 0, parts = 0;
	if (!entry_take(&rest, "{\"v\":1,\"type\":") || !entry_take_string(&rest, &none, &made.type) ||
	    (!type_known(&made.type) && !type_word(made.type)))
		return err_set(err, "not an entry of version 1; it begins {\"v\":1,\"type\":");
	if (!entry_take(&rest, ",\"time\":") || !entry_take_string(&rest, &none, &time))
		return err_set(err, "the entry has no time after its type");
	char again[TIME_TEXT_LEN + 1];
	if (!time_parse(time, &made.time_ns, NULL))
		return err_set(err, "the entry's time is not a time");
	time_format(made.time_ns, again);
	if (!bytes_equal(time, bytes_of(again)))
		return err_set(err, "the entry's time is not written with nine digits and Z");
	made.time_at = (size_t)(time.at - leaf.at);
	if (entry_take(&rest, ",\"part\":[")) {
		if (!entry_take_uint(&rest, &part) || !entry_take(&rest, ",") ||
		    !entry_take_uint(&rest, &parts) || !entry_take(&rest, "]") || part == 0 || part > parts ||
		    parts < 2 || parts > UINT32_MAX)
			return err_set(err, "the entry's part is not [k,n] with 1 <= k <= n and n >= 2");
		made.part = (unsigned)part;
		made.parts = (unsigned)parts;
	}
	if (rest.len == 0 || (rest.at[0] != ',' && rest.at[0] != '}'))
		return err_set(err, "the entry ends in its head");
	made.rest_at = (size_t)(rest.at - leaf.at);
	*head = made;
	return true;
}

/* Room for all unescaped text at once, so that no run moves when the next one is read. */
static bool reserve(struct buf *scratch, struct bytes leaf, struct err *err)
{
	buf_clear(scratch);
	buf_add_bytes(scratch, leaf);
	bool good = !scratch->failed;
	buf_clear(scratch);
	return good ? true : err_set(err, "memory is short");
}

/* Members in their fixed order, each there or not; then the entry must end. */
struct member {
	const char *key;
	struct bytes *value; /* NULL: not wanted */
	bool needed;
};

static bool read_members(struct bytes rest, struct buf *scratch, const struct member *member, size_t count,
			 struct err *err)
{
	struct bytes unwanted;
	for (size_t i = 0; i < count; i++) {
		struct bytes *value = member[i].value ? member[i].value : &unwanted;
		if (!entry_take_member(&rest, member[i].key, scratch, value))
			return err_set(err, "member \"%s\" is not a string", member[i].key);
		if (member[i].needed && !bytes_present(*value))
			return err_set(err, "member \"%s\" is missing or not in its place", member[i].key);
	}
	if (!bytes_equal(rest, BYTES_LITERAL("}")))
		return err_set(err, "a member that does not belong there, or not in its place");
	return true;
}

bool audit_entry_read(struct bytes leaf, struct buf *scratch, struct audit_entry_seen *seen, struct err *err)
{
	struct audit_entry_head head;
	struct audit_entry_seen made = {0};
	if (!audit_entry_read_head(leaf, &head, err) || !reserve(scratch, leaf, err))
		return false;
	made.type = head.type;
	made.time_ns = head.time_ns;
	struct bytes rest = {leaf.at + head.rest_at, leaf.len - head.rest_at};
	const struct member delivered[] = {
		{"method", NULL, false},	   {"ruleset", NULL, false},
		{"session", &made.session, false}, {"user", &made.user, false},
		{"kind", &made.kind, true},	   {"prompt_id", &made.prompt_id, false},
		{"template_id", NULL, false},	   {"text", NULL, false},
		{"locale", NULL, false},
	};
	const struct member signal[] = {
		{"method", NULL, false},
		{"session", &made.session, false},
		{"user", &made.user, false},
		{"kind", &made.kind, true},
		{"item", &made.item, false},
		{"category", &made.category, false},
		{"prompt_id", &made.prompt_id, false},
	};
	bool good = true;
	if (bytes_equal(head.type, BYTES_LITERAL("delivered")))
		good = read_members(rest, scratch, delivered, sizeof delivered / sizeof *delivered, err);
	else if (bytes_equal(head.type, BYTES_LITERAL("signal")))
		good = read_members(rest, scratch, signal, sizeof signal / sizeof *signal, err);
	if (!good)
		return err_within(err, "%.*s entry", BYTES_ARG(head.type));
	*seen = made;
	return true;
}

bool audit_entry_read_recovery(struct bytes leaf, struct buf *scratch, struct audit_entry_recovery *recovery,
			       struct err *err)
{
	struct audit_entry_head head;
	struct audit_entry_recovery made = {0};
	if (!audit_entry_read_head(leaf, &head, err) || !reserve(scratch, leaf, err))
		return false;
	struct bytes rest = {leaf.at + head.rest_at, leaf.len - head.rest_at};
	const struct member tail[] = {{"file", &made.file, false}, {"digest", &made.digest, false}};
	if (!bytes_equal(head.type, BYTES_LITERAL("recovery")) ||
	    !entry_take_member(&rest, "reason", scratch, &made.reason) || !bytes_present(made.reason) ||
	    !entry_take(&rest, ",\"entries\":") || !entry_take_uint(&rest, &made.entries) ||
	    !entry_take(&rest, ",\"cut\":") || !entry_take_uint(&rest, &made.cut))
		return err_set(err, "recovery entry: reason, entries and cut are not there in this order");
	if (!read_members(rest, scratch, tail, 2, err))
		return err_within(err, "recovery entry");
	*recovery = made;
	return true;
}

bool audit_entry_read_open(struct bytes leaf, struct buf *scratch, struct audit_entry_open *open,
			   struct err *err)
{
	struct audit_entry_head head;
	struct audit_entry_open made = {0};
	struct bytes durability, publish;
	if (!audit_entry_read_head(leaf, &head, err) || !reserve(scratch, leaf, err))
		return false;
	struct bytes rest = {leaf.at + head.rest_at, leaf.len - head.rest_at};
	bool good = bytes_equal(head.type, BYTES_LITERAL("open")) &&
		    entry_take_member(&rest, "origin", scratch, &made.origin) && bytes_present(made.origin) &&
		    entry_take_member(&rest, "vkey", scratch, &made.vkey) &&
		    entry_take_member(&rest, "durability", scratch, &durability) &&
		    entry_take_member(&rest, "publish", scratch, &publish) &&
		    entry_take_member(&rest, "retain", scratch, &made.retain);
	if (good && entry_take(&rest, ",\"predecessor\":{\"origin\":"))
		good = entry_take_string(&rest, scratch, &made.predecessor) &&
		       entry_take_member(&rest, "checkpoint", scratch, &made.predecessor_checkpoint) &&
		       entry_take(&rest, "}");
	if (!good)
		return err_set(err, "open entry: its members are not there in their order");
	*open = made;
	return true;
}

bool audit_entry_check(struct bytes leaf, struct audit_entry_head *head, struct err *err)
{
	if (!audit_entry_read_head(leaf, head, err))
		return false;
	struct bytes rest = {leaf.at + head->rest_at, leaf.len - head->rest_at};
	struct bytes key;
	struct buf none = {0};
	while (entry_take(&rest, ","))
		if (!entry_take_string(&rest, &none, &key) || !entry_take(&rest, ":") ||
		    !entry_take_value(&rest))
			return err_set(err, "byte %zu of the entry: not JSON as a log writes it",
				       (size_t)(rest.at - leaf.at));
	if (!bytes_equal(rest, BYTES_LITERAL("}")))
		return err_set(err, "byte %zu of the entry: not JSON as a log writes it",
			       (size_t)(rest.at - leaf.at));
	return true;
}
