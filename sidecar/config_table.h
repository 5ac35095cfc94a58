/* SPDX-License-Identifier: Apache-2.0
 *
 * The option table: every key of the configuration, once. The loader, "did you mean", defaults and the text
 * for the log walk it; a new key is one row.
 */
#ifndef SIDECAR_CONFIG_TABLE_H
#define SIDECAR_CONFIG_TABLE_H

#include "sidecar/config.h"

enum config_type {
	CONFIG_TEXT,	  /* char * */
	CONFIG_NAME,	  /* char *: printable ASCII without blanks and '+', a part of the log's origin */
	CONFIG_PATH,	  /* char *: relative paths are made absolute by the file's folder */
	CONFIG_ADDRESS,	  /* char * */
	CONFIG_ADDRESSES, /* char ** and listen_count */
	CONFIG_TEXTS,	  /* struct sidecar_texts; may be empty */
	CONFIG_COUNT,	  /* int or size_t */
	CONFIG_SIZE,	  /* size_t, bytes: "16MiB" */
	CONFIG_DURATION,  /* int64_t, ns: "5s"; 0 for the word of `choice`, where there is one */
	CONFIG_TIME,	  /* int64_t, ns since 1970: "2026-12-01T00:00:00Z"; 0: not given */
	CONFIG_CHOICE,	  /* an enum, or nothing where one value exists yet */
	CONFIG_WORD,	  /* char *: one of the choices */
	CONFIG_FLAG,	  /* bool */
	CONFIG_MAPPING,	  /* the group of page proto/mapping_read.h; struct proto_mapping * */
};

struct config_choice {
	const char *name; /* NULL ends the list */
	int value;
	const char *later; /* not in this version: what to do instead */
};

struct config_option {
	const char *name; /* "listen", "audit.directory" */
	enum config_type type;
	size_t offset, size; /* in struct sidecar_config; size 0: nothing is stored */
	int64_t least, most; /* COUNT, SIZE (bytes), DURATION (ns) */
	const struct config_choice *choice;
	const char *fallback; /* the default as text; NULL: none */
	bool required;
	bool reload;	     /* may change while serving */
	const char *example; /* the value as it is written in the file */
	const char *help;    /* one line */
};

enum { CONFIG_OPTIONS = 48 };
extern const struct config_option sidecar_config_options[]; /* CONFIG_OPTIONS rows */

/* Where the option's value lives; size must not be 0. */
static inline void *sidecar_config_at(const struct config_option *option, struct sidecar_config *config)
{
	return (char *)config + option->offset;
}

/* Numbers, choices and flags: by the size of the member. */
void sidecar_config_put_number(const struct config_option *option, struct sidecar_config *config,
			       int64_t value);
int64_t sidecar_config_get_number(const struct config_option *option, const struct sidecar_config *config);

/* The number that a text means for this option: a count, a size, a duration, a choice, a word or a flag. */
MUST_USE bool sidecar_config_parse(const struct config_option *option, const char *text, int64_t *value,
				   struct err *err);

/* The text of a number, as sidecar_config_parse takes it. */
void sidecar_config_format(const struct config_option *option, int64_t value, char text[64]);

/* Fits the number into the option's range? */
MUST_USE bool sidecar_config_in_range(const struct config_option *option, int64_t value, struct err *err);

#endif
