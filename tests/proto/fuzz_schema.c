/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz body: a descriptor set from outside is loaded or refused with words, never more.
 */
#include "proto/schema.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct err err = {{0}};
	struct proto_schema *schema = proto_schema_load((struct bytes){(const char *)data, len}, &err);
	assert(schema ? err.text[0] == '\0' : strncmp(err.text, "descriptor set: ", 16) == 0);
	proto_schema_free(schema);
	return 0;
}
