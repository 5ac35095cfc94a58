/* SPDX-License-Identifier: Apache-2.0
 *
 * CRC-32C (Castagnoli, reflected polynomial 0x82f63b78; RFC 3720 appendix B.4), as the journal uses it.
 * Start with 0 and feed runs one after the other. Thread: any.
 */
#ifndef AUDIT_CRC32C_H
#define AUDIT_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t audit_crc32c(uint32_t crc, const void *from, size_t len);

/* The table version, for machines without the instruction and for comparing the two in tests. */
uint32_t audit_crc32c_plain(uint32_t crc, const void *from, size_t len);

#endif
