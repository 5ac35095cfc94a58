/* SPDX-License-Identifier: Apache-2.0
 *
 * Findings as the verbs of rankguard-rules say them.
 */
#include "rules/findings.h"
#include "rules/tool.h"

#include <stdio.h>

void tool_findings_print(const struct rules_findings *findings, struct buf *out)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct rules_finding *finding = &findings->finding[i];
		const char *words = strstr(finding->text + finding->file_len, ": ");
		int place = (int)(words - finding->text);
		buf_printf(out, "%.*s: %s%s\n", place, finding->text, rules_finding_prefix(finding),
			   words + 2);
	}
}

void tool_findings_talk(const struct rules_findings *findings)
{
	struct buf talk = {0};
	tool_findings_print(findings, &talk);
	fprintf(stderr, "%.*s", BYTES_ARG(buf_bytes(&talk)));
	buf_done(&talk);
}

static void json_finding(const struct rules_finding *finding, struct buf *out)
{
	json_open(out, '{');
	json_key(out, "severity");
	json_text(out, finding->error ? "error" : finding->note ? "note" : "warning");
	json_key(out, "file");
	json_string(out, (struct bytes){finding->text, finding->file_len});
	json_key(out, "line");
	json_uint(out, finding->line);
	json_key(out, "text");
	json_text(out, finding->text);
	json_close(out, '}');
}

void tool_findings_json(const struct rules_findings *findings, size_t sets, struct buf *out)
{
	json_key(out, "findings");
	json_open(out, '[');
	for (size_t s = 0; s < sets; s++)
		for (size_t i = 0; i < findings[s].count; i++)
			json_finding(&findings[s].finding[i], out);
	json_close(out, ']');
}

void tool_findings_answer(const struct rules_findings *findings, size_t sets, struct buf *out)
{
	json_open(out, '{');
	tool_findings_json(findings, sets, out);
	json_close(out, '}');
	buf_add_text(out, "\n");
}

enum tool_exit tool_findings_exit(const struct rules_findings *findings)
{
	return findings->failed ? TOOL_FAILED : findings->count > findings->notes ? TOOL_NO : TOOL_YES;
}
