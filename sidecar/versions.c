/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/versions.h"

#include "audit/versions.h"
#include "proto/buf.h"
#include "rules/versions.h"
#include <grpc/grpc.h>
#include <lmdb.h>
#include <microhttpd.h>

char *sidecar_versions(void)
{
	struct buf json = {0};
	json_open(&json, '{');
	json_key(&json, "rankguard");
	json_text(&json, RANKGUARD_VERSION);
	json_key(&json, "grpc");
	json_text(&json, grpc_version_string());
	json_key(&json, "libmicrohttpd");
	json_text(&json, MHD_get_version());
	json_key(&json, "lmdb");
	json_text(&json, mdb_version(NULL, NULL, NULL));
	rules_versions(&json);
	audit_versions(&json);
	json_close(&json, '}');
	buf_add(&json, "", 1);
	if (!json.failed)
		return json.at;
	buf_done(&json);
	return NULL;
}
