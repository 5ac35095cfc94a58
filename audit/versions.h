/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AUDIT_VERSIONS_H
#define AUDIT_VERSIONS_H

#include "proto/buf.h"

/* Adds the member "openssl" to the JSON object that is open. */
void audit_versions(struct buf *json);

#endif
