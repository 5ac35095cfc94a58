/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/checks.h"

#include "proto/facts.h"
#include "rules/rule.h"

static bool holds_only(struct bytes value, const char *others)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (!plain && (c == '\0' || !strchr(others, c)))
			return false;
	}
	return value.len > 0;
}

bool rules_check_id(struct bytes value, struct err *err)
{
	return (holds_only(value, "._-") && value.len <= 128) ||
	       err_set(err, "is \"%.*s\"; it must be 1 to 128 of a-z 0-9 . _ -", BYTES_ARG(value));
}

bool rules_check_name(struct bytes value, struct err *err)
{
	return (holds_only(value, "_") && value.len <= 64) ||
	       err_set(err, "is \"%.*s\"; it must be 1 to 64 of a-z 0-9 _", BYTES_ARG(value));
}

bool rules_check_filled(struct bytes value, struct err *err)
{
	return value.len > 0 || err_set(err, "is empty; write something");
}

bool rules_check_label(struct bytes value, struct err *err)
{
	if (value.len == 0 || value.len > 200)
		return err_set(err, "has %zu bytes; it must have 1 to 200", value.len);
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.at[i] < 0x20)
			return err_set(err, "holds a control character; write it on one line");
	return true;
}

const char *rules_prompt_word(unsigned n)
{
	return n < PROMPT_OTHER ? prompt_kind_name((enum prompt_kind)n) : NULL;
}

const char *rules_choice_word(unsigned n)
{
	return n < CHOICE_OTHER ? choice_kind_name((enum choice_kind)n) : NULL;
}

const char *rules_mode_word(unsigned n)
{
	return n <= RULES_OFF ? rules_mode_name((enum rules_mode)n) : NULL;
}

double rules_count_characters(struct bytes text)
{
	size_t count = 0;
	for (size_t i = 0; i < text.len; i++)
		count += ((unsigned char)text.at[i] & 0xc0) != 0x80;
	return (double)count;
}
