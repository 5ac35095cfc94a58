/* SPDX-License-Identifier: Apache-2.0
 *
 * The corpus runner's control: a body that always fails. ctest expects this program to fail.
 */
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	(void)data;
	(void)len;
	exit(7);
}
