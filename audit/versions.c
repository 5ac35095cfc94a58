/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/versions.h"

#include <openssl/crypto.h>

void audit_versions(struct buf *json)
{
	json_key(json, "openssl");
	json_text(json, OpenSSL_version(OPENSSL_VERSION_STRING));
}
