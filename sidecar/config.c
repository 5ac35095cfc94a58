/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads the file, walks its settings against the option table, and checks what concerns several keys. All
 * findings are collected; a configuration with an error is not returned.
 */
#include "sidecar/config.h"

#include "proto/file.h"
#include "proto/mapping_read.h"
#include "proto/suggest.h"
#include "rules/scan.h"
#include "sidecar/config_load.h"
#include "sidecar/mode.h"
#include <libconfig.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FILE_MIB = 1 };

void sidecar_config_wrong(struct config_load *load, unsigned line, const char *name, const char *format, ...)
{
	struct err err;
	va_list args;
	va_start(args, format);
	vsnprintf(err.text, sizeof err.text, format, args);
	va_end(args);
	rules_findings_add(load->findings, true, load->path, line, "%s%s%s", name, *name ? ": " : "",
			   err.text);
}

/* Bytes to settings: what libconfig would take silently wrong is refused before it. */
static bool parse_file(struct config_load *load, config_t *settings)
{
	struct buf raw = {0}, text = {0};
	struct err err;
	unsigned line = 0;
	bool good = file_read(load->path, "configuration file", FILE_MIB, &raw, &err) &&
		    rules_scan(buf_bytes(&raw), &text, &line, &err);
	if (good) {
		buf_add(&text, "", 1);
		good = !text.failed || err_set(&err, "memory is short");
	}
	if (good && !config_read_string(settings, text.at)) {
		const char *what = config_error_text(settings);
		line = (unsigned)config_error_line(settings);
		good = err_set(&err, "%s; %s", what,
			       strstr(what, "duplicate")
				       ? "keep one of the two"
				       : "look for a missing bracket, quote or ; here or on the line before");
	}
	if (!good)
		sidecar_config_wrong(load, line, "", "%s", err.text);
	buf_done(&raw);
	buf_done(&text);
	return good;
}

const struct config_option *sidecar_config_find(const char *name)
{
	for (size_t i = 0; i < CONFIG_OPTIONS; i++)
		if (strcmp(sidecar_config_options[i].name, name) == 0)
			return &sidecar_config_options[i];
	return NULL;
}

/* The part of a row's name before the dot; absent for a key of the file itself. */
static struct bytes group_of(const struct config_option *option)
{
	const char *dot = strchr(option->name, '.');
	return (struct bytes){dot ? option->name : NULL, dot ? (size_t)(dot - option->name) : 0};
}

static bool is_group(const char *name)
{
	for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
		struct bytes group = group_of(&sidecar_config_options[i]);
		if (bytes_present(group) && bytes_equal(group, bytes_of(name)))
			return true;
	}
	return false;
}

/* Names that stand where `name` stands: in `group`, or, with group "", at the top with the groups. */
static struct bytes nearest_here(const char *group, const char *name)
{
	struct suggestion near = {.word = bytes_of(name)};
	for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
		const struct config_option *option = &sidecar_config_options[i];
		struct bytes of = group_of(option);
		if (!*group)
			suggest_offer(&near, bytes_present(of) ? of : bytes_of(option->name));
		else if (bytes_present(of) && bytes_equal(of, bytes_of(group)))
			suggest_offer(&near, bytes_of(option->name + of.len + 1));
	}
	return near.best;
}

/* The row whose key has exactly this name in another place. */
static const struct config_option *same_elsewhere(const char *name)
{
	for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
		const char *dot = strchr(sidecar_config_options[i].name, '.');
		if (strcmp(dot ? dot + 1 : sidecar_config_options[i].name, name) == 0)
			return &sidecar_config_options[i];
	}
	return NULL;
}

static void unknown_key(struct config_load *load, unsigned line, const char *group, const char *name)
{
	struct bytes near = nearest_here(group, name);
	const struct config_option *elsewhere = same_elsewhere(name);
	const char *dot = *group ? "." : "";
	if (bytes_present(near))
		sidecar_config_wrong(load, line, "", "unknown key \"%s%s%s\"; did you mean \"%.*s\"?", group,
				     dot, name, BYTES_ARG(near));
	else if (elsewhere)
		sidecar_config_wrong(load, line, "", "unknown key \"%s%s%s\"; did you mean \"%s\"?", group,
				     dot, name, elsewhere->name);
	else
		sidecar_config_wrong(load, line, "", "unknown key \"%s%s%s\"; remove it", group, dot, name);
}

/* `audit: { key = "..."; };` or `listen = [ ... ];`: how a row is written. */
static void wrong_type(struct config_load *load, const struct config_option *option, unsigned line,
		       const char *expected)
{
	const char *dot = strchr(option->name, '.');
	sidecar_config_wrong(load, line, option->name, "%s is expected; write %s = %s;", expected,
			     dot ? dot + 1 : option->name, option->example);
}

static void take_list(struct config_load *load, const struct config_option *option,
		      const config_setting_t *setting)
{
	unsigned line = config_setting_source_line(setting);
	bool list = config_setting_is_array(setting) || config_setting_is_list(setting);
	int count = list ? config_setting_length(setting) : 0;
	if (!count && option->type == CONFIG_ADDRESSES)
		wrong_type(load, option, line, "a list of texts, not empty,");
	else if (!list)
		wrong_type(load, option, line, "a list of texts");
	for (int i = 0; i < count; i++) {
		const config_setting_t *element = config_setting_get_elem(setting, (unsigned)i);
		const char *text = config_setting_get_string(element);
		if (text)
			sidecar_config_take_text(load, option, config_setting_source_line(element), text);
		else
			wrong_type(load, option, config_setting_source_line(element), "a list of texts");
	}
}

static void take_number(struct config_load *load, const struct config_option *option,
			const config_setting_t *setting)
{
	unsigned line = config_setting_source_line(setting);
	int type = config_setting_type(setting);
	struct err err;
	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
		wrong_type(load, option, line, "a whole number");
		return;
	}
	int64_t value = config_setting_get_int64(setting);
	if (sidecar_config_in_range(option, value, &err))
		sidecar_config_put_number(option, load->config, value);
	else
		sidecar_config_wrong(load, line, option->name, "%s", err.text);
}

static void wrong_mapping(void *context, unsigned line, const char *text)
{
	sidecar_config_wrong(context, line, "", "%s", text);
}

/* setting: NULL where none is given. */
static void take_mapping(struct config_load *load, const config_setting_t *setting)
{
	struct proto_mapping_report report = {.wrong = wrong_mapping, .context = load};
	load->config->own_schema = setting;
	load->config->mapping = proto_mapping_read(setting, load->path, &report);
}

static void take_setting(struct config_load *load, const struct config_option *option,
			 const config_setting_t *setting)
{
	unsigned line = config_setting_source_line(setting);
	const char *text = config_setting_get_string(setting);
	load->line[option - sidecar_config_options] = line;
	switch (option->type) {
	case CONFIG_MAPPING:
		take_mapping(load, setting);
		break;
	case CONFIG_ADDRESSES:
	case CONFIG_TEXTS:
		take_list(load, option, setting);
		break;
	case CONFIG_COUNT:
		take_number(load, option, setting);
		break;
	case CONFIG_FLAG:
		if (config_setting_type(setting) == CONFIG_TYPE_BOOL)
			sidecar_config_put_number(option, load->config, config_setting_get_bool(setting));
		else
			wrong_type(load, option, line, "true or false");
		break;
	case CONFIG_TEXT:
	case CONFIG_NAME:
	case CONFIG_PATH:
	case CONFIG_ADDRESS:
	case CONFIG_SIZE:
	case CONFIG_DURATION:
	case CONFIG_TIME:
	case CONFIG_CHOICE:
	case CONFIG_WORD:
		if (text)
			sidecar_config_take_text(load, option, line, text);
		else
			wrong_type(load, option, line, "a text");
		break;
	}
}

/* The keys of such a group are not missing: they stand where no group is. */
static void not_a_group(struct config_load *load, const char *group, unsigned line)
{
	sidecar_config_wrong(load, line, group, "a group is expected; write %s: { ... };", group);
	for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
		struct bytes of = group_of(&sidecar_config_options[i]);
		if (bytes_present(of) && bytes_equal(of, bytes_of(group)))
			load->line[i] = line;
	}
}

/* One group of the file, or (group "") its top. */
static void take_group(struct config_load *load, const char *group, const config_setting_t *settings)
{
	int count = config_setting_length(settings);
	for (int i = 0; i < count; i++) {
		const config_setting_t *setting = config_setting_get_elem(settings, (unsigned)i);
		const char *name = config_setting_name(setting);
		unsigned line = config_setting_source_line(setting);
		char full[256];
		snprintf(full, sizeof full, "%s%s%s", group, *group ? "." : "", name);
		const struct config_option *option = sidecar_config_find(full);
		if (option)
			take_setting(load, option, setting);
		else if (*group || !is_group(name))
			unknown_key(load, line, group, name);
		else if (config_setting_is_group(setting))
			take_group(load, name, setting);
		else
			not_a_group(load, name, line);
	}
}

/* Defaults are texts of the table and take the same way as the file's. */
static void take_defaults(struct config_load *load)
{
	for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
		const struct config_option *option = &sidecar_config_options[i];
		if (!load->line[i] && option->fallback && option->size)
			sidecar_config_take_text(load, option, 0, option->fallback);
		if (load->line[i] || !option->required)
			continue;
		struct bytes group = group_of(option);
		const char *key = option->name + (group.len ? group.len + 1 : 0);
		sidecar_config_wrong(load, 0, option->name, "is missing (%s); write %.*s%s%s = %s;%s",
				     option->help, BYTES_ARG(group), group.len ? ": { " : "", key,
				     option->example, group.len ? " };" : "");
	}
	char host[256] = "";
	if (load->config->identity.uid ||
	    load->line[sidecar_config_find("identity.uid") - sidecar_config_options])
		return;
	gethostname(host, sizeof host - 1);
	sidecar_config_take_text(load, sidecar_config_find("identity.uid"), 0, host);
}

/* An address in force and where it stands, for checks of several against each other. */
struct placed_address {
	const struct config_option *option;
	const char *text;
	struct sockaddr_storage at;
	unsigned len;
	bool loopback;
};

static bool place_address(const char *name, const char *text, struct placed_address *placed)
{
	*placed = (struct placed_address){.option = sidecar_config_find(name), .text = text};
	return text && sidecar_config_address(text, &placed->at, &placed->len, &placed->loopback, NULL);
}

static bool port_is_zero(const struct placed_address *placed)
{
	size_t len = strlen(placed->text);
	return placed->at.ss_family != AF_UNIX && len > 2 && strcmp(placed->text + len - 2, ":0") == 0;
}

static bool same_address(const struct placed_address *a, const struct placed_address *b)
{
	return a->len == b->len && memcmp(&a->at, &b->at, a->len) == 0 && !port_is_zero(a);
}

static unsigned line_of(const struct config_load *load, const struct config_option *option)
{
	return load->line[option - sidecar_config_options];
}

static void check_alone(struct config_load *load, const struct placed_address *a)
{
	unsigned line = line_of(load, a->option);
	bool plain = !load->config->tls.cert && !load->config->allow_plaintext;
	if (a->option->type == CONFIG_ADDRESSES && !a->loopback && plain)
		sidecar_config_wrong(load, line, "listen",
				     "\"%s\" is reached by other machines, in plain text; set tls, listen on "
				     "loopback or a Unix socket, or say allow_plaintext = true",
				     a->text);
	if (a->text == load->config->upstream && port_is_zero(a))
		sidecar_config_wrong(load, line, "upstream", "\"%s\" has no port; write the recommender's",
				     a->text);
	if (a->text == load->config->admin.http && (a->at.ss_family == AF_UNIX || !a->loopback))
		sidecar_config_wrong(
			load, line, "admin.http",
			"\"%s\" is not a loopback port; write \"127.0.0.1:9901\" or \"[::1]:9901\"", a->text);
	if (a->text == load->config->admin.control && a->at.ss_family != AF_UNIX)
		sidecar_config_wrong(load, line, "admin.control",
				     "\"%s\" is not a Unix socket, whose owner can be told; write "
				     "\"unix:/run/rankguard/control.sock\"",
				     a->text);
}

/* Calls sent to our own listener would go round for ever. */
static void check_pair(struct config_load *load, const struct placed_address *a,
		       const struct placed_address *b)
{
	if (same_address(a, b))
		sidecar_config_wrong(load, line_of(load, b->option), b->option->name,
				     "\"%s\" is an address of %s already; choose another", b->text,
				     a->option->name);
}

static void check_addresses(struct config_load *load)
{
	struct sidecar_config *config = load->config;
	struct placed_address *placed = calloc(config->listen_count + 3, sizeof *placed);
	size_t count = 0;
	if (!placed) {
		rules_findings_fail(load->findings, load->path, "memory is short");
		return;
	}
	for (size_t i = 0; i < config->listen_count; i++)
		count += place_address("listen", config->listen[i], &placed[count]);
	count += place_address("upstream", config->upstream, &placed[count]);
	count += place_address("admin.http", config->admin.http, &placed[count]);
	count += place_address("admin.control", config->admin.control, &placed[count]);
	for (size_t i = 0; i < count; i++) {
		check_alone(load, &placed[i]);
		for (size_t j = 0; j < i; j++)
			check_pair(load, &placed[j], &placed[i]);
	}
	free(placed);
}

/* What observing needs, and nothing else may have. The time is held against a clock at the start. */
static void check_mode(struct config_load *load)
{
	static const char *const keys[] = {"observe_until", "observe_by"};
	struct sidecar_config *config = load->config;
	struct err err;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const struct config_option *option = sidecar_config_find(keys[i]);
		unsigned line = line_of(load, option);
		if (config->mode.wanted == SIDECAR_OBSERVE && !line)
			sidecar_config_wrong(load, line_of(load, sidecar_config_find("mode")), "mode",
					     "\"observe\" needs %s (%s); write %s = %s;", option->name,
					     option->help + strlen("mode observe: "), option->name,
					     option->example);
		if (config->mode.wanted == SIDECAR_ENFORCE && line)
			sidecar_config_wrong(load, line, option->name,
					     "is of no use in mode \"enforce\"; write mode = \"observe\", or "
					     "leave it out");
	}
	config->mode.until_line = line_of(load, sidecar_config_find("observe_until"));
	if (config->mode.by && !sidecar_mode_by_valid(config->mode.by, &err))
		sidecar_config_wrong(load, line_of(load, sidecar_config_find("observe_by")), "observe_by",
				     "%s", err.text);
}

/* Only sealed epochs are pruned. */
static void check_retention(struct config_load *load)
{
	const struct sidecar_config *config = load->config;
	if (config->audit.retain_ns && !config->audit.seal_ns && !config->audit.seal_entries)
		sidecar_config_wrong(
			load, line_of(load, sidecar_config_find("audit.retain")), "audit.retain",
			"nothing is ever pruned, because no epoch is ever sealed; say audit.seal_time = "
			"\"7d\", or leave it \"forever\"");
}

static void check_history(struct config_load *load)
{
	const struct sidecar_config *config = load->config;
	const struct config_option *backend = sidecar_config_find("history.backend");
	const struct config_option *directory = sidecar_config_find("history.directory");
	if (!config->history.backend)
		return;
	bool embedded = strcmp(config->history.backend, "embedded") == 0;
	if (embedded && !load->line[directory - sidecar_config_options])
		sidecar_config_wrong(load, line_of(load, backend), backend->name,
				     "\"embedded\" needs a directory; set history.directory, such as %s",
				     directory->example);
	if (!embedded && config->history.directory)
		sidecar_config_wrong(load, line_of(load, directory), directory->name,
				     "is of no use to the backend \"%s\"; write backend = \"embedded\", or "
				     "leave it out",
				     config->history.backend);
}

struct sidecar_config *sidecar_config_load(const char *path, struct rules_findings *findings)
{
	struct config_load load = {.path = path, .findings = findings};
	size_t errors = findings->errors;
	config_t settings;
	config_init(&settings);
	load.config = calloc(1, sizeof *load.config);
	if (load.config) {
		load.config->path = strdup(path);
		load.line = load.config->line = calloc(CONFIG_OPTIONS, sizeof *load.line);
	}
	if (!load.config || !load.config->path || !load.line) {
		rules_findings_fail(findings, path, "memory is short");
	} else if (parse_file(&load, &settings)) {
		take_group(&load, "", config_root_setting(&settings));
		take_defaults(&load);
		if (!load.line[sidecar_config_find("schema") - sidecar_config_options])
			take_mapping(&load, NULL);
		check_addresses(&load);
		sidecar_config_check_tls(&load, &settings);
		check_history(&load);
		check_mode(&load);
		check_retention(&load);
	}
	config_destroy(&settings);
	rules_findings_sort(findings);
	if (findings->errors > errors) {
		sidecar_config_free(load.config);
		load.config = NULL;
	}
	return load.config;
}

static bool is_text(const struct config_option *option)
{
	return option->type == CONFIG_TEXT || option->type == CONFIG_NAME || option->type == CONFIG_PATH ||
	       option->type == CONFIG_ADDRESS || option->type == CONFIG_WORD;
}

static char *get_text(const struct config_option *option, const struct sidecar_config *config)
{
	char *text;
	memcpy(&text, (const char *)config + option->offset, sizeof text);
	return text;
}

unsigned sidecar_config_line(const struct sidecar_config *config, const char *name)
{
	return config->line[sidecar_config_find(name) - sidecar_config_options];
}

void sidecar_config_free(struct sidecar_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < CONFIG_OPTIONS; i++)
		if (is_text(&sidecar_config_options[i]))
			free(get_text(&sidecar_config_options[i], config));
	for (size_t i = 0; i < config->listen_count; i++)
		free(config->listen[i]);
	free(config->listen);
	for (size_t i = 0; i < config->audit.attributes.count; i++)
		free(config->audit.attributes.at[i]);
	free(config->audit.attributes.at);
	free(config->line);
	proto_mapping_free(config->mapping);
	free(config->path);
	free(config);
}

static void describe_list(char *const *at, size_t count, struct buf *out)
{
	buf_add_text(out, "[");
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s\"%s\"", i ? ", " : " ", at[i]);
	buf_add_text(out, " ]");
}

/* The methods that are governed or carry signals. */
static void describe_mapping(const struct sidecar_config *config, struct buf *out)
{
	const struct proto_method *method;
	buf_add_text(out, "[ ");
	for (size_t i = 0; config->mapping && (method = proto_mapping_at(config->mapping, i)); i++)
		buf_printf(out, "%s\"%.*s\"", i ? ", " : "", BYTES_ARG(proto_method_name(method)));
	buf_add_text(out, " ]");
}

static void describe_value(const struct config_option *option, const struct sidecar_config *config,
			   struct buf *out)
{
	char text[64];
	bool bare = option->type == CONFIG_COUNT || option->type == CONFIG_FLAG;
	if (option->type == CONFIG_ADDRESSES) {
		describe_list(config->listen, config->listen_count, out);
	} else if (option->type == CONFIG_TEXTS) {
		describe_list(config->audit.attributes.at, config->audit.attributes.count, out);
	} else if (option->type == CONFIG_MAPPING) {
		describe_mapping(config, out);
	} else if (is_text(option)) {
		buf_printf(out, "\"%s\"", get_text(option, config));
	} else if (option->size == 0) {
		buf_printf(out, "\"%s\"", option->fallback);
	} else {
		sidecar_config_format(option, sidecar_config_get_number(option, config), text);
		buf_printf(out, bare ? "%s" : "\"%s\"", text);
	}
}

char *sidecar_config_describe(const struct sidecar_config *config, enum sidecar_options part)
{
	struct buf out = {0};
	for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
		const struct config_option *option = &sidecar_config_options[i];
		if ((option->type == CONFIG_MAPPING && !config->own_schema) ||
		    (is_text(option) && !get_text(option, config)) ||
		    (option->type == CONFIG_TIME && !sidecar_config_get_number(option, config)) ||
		    (part == SIDECAR_OPTIONS_RELOADABLE && !option->reload) ||
		    (part == SIDECAR_OPTIONS_FIXED && option->reload))
			continue;
		buf_printf(&out, "%s = ", option->name);
		describe_value(option, config, &out);
		buf_add_text(&out, "\n");
	}
	buf_add(&out, "", 1);
	if (out.failed)
		buf_done(&out);
	return out.at;
}

static char *value_text(const struct config_option *option, const struct sidecar_config *config)
{
	struct buf out = {0};
	if (is_text(option) && !get_text(option, config))
		buf_add_text(&out, "nothing");
	else
		describe_value(option, config, &out);
	buf_add(&out, "", 1);
	if (out.failed)
		buf_done(&out);
	return out.at;
}

bool sidecar_config_reloadable(const struct sidecar_config *before, const struct sidecar_config *after,
			       struct rules_findings *findings)
{
	size_t errors = findings->errors;
	for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
		const struct config_option *option = &sidecar_config_options[i];
		if (option->reload)
			continue;
		char *was = value_text(option, before), *is = value_text(option, after);
		if (!was || !is)
			rules_findings_fail(findings, after->path, "memory is short");
		else if (strcmp(was, is) != 0)
			rules_findings_add(
				findings, true, after->path, after->line[i],
				"%s: changed from %s to %s, which takes a restart; put it back, or "
				"restart",
				option->name, was, is);
		free(was);
		free(is);
	}
	return findings->errors == errors;
}
