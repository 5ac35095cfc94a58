/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/library.h"

#include <dlfcn.h>
#include <malloc.h>
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

/* What a call frees is asked for again by the next one: given back to the kernel each time, its pages cost more
 * than deciding (half of the time of a response of 1,000 items in which everything changes, by bench_micro with
 * GLIBC_TUNABLES). What stays with the process is bounded by the first of the two. */
enum { KEEP_FREE = 32 << 20, MAP_ALONE = 4 << 20 }; /* bytes */

bool sidecar_library_prepare(void)
{
	mallopt(M_TRIM_THRESHOLD, KEEP_FREE);
	mallopt(M_MMAP_THRESHOLD, MAP_ALONE);
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
		setenv(settings[i].name, settings[i].value, 0); /* ENOMEM only costs the tuning */

	void (*set_mode)(int) = NULL;
	*(void **)&set_mode = dlsym(RTLD_DEFAULT, DETECTOR_SWITCH); /* the form that dlsym(3) gives */
	if (set_mode)
		set_mode(ON_DEADLOCK_CYCLE_IGNORE);
	return set_mode != NULL;
}
