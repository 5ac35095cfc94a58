/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a rule file: it loads or it does not, and what loads says so again through `effective`.
 */
#include "rules/ruleset.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* libconfig 1.5 does not free what it was reading when a syntax error stops it. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so\n";
}

/* A file that has no place in any directory. */
static struct rules_ruleset *load(const void *text, size_t len, struct rules_findings *findings)
{
	char path[64];
	int fd = memfd_create("rules", MFD_CLOEXEC);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	struct rules_ruleset *ruleset = rules_ruleset_load(path, 1, findings);
	close(fd);
	return ruleset;
}

/* Sources stand in the first two lines. */
static const char *body(const char *text)
{
	return strchr(strchr(text, '\n') + 1, '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rules_findings findings = {0}, none = {0};
	struct rules_ruleset *ruleset = load(data, len, &findings);
	if ((ruleset == NULL) != (findings.errors > 0))
		abort();
	rules_findings_done(&findings);
	if (!ruleset)
		return 0;
	char *once = rules_ruleset_effective(ruleset);
	struct rules_ruleset *again = load(once, strlen(once), &none);
	char *twice = again ? rules_ruleset_effective(again) : NULL;
	if (!twice || strcmp(body(once), body(twice)) != 0) {
		fprintf(stderr, "%s\n%s\n%s\n", none.count ? none.finding[0].text : "", once,
			twice ? twice : "");
		abort();
	}
	free(once);
	free(twice);
	rules_findings_done(&none);
	rules_ruleset_drop(ruleset);
	rules_ruleset_drop(again);
	return 0;
}
