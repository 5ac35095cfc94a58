/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/compress.h"

#include <assert.h>
#define ZLIB_CONST
#include <zlib.h>

/* Most messages are shorter, and are then inflated once. */
enum { SCRATCH = 64 << 10 };

/* windowBits of inflateInit2 and deflateInit2: the largest window; 16 more say gzip (zlib.h). */
static const struct coding {
	const char *name;
	int window;
} codings[] = {
	[SIDECAR_DEFLATE] = {"deflate", 15},
	[SIDECAR_GZIP] = {"gzip", 15 + 16},
};

/* ---- decompress ---- */

static void aim(z_stream *stream, struct bytes from)
{
	stream->next_in = (const Bytef *)from.at;
	stream->avail_in = (uInt)from.len;
}

static enum proto_result over_limit(size_t limit, struct err *err)
{
	err_set(err, "message: decompressed it is longer than %zu bytes, the most that limits.message allows",
		limit);
	return PROTO_LIMIT;
}

static enum proto_result damaged(const z_stream *stream, const char *name, int result, struct err *err)
{
	if (result == Z_STREAM_END)
		err_set(err, "message: %u bytes stand behind the end of its %s data", stream->avail_in, name);
	else if (result == Z_BUF_ERROR) /* no progress: the input is used up */
		err_set(err, "message: its %s data end too early", name);
	else
		err_set(err, "message: these are no %s data: %s", name,
			stream->msg ? stream->msg : "they need a dictionary");
	return PROTO_MALFORMED;
}

/* How long the message is; when it fits, it stands in the scratch afterwards. */
static enum proto_result measure(z_stream *stream, const char *name, size_t limit, unsigned char *scratch,
				 size_t *len, struct err *err)
{
	int result;
	*len = 0;
	do {
		stream->next_out = scratch;
		stream->avail_out = SCRATCH;
		result = inflate(stream, Z_NO_FLUSH);
		*len += SCRATCH - stream->avail_out;
		if (*len > limit)
			return over_limit(limit, err);
	} while (result == Z_OK);
	if (result == Z_MEM_ERROR) {
		err_set(err, "message: memory is short");
		return PROTO_LIMIT;
	}
	return result == Z_STREAM_END && stream->avail_in == 0 ? PROTO_OK
							       : damaged(stream, name, result, err);
}

/* The measured message into memory of just its size. */
static char *fill(z_stream *stream, struct bytes from, const unsigned char *scratch, size_t len,
		  struct arena *arena)
{
	char *at = arena_alloc(arena, len ? len : 1);
	if (!at)
		return NULL;
	if (len <= SCRATCH) {
		memcpy(at, scratch, len);
		return at;
	}
	aim(stream, from);
	stream->next_out = (Bytef *)at;
	stream->avail_out = (uInt)len; /* no longer than limits.message, 1 GiB at the most */
	int result = inflateReset(stream);
	assert(result == Z_OK);
	result = inflate(stream, Z_FINISH);
	assert(result == Z_STREAM_END && stream->avail_out == 0); /* the same bytes a second time */
	(void)result;
	return at;
}

enum proto_result sidecar_decompress(enum sidecar_coding coding, struct bytes from, size_t limit,
				     struct arena *arena, struct bytes *to, struct err *err)
{
	unsigned char scratch[SCRATCH];
	z_stream stream = {0};
	size_t len;
	if (from.len == 0) {
		*to = BYTES_LITERAL("");
		return PROTO_OK;
	}
	aim(&stream, from);
	if (inflateInit2(&stream, codings[coding].window) != Z_OK) {
		err_set(err, "message: memory is short");
		return PROTO_LIMIT;
	}
	enum proto_result result = measure(&stream, codings[coding].name, limit, scratch, &len, err);
	char *at = result == PROTO_OK ? fill(&stream, from, scratch, len, arena) : NULL;
	if (at) {
		*to = (struct bytes){at, len};
	} else if (result == PROTO_OK) {
		err_set(err, "message: %zu bytes are more than one call may use", len);
		result = PROTO_LIMIT;
	}
	inflateEnd(&stream);
	return result;
}

/* ---- compress ---- */

enum { MEMORY_LEVEL = 8 }; /* zlib's default, which has no name */

static bool open_deflate(z_stream *stream, enum sidecar_coding coding)
{
	return deflateInit2(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, codings[coding].window, MEMORY_LEVEL,
			    Z_DEFAULT_STRATEGY) == Z_OK;
}

size_t sidecar_compress_bound(enum sidecar_coding coding, size_t len)
{
	enum { GZIP_MORE = 18 - 6 }; /* header and trailer of gzip over those of zlib */
	return compressBound(len) + (coding == SIDECAR_GZIP ? GZIP_MORE : 0);
}

size_t sidecar_compress(enum sidecar_coding coding, const struct proto_pieces *pieces, char *to)
{
	z_stream stream = {0};
	int result = Z_OK;
	if (!open_deflate(&stream, coding))
		return 0;
	stream.next_out = (Bytef *)to;
	stream.avail_out = (uInt)sidecar_compress_bound(coding, pieces->len);
	for (size_t i = 0; i < pieces->count; i++) {
		aim(&stream, pieces->piece[i]);
		result = deflate(&stream, Z_NO_FLUSH);
		assert(result == Z_OK || (result == Z_BUF_ERROR && pieces->piece[i].len == 0));
	}
	result = deflate(&stream, Z_FINISH);
	assert(result == Z_STREAM_END); /* there was room by the bound */
	size_t used = stream.total_out;
	deflateEnd(&stream);
	return used;
}
