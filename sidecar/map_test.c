/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/file.h"
#include "proto/mapping_read.h"
#include "sidecar/map.h"
#include <stdio.h>
#include <stdlib.h>

enum { CONFIG_MIB = 1, MESSAGE_MIB = 64 };
#define ARENA_LIMIT ((size_t)1 << 30)

static void wrong(void *context, unsigned line, const char *text)
{
	const char *path = context;
	if (line)
		fprintf(stderr, "%s:%u: %s\n", path, line, text);
	else
		fprintf(stderr, "%s: %s\n", path, text);
}

/* Only the schema section is read: the rest of the configuration may not be there yet. */
static struct proto_mapping *load_mapping(const char *path)
{
	struct proto_mapping_report report = {.wrong = wrong, .context = (char *)path};
	struct proto_mapping *mapping = NULL;
	struct buf text = {0};
	struct err err;
	config_t config;
	config_init(&config);
	if (!file_read(path, "configuration file", CONFIG_MIB, &text, &err)) {
		fprintf(stderr, "%s: %s\n", path, err.text);
	} else {
		buf_add(&text, "", 1);
		if (text.failed)
			fprintf(stderr, "%s: no memory\n", path);
		else if (!config_read_string(&config, text.at))
			fprintf(stderr, "%s:%d: %s\n", path, config_error_line(&config),
				config_error_text(&config));
		else
			mapping = proto_mapping_read(config_lookup(&config, "schema"), path, &report);
	}
	config_destroy(&config);
	buf_done(&text);
	return mapping;
}

static const struct proto_method *find_method(const struct proto_mapping *mapping, const char *name)
{
	const struct proto_method *method = proto_mapping_find(mapping, bytes_of(name));
	if (method)
		return method;
	fprintf(stderr, "rankguard: map test: method %s is not mapped; the mapped ones are:\n", name);
	for (size_t i = 0; (method = proto_mapping_at(mapping, i)); i++)
		fprintf(stderr, "  %.*s\n", BYTES_ARG(proto_method_name(method)));
	return NULL;
}

/* NULL: the message was not given, which is fine. */
static bool load_message(const char *path, struct buf *message)
{
	struct err err;
	if (!path || file_read(path, "message", MESSAGE_MIB, message, &err))
		return true;
	fprintf(stderr, "%s: %s\n", path, err.text);
	return false;
}

static struct bytes find_header(const void *context, struct bytes name)
{
	const struct sidecar_map_options *options = context;
	for (size_t i = 0; i < options->headers; i++) {
		const char *value = strchr(options->header[i], '=') + 1;
		struct bytes key = {options->header[i], (size_t)(value - 1 - options->header[i])};
		if (bytes_equal(key, name) && *value)
			return bytes_of(value);
	}
	return (struct bytes){0};
}

static enum sidecar_exit view(const struct sidecar_map_options *options, const struct proto_method *method,
			      struct bytes request, struct bytes response, struct arena *arena)
{
	static const struct proto_limits limits = {.items = 100000, .prompts = 1000};
	struct facts facts = {.method = proto_method_name(method)};
	struct facts_signal signal;
	struct err err;
	const struct proto_places *places;
	bool is_signal = proto_method_role(method) == PROTO_SIGNAL;
	struct sidecar_map_facts found = {
		.method = method, .request = options->request, .response = options->response};
	const struct proto_headers headers = {find_header, options};
	struct buf out = {0};
	enum proto_result result = PROTO_OK;
	if (is_signal)
		result = proto_view_signal(method, request, &headers, arena, &signal, &err);
	else if (options->request)
		result = proto_view_request(method, request, &headers, &limits, arena, &facts, &err);
	if (result == PROTO_OK && options->response && !is_signal)
		result = proto_view_response(method, response, &limits, arena, &facts, &places, &err);
	if (result != PROTO_OK) {
		fprintf(stderr, "rankguard: map test: %s\n", err.text);
		return SIDECAR_NO;
	}
	found.signal = is_signal ? &signal : NULL;
	found.facts = is_signal ? NULL : &facts;
	sidecar_map_print(&found, options->json, &out);
	bool good = !out.failed && fwrite(out.at, 1, out.len, stdout) == out.len && fflush(stdout) == 0;
	buf_done(&out);
	return good ? SIDECAR_YES : SIDECAR_FAILED;
}

enum sidecar_exit sidecar_map_test(const struct sidecar_map_options *options)
{
	if (!options->config || !options->method || (!options->request && !options->response)) {
		fprintf(stderr, "rankguard: map test: --config, --method and --request or --response are "
				"needed; see rankguard map --help\n");
		return SIDECAR_USAGE;
	}
	struct buf request = {0}, response = {0};
	struct arena arena;
	enum sidecar_exit code = SIDECAR_NO;
	struct proto_mapping *mapping = load_mapping(options->config);
	const struct proto_method *method = mapping ? find_method(mapping, options->method) : NULL;
	arena_init(&arena, ARENA_LIMIT);
	if (method && proto_method_role(method) == PROTO_SIGNAL && !options->request)
		fprintf(stderr, "rankguard: map test: %s is a signal method; give its --request\n",
			options->method);
	else if (method && load_message(options->request, &request) &&
		 load_message(options->response, &response))
		code = view(options, method, buf_bytes(&request), buf_bytes(&response), &arena);
	arena_done(&arena);
	buf_done(&request);
	buf_done(&response);
	proto_mapping_free(mapping);
	return code;
}
