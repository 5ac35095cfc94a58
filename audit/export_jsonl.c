/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Lines: the leaves as they stand, so SHA-256(0x00 || line) of each line is its leaf's hash and anybody can
 * rebuild the root.
 */
#include "audit/export.h"

static void *begin(struct export_file *file, const struct export_request *request, struct err *err)
{
	(void)request;
	(void)err;
	return file;
}

static bool entry(void *state, const struct export_entry *entry, struct err *err)
{
	struct export_file *file = state;
	for (size_t i = 0; i < entry->count; i++)
		if (!export_write(file, entry->leaf[i].at, entry->leaf[i].len, err) ||
		    !export_write(file, "\n", 1, err))
			return false;
	return true;
}

static void nothing(void *state)
{
	(void)state;
}

const struct export_format export_jsonl = {
	.name = "jsonl",
	.help = "the leaves as they stand, one a line: they rebuild the root with SHA-256 alone",
	.leaves = true,
	.begin = begin,
	.entry = entry,
	.free = nothing,
};
