/* SPDX-License-Identifier: Apache-2.0
 *
 * What the caller sees, in trailing metadata:
 *   rankguard-decision: <origin>/<index>      the receipt: log and index of the entry
 *   rankguard-actions: clamp=2, suppress=1    targets changed or flagged, weakest action first
 *   rankguard-rules: id, id                   at most 1 KiB, then `+N`
 */
#include "sidecar/call.h"

#include "proto/wire.h"
#include <grpc/support/alloc.h>
#include <inttypes.h>
#include <stdio.h>

enum { RULES_LEN = 1024 };

static bool ours(grpc_slice key)
{
	return grpc_slice_str_cmp(key, "rankguard-decision") == 0 ||
	       grpc_slice_str_cmp(key, "rankguard-actions") == 0 ||
	       grpc_slice_str_cmp(key, "rankguard-rules") == 0;
}

void sidecar_receipt_strip(grpc_metadata_array *metadata)
{
	size_t kept = 0;
	for (size_t i = 0; i < metadata->count; i++)
		if (!ours(metadata->metadata[i].key))
			metadata->metadata[kept++] = metadata->metadata[i];
	metadata->count = kept;
}

/* The array is the core's (gpr_malloc); the value is ours and given back at the end of the call. */
static void add(struct sidecar_call *call, const char *key, struct bytes value)
{
	grpc_metadata_array *array = &call->reply.trailing;
	if (array->count == array->capacity) {
		array->capacity += SIDECAR_RECEIPTS;
		array->metadata = gpr_realloc(array->metadata, array->capacity * sizeof *array->metadata);
	}
	grpc_slice slice = grpc_slice_from_copied_buffer(value.at, value.len);
	call->receipt[call->receipt_count++] = slice;
	array->metadata[array->count++] =
		(grpc_metadata){.key = grpc_slice_from_static_string(key), .value = slice};
}

/* What was changed or flagged, as opposed to what would have been. */
static bool counts(const struct rules_intervention *one)
{
	return !one->would;
}

static void add_actions(struct sidecar_call *call)
{
	size_t targets[RULES_REJECT + 1] = {0};
	char text[256];
	size_t used = 0;
	for (size_t i = 0; i < call->decision.intervention_count; i++) {
		const struct rules_intervention *one = &call->decision.intervention[i];
		if (counts(one))
			targets[one->action] += one->target_count ? one->target_count : 1;
	}
	for (int action = RULES_FLAG; action <= RULES_REJECT; action++)
		if (targets[action])
			used += (size_t)snprintf(
				text + used, sizeof text - used, "%s%s=%zu", used ? ", " : "",
				rules_action_name((enum rules_action)action), targets[action]);
	if (used)
		add(call, "rankguard-actions", (struct bytes){text, used});
}

static bool named_before(const struct rules_decision *decision, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (counts(&decision->intervention[i]) &&
		    decision->intervention[i].rule == decision->intervention[index].rule)
			return true;
	return false;
}

static void add_rules(struct sidecar_call *call)
{
	const struct rules_decision *decision = &call->decision;
	char text[RULES_LEN + 32];
	size_t used = 0, left_out = 0;
	for (size_t i = 0; i < decision->intervention_count; i++) {
		struct bytes id = decision->intervention[i].rule->id;
		if (!counts(&decision->intervention[i]) || named_before(decision, i))
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
		add(call, "rankguard-rules", (struct bytes){text, used});
}

void sidecar_receipt_add(struct sidecar_call *call)
{
	char text[320];
	int len = snprintf(text, sizeof text, "%s/%" PRIu64, call->append.origin, call->append.first_index);
	add(call, "rankguard-decision", (struct bytes){text, (size_t)len});
	if (!call->decided)
		return;
	add_actions(call);
	add_rules(call);
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

void sidecar_receipt_reject(struct sidecar_call *call)
{
	const struct rules_intervention *by = call->decision.rejected_by;
	struct bytes reason = by ? by->rule->reason : BYTES_LITERAL("refused by a rule");
	struct bytes rule = by ? by->rule->id : BYTES_LITERAL("");
	struct buf details = {0};
	grpc_byte_buffer_destroy(call->response);
	call->response = NULL;
	sidecar_reply_done(&call->reply);
	sidecar_reply_init(&call->reply);
	call->reply.status = GRPC_STATUS_PERMISSION_DENIED;
	call->reply.message = grpc_slice_from_copied_buffer(reason.at, reason.len);
	status_details(&details, rule, reason);
	if (!details.failed)
		add(call, "grpc-status-details-bin", buf_bytes(&details));
	buf_done(&details);
}
