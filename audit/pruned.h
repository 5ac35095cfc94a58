/* SPDX-License-Identifier: Apache-2.0
 *
 * <epoch>/pruned: a signed note, by the epoch's key, that says which entries the log itself removed:
 *
 *     rankguard pruned
 *     <origin>
 *     <minimum index>       entries below are gone; a bundle is gone when all its entries are
 *     <time>                when that was decided (RFC 3339, nine digits)
 *
 * Whoever deletes entries without the key cannot say that the log did.
 */
#ifndef AUDIT_PRUNED_H
#define AUDIT_PRUNED_H

#include "audit/io.h"
#include "audit/note.h"

/* AUDIT_MISSING: nothing was pruned; *minimum is 0 then. AUDIT_UNREADABLE: err says what is wrong. */
MUST_USE enum audit_found audit_pruned_read(int epoch, const struct audit_vkey *vkey, uint64_t *minimum,
					    struct err *err);

/* Writes it and syncs the directory. */
MUST_USE bool audit_pruned_write(const struct audit_io *io, int epoch, const struct audit_signer *signer,
				 uint64_t minimum, int64_t now_ns, struct err *err);

#endif
