/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/library.h"

#include <dlfcn.h>
#include <stdlib.h>

/* absl::debian3::SetMutexDeadlockDetectionMode(absl::debian3::OnDeadlockCycle), a C++ function without a
 * header that C can read; the inline namespace is Debian's. */
#define DETECTOR_SWITCH "_ZN4absl7debian329SetMutexDeadlockDetectionModeENS0_15OnDeadlockCycleE"

enum { ON_DEADLOCK_CYCLE_IGNORE = 0 }; /* absl::OnDeadlockCycle::kIgnore */

static const struct setting {
	const char *name, *value;
} settings[] = {
	/* a second thread that polls beside the completion queues */
	{"GRPC_EXPERIMENTS", "-posix_event_engine_enable_polling"},
	/* a timer that polls client channels for programs without a running completion queue */
	{"GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "0"},
	/* the core's own lines on stderr are not our log's format */
	{"GRPC_VERBOSITY", "ERROR"},
};

bool sidecar_library_prepare(void)
{
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
		setenv(settings[i].name, settings[i].value, 0); /* ENOMEM only costs the tuning */

	void (*set_mode)(int) = NULL;
	*(void **)&set_mode = dlsym(RTLD_DEFAULT, DETECTOR_SWITCH); /* the form that dlsym(3) gives */
	if (set_mode)
		set_mode(ON_DEADLOCK_CYCLE_IGNORE);
	return set_mode != NULL;
}
