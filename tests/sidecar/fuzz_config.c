/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a configuration: taken or refused with findings, and what is taken can be described.
 */
#include "sidecar/config.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* libconfig 1.5 loses a text token when the syntax error is right behind it. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rules_findings findings = {0};
	char path[64];
	int fd = memfd_create("config", MFD_CLOEXEC);
	assert(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	struct sidecar_config *config = sidecar_config_load(path, &findings);
	assert((config == NULL) == (findings.errors > 0));
	if (config) {
		char *text = sidecar_config_describe(config, false);
		assert(text);
		free(text);
	}
	sidecar_config_free(config);
	rules_findings_done(&findings);
	close(fd);
	return 0;
}
