/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts that mean numbers, both ways: counts, sizes, durations, choices, flags.
 */
#include "sidecar/config_table.h"

#include "proto/suggest.h"
#include "proto/time.h"
#include <inttypes.h>
#include <stdio.h>

static const struct size_unit {
	const char *name;
	unsigned shift;
} size_units[] = {{"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"B", 0}};

/* Digits at the start of a text, at most 15 of them; *rest is what follows. */
static bool take_digits(const char *text, int64_t *value, const char **rest)
{
	size_t len = strspn(text, "0123456789");
	if (len == 0 || len > 15)
		return false;
	*value = 0;
	for (size_t i = 0; i < len; i++)
		*value = *value * 10 + (text[i] - '0');
	*rest = text + len;
	return true;
}

static bool parse_count(const char *text, int64_t *value, struct err *err)
{
	const char *rest;
	if (take_digits(text, value, &rest) && *rest == '\0')
		return true;
	return err_set(err, "\"%s\" is not a whole number", text);
}

static bool parse_size(const char *text, int64_t *value, struct err *err)
{
	const char *rest;
	int64_t count;
	bool good = take_digits(text, &count, &rest);
	for (size_t i = 0; good && i < sizeof size_units / sizeof *size_units; i++) {
		if (strcmp(rest, size_units[i].name) == 0 && count <= INT64_MAX >> size_units[i].shift) {
			*value = count << size_units[i].shift;
			return true;
		}
	}
	return err_set(err, "\"%s\" is not a size; write a whole number and B, KiB, MiB or GiB, as in 16MiB",
		       text);
}

/* "0s" too, where the range allows it: the time library knows positive durations only. */
static bool parse_duration(const struct config_option *option, const char *text, int64_t *value,
			   struct err *err)
{
	if (option->least == 0 && strcmp(text, "0s") == 0) {
		*value = 0;
		return true;
	}
	if (!option->choice)
		return time_parse_duration(bytes_of(text), value, err);
	*value = 0;
	if (strcmp(text, option->choice->name) == 0 || time_parse_duration(bytes_of(text), value, NULL))
		return true;
	return err_set(
		err,
		"\"%s\" is not a duration; write \"%s\", or a positive whole number and a unit, as in 90s, "
		"30m, 24h or 7d",
		text, option->choice->name);
}

/* `"a", "b" or "c"`: the values that this version has. */
static void list_choices(const struct config_choice *choice, char text[128])
{
	size_t used = 0, left = 0;
	for (const struct config_choice *c = choice; c->name; c++)
		left += !c->later;
	text[0] = '\0';
	for (; choice->name; choice++) {
		if (choice->later)
			continue;
		left--;
		int len = snprintf(text + used, 128 - used, "\"%s\"%s", choice->name,
				   left > 1    ? ", "
				   : left == 1 ? " or "
					       : "");
		used += len > 0 ? (size_t)len : 0;
	}
}

static bool parse_choice(const struct config_option *option, const char *text, int64_t *value,
			 struct err *err)
{
	struct suggestion near = {.word = bytes_of(text)};
	for (const struct config_choice *choice = option->choice; choice->name; choice++) {
		if (strcmp(choice->name, text) == 0 && choice->later)
			return err_set(err, "\"%s\" is not available in this version; %s", text,
				       choice->later);
		if (strcmp(choice->name, text) == 0) {
			*value = choice->value;
			return true;
		}
		if (!choice->later)
			suggest_offer(&near, bytes_of(choice->name));
	}
	char all[128];
	list_choices(option->choice, all);
	if (bytes_present(near.best))
		return err_set(err, "\"%s\" is not a value; did you mean \"%.*s\"?", text,
			       BYTES_ARG(near.best));
	return err_set(err, "\"%s\" is not a value; write %s", text, all);
}

static bool parse_flag(const char *text, int64_t *value, struct err *err)
{
	*value = strcmp(text, "true") == 0;
	return *value || strcmp(text, "false") == 0 || err_set(err, "\"%s\" is not true or false", text);
}

bool sidecar_config_parse(const struct config_option *option, const char *text, int64_t *value,
			  struct err *err)
{
	switch (option->type) {
	case CONFIG_COUNT:
		return parse_count(text, value, err) && sidecar_config_in_range(option, *value, err);
	case CONFIG_SIZE:
		return parse_size(text, value, err) && sidecar_config_in_range(option, *value, err);
	case CONFIG_DURATION:
		return parse_duration(option, text, value, err) &&
		       sidecar_config_in_range(option, *value, err);
	case CONFIG_TIME:
		return time_parse(bytes_of(text), value, err);
	case CONFIG_CHOICE:
	case CONFIG_WORD:
		return parse_choice(option, text, value, err);
	case CONFIG_FLAG:
		return parse_flag(text, value, err);
	case CONFIG_TEXT:
	case CONFIG_NAME:
	case CONFIG_PATH:
	case CONFIG_ADDRESS:
	case CONFIG_ADDRESSES:
	case CONFIG_MAPPING:
	case CONFIG_TEXTS:
		break;
	}
	return err_set(err, "not a number");
}

static void format_size(int64_t value, char text[64])
{
	size_t unit = 0;
	while (value % (INT64_C(1) << size_units[unit].shift))
		unit++;
	snprintf(text, 64, "%" PRId64 "%s", value >> size_units[unit].shift, size_units[unit].name);
}

static const char *choice_name(const struct config_choice *choice, int64_t value)
{
	while (choice->name && (choice->value != value || choice->later))
		choice++;
	return choice->name ? choice->name : "";
}

void sidecar_config_format(const struct config_option *option, int64_t value, char text[64])
{
	if (option->type == CONFIG_SIZE)
		format_size(value, text);
	else if (option->type == CONFIG_DURATION && value == 0)
		snprintf(text, 64, "%s", option->choice ? option->choice->name : "0s");
	else if (option->type == CONFIG_DURATION)
		time_format_duration(value, text);
	else if (option->type == CONFIG_TIME)
		time_format(value, text);
	else if (option->type == CONFIG_CHOICE)
		snprintf(text, 64, "%s", choice_name(option->choice, value));
	else if (option->type == CONFIG_FLAG)
		snprintf(text, 64, "%s", value ? "true" : "false");
	else
		snprintf(text, 64, "%" PRId64, value);
}

bool sidecar_config_in_range(const struct config_option *option, int64_t value, struct err *err)
{
	if ((value >= option->least && value <= option->most) ||
	    (option->type == CONFIG_DURATION && option->choice && value == 0))
		return true;
	char is[64], least[64], most[64];
	sidecar_config_format(option, value, is);
	sidecar_config_format(option, option->least, least);
	sidecar_config_format(option, option->most, most);
	return err_set(err, "%s is out of range; write %s to %s", is, least, most);
}
