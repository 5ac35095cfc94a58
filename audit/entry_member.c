/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/entry_member.h"

bool entry_opens(struct bytes value, char bracket, struct bytes *rest)
{
	if (value.len == 0 || value.at[0] != bracket)
		return false;
	*rest = (struct bytes){value.at + 1, value.len - 1};
	return true;
}

bool entry_next_value(struct bytes *rest, struct bytes *value)
{
	struct bytes moved = *rest;
	if (moved.len > 0 && moved.at[0] == ',')
		moved = (struct bytes){moved.at + 1, moved.len - 1};
	const char *start = moved.at;
	if (!entry_take_value(&moved))
		return false;
	*value = (struct bytes){start, (size_t)(moved.at - start)};
	*rest = moved;
	return true;
}

bool entry_next_member(struct bytes *rest, struct bytes *key, struct bytes *value)
{
	struct bytes moved = *rest, name, found;
	if (!entry_next_value(&moved, &name) || name.at[0] != '"' || !entry_take(&moved, ":") ||
	    (moved.len > 0 && moved.at[0] == ',') || !entry_next_value(&moved, &found))
		return false;
	*key = (struct bytes){name.at + 1, name.len - 2};
	*value = found;
	*rest = moved;
	return true;
}

struct bytes entry_member(struct bytes object, const char *key)
{
	struct bytes rest, name, value, wanted = bytes_of(key);
	if (entry_opens(object, '{', &rest))
		while (entry_next_member(&rest, &name, &value))
			if (bytes_equal(name, wanted))
				return value;
	return (struct bytes){NULL, 0};
}

bool entry_text(struct bytes value, struct buf *text)
{
	struct buf scratch = {0};
	struct bytes rest = value, read;
	buf_add_bytes(&scratch, value); /* room for what is unescaped, which is never longer */
	buf_clear(&scratch);
	bool good = !scratch.failed && entry_take_string(&rest, &scratch, &read) && rest.len == 0;
	if (good)
		buf_add_bytes(text, read);
	buf_done(&scratch);
	return good;
}

bool entry_uint(struct bytes value, uint64_t *number)
{
	struct bytes rest = value;
	uint64_t read;
	if (!entry_take_uint(&rest, &read) || rest.len > 0)
		return false;
	*number = read;
	return true;
}
