/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/example/proposal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct proposal_reader {
	FILE *file;
	char *line; /* getline's */
	size_t room;
};

struct proposal_reader *proposal_open(const char *path, struct err *err)
{
	struct proposal_reader *reader = calloc(1, sizeof *reader);
	if (reader)
		reader->file = fopen(path, "re");
	if (!reader || !reader->file) {
		err_set(err, "--record %s: cannot be read: %s; give the file of `recommender --record`", path,
			strerror(errno));
		free(reader);
		return NULL;
	}
	fseek(reader->file, 0, SEEK_END);
	return reader;
}

void proposal_close(struct proposal_reader *reader)
{
	if (!reader)
		return;
	fclose(reader->file);
	free(reader->line);
	free(reader);
}

static int digit(char c)
{
	return c >= 'a' ? c - 'a' + 10 : c - '0';
}

/* The recommender is the only writer of these lines, so the one key is looked for and nothing is parsed. */
static bool from_hex(const char *line, struct buf *message)
{
	static const char key[] = "\"response\":\"";
	const char *at = strstr(line, key);
	if (!at)
		return false;
	for (at += sizeof key - 1; at[0] != '"' && at[0] && at[1]; at += 2)
		buf_add(message, (char[]){(char)(digit(at[0]) << 4 | digit(at[1]))}, 1);
	return at[0] == '"' && !message->failed;
}

bool proposal_newest(struct proposal_reader *reader, struct buf *message, struct err *err)
{
	bool found = false;
	clearerr(reader->file); /* the file grows behind an end that was seen */
	while (getline(&reader->line, &reader->room, reader->file) > 0) {
		buf_clear(message);
		found = from_hex(reader->line, message);
	}
	return found || err_set(err, "--record: no response since the last call; the sidecar's upstream must "
				     "be the recommender that writes this file");
}
