/* SPDX-License-Identifier: Apache-2.0
 *
 * A record: everything that a decision was made on, as one JSON object, so that it can be made again and come out
 * the same bit for bit. `rankguard-rules decide` reads what this writes.
 *
 *     {"format":1,"ruleset":"sha256:...","now_ns":...,
 *      "facts":{"method":...,"user":...,"session":...,"surface":...,"locale":...,"time_zone":...,"segment":...,
 *               "experiment":...,"attributes":[{"name":...,"value":...}],"attributes_left_out":n,
 *               "opted_out":b,"offset":n,"order":"position|score_desc|score_asc",
 *               "narrow":["score","baseline","weight","weight_baseline"],
 *               "items":[{"id":...,"category":...,"source":...,"score":x,"baseline":x,"tags":[...]}],
 *               "weights":[{"category":...,"weight":x,"baseline":x}],
 *               "prompts":[{"id":...,"template_id":...,"kind":...,"text":...,"locale":...,
 *                           "choices":[{"id":...,"kind":...,"label":...}]}],
 *               "explanation":...,"confidence":x,"model_version":...},
 *      "applies":[{"rule":...,"applies":b}],
 *      "state":{"session":[event],"user":[event]},
 *      "frequency":"decided|suppressed|passed","observed":b,
 *      "history":{"session":[event],"user":[event]}}
 *
 * An event is {"time_ns":n,"entry":n,"type":"delivered","prompt":kind,"prompt_id":...} or
 * {"time_ns":n,"entry":n,"type":"signal","signal":kind,"prompt_id":...,"category":...}; one of a call in flight
 * has no entry yet.
 *
 * What is absent is left out; a subject without id has no list. Text that is not valid UTF-8 stands as
 * {"hex":"..."}. Numbers read back the same; those that JSON does not have stand as strings: "NaN", "Infinity",
 * "-Infinity", "-0". `narrow` names the columns whose field is a 32-bit float. Users and sessions are pseudonyms.
 *
 * `applies` answers for rules whose `when` asks for what the record does not say: a `share` (of ids), or an
 * attribute that was left out.
 */
#ifndef RULES_RECORD_H
#define RULES_RECORD_H

#include "proto/buf.h"
#include "rules/decide.h"

/* What became of step 5. SUPPRESSED, PASSED: history was unavailable. */
enum rules_frequency_end { RULES_FREQUENCY_DECIDED, RULES_FREQUENCY_SUPPRESSED, RULES_FREQUENCY_PASSED };
const char *rules_frequency_end_name(enum rules_frequency_end end); /* "decided" */

/* How one response was decided on. All borrowed. */
struct rules_recording {
	const struct rules_ruleset *ruleset;
	const struct facts *facts;
	int64_t now_ns;
	struct bytes session, user; /* pseudonyms; absent without id */
	char *const *attribute;	    /* names of attributes that may be written */
	size_t attribute_count;
	const struct rules_history *state;   /* as rules_decide_seen saw it; NULL: it did not */
	const struct rules_history *history; /* as rules_decide_frequency saw it; NULL: it did not */
	enum rules_frequency_end frequency;
	bool observed;			       /* the decision was discarded: nothing was enforced */
	const struct rules_decision *decision; /* after both halves */
};

/* Appends the record. Memory that is short sets out->failed. Thread: any. */
void rules_record_write(const struct rules_recording *recording, struct buf *out);

#endif
