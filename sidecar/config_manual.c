/* SPDX-License-Identifier: Apache-2.0
 *
 * The option table as a reader sees it: the list of `rankguard options`, and the manual page's part that is made
 * of it when the page is built.
 */
#include "sidecar/config_manual.h"
#include "sidecar/config_table.h"

#include <stdio.h>

static void choices(const struct config_option *option, struct buf *out)
{
	for (const struct config_choice *one = option->choice; one->name; one++)
		if (!one->later)
			buf_printf(out, "%s\"%s\"", one == option->choice ? "" : " | ", one->name);
}

static void range(const struct config_option *option, const char *what, struct buf *out)
{
	char least[64], most[64];
	sidecar_config_format(option, option->least, least);
	sidecar_config_format(option, option->most, most);
	buf_printf(out, "%s, %s to %s", what, least, most);
}

/* What stands behind the `=`. */
static void value(const struct config_option *option, struct buf *out)
{
	switch (option->type) {
	case CONFIG_TEXT:
		buf_add_text(out, "text");
		break;
	case CONFIG_NAME:
		buf_add_text(out, "name: printable, without blanks and +");
		break;
	case CONFIG_PATH:
		buf_add_text(out, "path");
		break;
	case CONFIG_ADDRESS:
		buf_add_text(out, "address");
		break;
	case CONFIG_ADDRESSES:
		buf_add_text(out, "list of addresses");
		break;
	case CONFIG_TEXTS:
		buf_add_text(out, "list of texts");
		break;
	case CONFIG_COUNT:
		range(option, "number", out);
		break;
	case CONFIG_SIZE:
		range(option, "size", out);
		break;
	case CONFIG_DURATION:
		range(option, "duration", out);
		break;
	case CONFIG_CHOICE:
	case CONFIG_WORD:
		choices(option, out);
		break;
	case CONFIG_FLAG:
		buf_add_text(out, "true | false");
		break;
	case CONFIG_TIME:
		buf_add_text(out, "time (RFC 3339)");
		break;
	case CONFIG_MAPPING:
		buf_add_text(out, "group of descriptors and methods");
		break;
	}
}

static const char *need(const struct config_option *option)
{
	return option->required ? "required" : option->fallback ? option->fallback : "not set";
}

void sidecar_config_list(struct buf *out)
{
	for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
		const struct config_option *option = &sidecar_config_options[i];
		buf_printf(out, "%s = %s\n    ", option->name, option->example);
		value(option, out);
		buf_printf(out, "; default: %s%s\n    %s\n", need(option),
			   option->reload ? "; may change while serving" : "", option->help);
	}
}

/* Backslashes, and a dot or quote at the start of a line, mean something to roff. */
static void roff(struct buf *out, const char *text)
{
	for (const char *at = text; *at; at++) {
		if (*at == '\\')
			buf_add_text(out, "\\e");
		else if (*at == '-')
			buf_add_text(out, "\\-");
		else
			buf_add(out, at, 1);
	}
}

void sidecar_config_manual(struct buf *out)
{
	struct buf text = {0};
	for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
		const struct config_option *option = &sidecar_config_options[i];
		buf_clear(&text);
		value(option, &text);
		buf_add(&text, "", 1);
		buf_add_text(out, ".TP\n.B ");
		roff(out, option->name);
		buf_add_text(out, "\n");
		roff(out, option->help);
		buf_add_text(out, ".\nValue: ");
		roff(out, text.failed ? "" : text.at);
		buf_add_text(out, ". Default: ");
		roff(out, need(option));
		buf_printf(out, ".%s\nExample:\n.I ", option->reload ? " May change while serving." : "");
		roff(out, option->example);
		buf_add_text(out, "\n");
	}
	out->failed |= text.failed;
	buf_done(&text);
}
