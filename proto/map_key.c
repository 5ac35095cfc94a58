/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/map_key.h"

#include "proto/scalar.h"

/* An entry has the key first: proto_schema_load sees to it. */
struct map_key map_key_of(const struct proto_field *map, struct bytes entry, struct wire_cursor *cursor)
{
	enum proto_type type = map->message->field[0].type;
	enum wire_type wire = scalar_wire_type(type);
	struct wire_cursor at = {entry.at, entry.at + entry.len, NULL};
	struct wire_field field;
	struct map_key key = {0};
	while (wire_next(&at, &field)) {
		if (field.number != 1 || field.type != wire)
			continue;
		if (type == PROTO_STRING)
			key.text = wire_body(&field);
		else
			key.number = scalar_canonical(type, field.value);
	}
	if (cursor)
		*cursor = at;
	return key;
}

bool map_key_is(const struct proto_step *step, struct bytes entry, struct wire_cursor *cursor)
{
	struct map_key key = map_key_of(step->field, entry, cursor);
	return bytes_equal(key.text, step->key) &&
	       key.number == scalar_canonical(step->field->message->field[0].type, step->key_number);
}

int map_key_compare(const struct map_key *a, const struct map_key *b)
{
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return bytes_compare(a->text, b->text);
}
