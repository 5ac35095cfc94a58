/* SPDX-License-Identifier: Apache-2.0
 *
 * What the caller sees, in trailing metadata:
 *   rankguard-decision: <origin>/<index>      the receipt: log and index of the entry
 *   rankguard-actions: clamp=2, suppress=1    targets changed or flagged, weakest action first
 *   rankguard-rules: id, id                   at most 1 KiB, then `+N`
 */
#include "sidecar/govern.h"

#include "proto/wire.h"
#include <assert.h>
#include <grpc/support/alloc.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { RULES_LEN = 1024 };

static bool ours(grpc_slice key)
{
	static const char prefix[] = "rankguard-";
	size_t len = sizeof prefix - 1;
	return GRPC_SLICE_LENGTH(key) >= len && memcmp(GRPC_SLICE_START_PTR(key), prefix, len) == 0;
}

void sidecar_receipt_strip(grpc_metadata_array *metadata)
{
	size_t kept = 0;
	for (size_t i = 0; i < metadata->count; i++)
		if (!ours(metadata->metadata[i].key))
			metadata->metadata[kept++] = metadata->metadata[i];
	metadata->count = kept;
}

void sidecar_receipts_done(struct sidecar_receipts *receipts)
{
	for (size_t i = 0; i < receipts->values; i++)
		grpc_slice_unref(receipts->value[i]);
	free(receipts->named);
}

/* The array is the core's (gpr_malloc); the value is ours and given back at the end of the call. */
static void add(struct sidecar_receipts *receipts, grpc_metadata_array *to, const char *key,
		struct bytes value)
{
	assert(receipts->values < sizeof receipts->value / sizeof *receipts->value);
	if (to->count == to->capacity) {
		to->capacity += SIDECAR_RECEIPTS;
		to->metadata = gpr_realloc(to->metadata, to->capacity * sizeof *to->metadata);
	}
	grpc_slice slice = grpc_slice_from_copied_buffer(value.at, value.len);
	receipts->value[receipts->values++] = slice;
	to->metadata[to->count++] =
		(grpc_metadata){.key = grpc_slice_from_static_string(key), .value = slice};
}

/* ---- what is told ---- */

/* What was changed or flagged, as opposed to what would have been. */
static void note_intervention(struct sidecar_receipts *receipts, const struct rules_intervention *one)
{
	if (one->would)
		return;
	receipts->targets[one->action] += one->target_count ? one->target_count : 1;
	if (receipts->named)
		receipts->named[one->rule->index] = 1;
}

/* While the switch observes, the application learns of what happened, not of what would have: of prompts that
 * were counted and of failures. */
static bool left_a_trace(const struct sidecar_governing *governing)
{
	return !governing->observes || governing->decision.prompt_count || governing->leniency.taken;
}

void sidecar_receipt_note(struct sidecar_receipts *receipts, const struct sidecar_governing *governing)
{
	size_t rules = rules_ruleset_rule_count(governing->policy->rules);
	if (!receipts->named)
		receipts->named = calloc(rules ? rules : 1, sizeof *receipts->named);
	if (left_a_trace(governing) && receipts->entries < SIDECAR_RECEIPTS)
		receipts->entry[receipts->entries++] =
			(struct sidecar_receipt){governing->append.origin, governing->append.first_index};
	for (size_t i = 0; governing->decided && i < governing->decision.intervention_count; i++)
		note_intervention(receipts, &governing->decision.intervention[i]);
}

static void write_actions(struct sidecar_receipts *receipts, grpc_metadata_array *trailing)
{
	char text[256];
	size_t used = 0;
	for (int action = RULES_FLAG; action <= RULES_REJECT; action++)
		if (receipts->targets[action])
			used += (size_t)snprintf(
				text + used, sizeof text - used, "%s%s=%zu", used ? ", " : "",
				rules_action_name((enum rules_action)action), receipts->targets[action]);
	if (used)
		add(receipts, trailing, "rankguard-actions", (struct bytes){text, used});
}

static void write_rules(struct sidecar_receipts *receipts, const struct rules_ruleset *rules,
			grpc_metadata_array *trailing)
{
	char text[RULES_LEN + 32];
	size_t used = 0, left_out = 0;
	for (size_t i = 0; receipts->named && i < rules_ruleset_rule_count(rules); i++) {
		struct bytes id = rules_ruleset_rule(rules, i)->id;
		if (!receipts->named[i])
			continue;
		if (left_out || used + id.len + 2 > RULES_LEN)
			left_out++;
		else
			used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*s", used ? ", " : "",
						 BYTES_ARG(id));
	}
	if (left_out)
		used += (size_t)snprintf(text + used, sizeof text - used, " +%zu", left_out);
	if (used)
		add(receipts, trailing, "rankguard-rules", (struct bytes){text, used});
}

void sidecar_receipt_write(struct sidecar_receipts *receipts, const struct sidecar_hop *hop,
			   const struct sidecar_policy *policy, grpc_metadata_array *trailing)
{
	char text[320];
	if (!hop->config->receipts)
		return;
	for (size_t i = 0; i < receipts->entries; i++) {
		int len = snprintf(text, sizeof text, "%s/%" PRIu64, receipts->entry[i].origin,
				   receipts->entry[i].index);
		add(receipts, trailing, "rankguard-decision", (struct bytes){text, (size_t)len});
	}
	write_actions(receipts, trailing);
	write_rules(receipts, policy->rules, trailing);
}

/* ---- a rejected call ---- */

/* A message field of bytes: tag, length, body (protobuf wire format). */
static void add_field(struct buf *to, uint32_t number, struct bytes body)
{
	char head[WIRE_TAG_MAX + WIRE_VARINT_MAX];
	char *end = wire_put_varint(wire_put_tag(head, number, WIRE_LEN), body.len);
	buf_add(to, head, (size_t)(end - head));
	buf_add_bytes(to, body);
}

/* google.rpc.Status { code = 1, message = 2, details = 3: Any { type_url = 1, value = 2: google.rpc.ErrorInfo
 * { reason = 1, domain = 2 } } } (googleapis, google/rpc/status.proto and error_details.proto) */
static void status_details(struct buf *status, struct bytes rule, struct bytes reason)
{
	struct buf info = {0}, any = {0};
	const char code[] = {1 << 3, GRPC_STATUS_PERMISSION_DENIED};
	add_field(&info, 1, rule);
	add_field(&info, 2, BYTES_LITERAL("rankguard"));
	add_field(&any, 1, BYTES_LITERAL("type.googleapis.com/google.rpc.ErrorInfo"));
	add_field(&any, 2, buf_bytes(&info));
	buf_add(status, code, sizeof code);
	add_field(status, 2, reason);
	add_field(status, 3, buf_bytes(&any));
	status->failed |= info.failed || any.failed;
	buf_done(&info);
	buf_done(&any);
}

void sidecar_receipt_reject(struct sidecar_receipts *receipts, const struct sidecar_governing *governing,
			    struct sidecar_reply *reply)
{
	const struct rules_intervention *by = governing->decision.rejected_by;
	struct bytes reason = by ? by->rule->reason : BYTES_LITERAL("refused by a rule");
	struct bytes rule = by ? by->rule->id : BYTES_LITERAL("");
	struct buf details = {0};
	sidecar_reply_done(reply);
	sidecar_reply_init(reply);
	reply->status = GRPC_STATUS_PERMISSION_DENIED;
	reply->message = grpc_slice_from_copied_buffer(reason.at, reason.len);
	status_details(&details, rule, reason);
	if (!details.failed)
		add(receipts, &reply->trailing, "grpc-status-details-bin", buf_bytes(&details));
	buf_done(&details);
}
