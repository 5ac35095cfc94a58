/* SPDX-License-Identifier: Apache-2.0
 *
 * Notes, keys and checkpoints from anybody: whatever is accepted is spelled as we would spell it.
 */
#include "audit/checkpoint.h"
#include "audit/key.h"
#include "audit/tile.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char spec[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bytes input = {(const char *)data, len};
	struct audit_vkey vkey, ours;
	struct audit_checkpoint checkpoint;
	struct audit_tile tile;
	struct bytes text;
	struct buf out = {0};
	struct err err;
	uint8_t seed[AUDIT_SEED_LEN];
	char again[AUDIT_VKEY_LEN + 1];
	if (audit_vkey_parse(input, &vkey, &err)) {
		audit_vkey_text(&vkey, again);
		assert(bytes_equal(input, bytes_of(again)));
	}
	if (audit_key_parse(input, seed, &vkey, &err))
		assert(audit_name_valid(bytes_of(vkey.name)));
	if (!audit_vkey_parse(bytes_of(spec), &ours, &err))
		return 0;
	if (audit_note_open(input, &ours, true, &text, &err))
		assert(text.len < len);
	if (audit_checkpoint_parse(input, &checkpoint, &err)) {
		audit_checkpoint_text(&checkpoint, &out);
		assert(bytes_equal(input, buf_bytes(&out)));
	}
	buf_clear(&out);
	if (audit_checkpoint_line(input, &out, &err)) {
		struct buf note = {0};
		assert(audit_checkpoint_find(buf_bytes(&out), &note));
		buf_done(&note);
	}
	buf_clear(&out);
	if (audit_checkpoint_find(input, &out))
		assert(out.len > 0);
	if (audit_tile_parse(input, &tile)) {
		char path[AUDIT_TILE_PATH_MAX];
		audit_tile_path(&tile, path);
		assert(bytes_equal(input, bytes_of(path)));
	}
	buf_done(&out);
	return 0;
}
