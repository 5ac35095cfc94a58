/* SPDX-License-Identifier: Apache-2.0
 *
 * What this program is made of, for `--version` and for the log's `open` entry.
 */
#ifndef SIDECAR_VERSIONS_H
#define SIDECAR_VERSIONS_H

#include "proto/err.h"

/* A JSON object, library name to version. Heap text, the caller frees; NULL when memory is short. */
MUST_USE char *sidecar_versions(void);

#endif
