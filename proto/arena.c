/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_BLOCK_LEN 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_BLOCK_LEN 0
#endif
#endif
#ifndef ARENA_BLOCK_LEN
#define ARENA_BLOCK_LEN ((size_t)16 * 1024)
#endif

#define ARENA_ALIGN ((size_t)16)

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(16) char space[];
};

void arena_init(struct arena *arena, size_t limit)
{
	*arena = (struct arena){.limit = limit};
}

void arena_done(struct arena *arena)
{
	struct arena_block *block = arena->blocks;
	while (block) {
		struct arena_block *next = block->next;
		free(block);
		block = next;
	}
	arena->blocks = NULL;
	arena->used = 0;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	if (size > arena->limit - arena->used || size > PTRDIFF_MAX / 2)
		return NULL; /* from here no sum of sizes overflows */
	/* Blocks are aligned; a size is rounded up except under ASan, where the red zone must follow it. */
	size_t rounded = ARENA_BLOCK_LEN ? (size + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1) : size;
	if (rounded > arena->limit - arena->used)
		return NULL;
	struct arena_block *block = arena->blocks;
	if (!block || block->size - block->used < rounded) {
		/* What is large gets a block of its own size; blocks double so that a big call stays cheap. */
		size_t grown = block ? block->size * 2 : ARENA_BLOCK_LEN;
		size_t cap = ARENA_BLOCK_LEN * 64;
		size_t len = grown > cap ? cap : grown;
		if (len < rounded || ARENA_BLOCK_LEN == 0)
			len = rounded;
		block = malloc(sizeof *block + len);
		if (!block)
			return NULL;
		*block = (struct arena_block){.next = arena->blocks, .size = len};
		arena->blocks = block;
	}
	void *piece = block->space + block->used;
	block->used += rounded;
	arena->used += rounded;
	return piece;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		return NULL;
	return arena_alloc(arena, count * size);
}

/* True when the piece, the last one of its block, could be made longer where it is. */
static bool extend(struct arena *arena, const void *piece, size_t old, size_t size)
{
	struct arena_block *block = arena->blocks;
	size_t more = size - old;
	if (!ARENA_BLOCK_LEN || !block || (const char *)piece + old != block->space + block->used ||
	    more > block->size - block->used || more > arena->limit - arena->used)
		return false;
	block->used += more;
	arena->used += more;
	return true;
}

void *arena_grow(struct arena *arena, void *array, size_t room, size_t more, size_t size)
{
	size_t old = room * size;
	if (size > SIZE_MAX / 2 / more)
		return NULL;
	/* Pieces are rounded up: those whose ends are not known to the byte are copied. */
	if (array && old % ARENA_ALIGN == 0 && more * size % ARENA_ALIGN == 0 &&
	    extend(arena, array, old, more * size))
		return array;
	void *copy = arena_alloc(arena, more * size);
	if (copy && old)
		memcpy(copy, array, old);
	return copy;
}

void *arena_zalloc(struct arena *arena, size_t count, size_t size)
{
	void *piece = arena_array(arena, count, size);
	if (piece)
		memset(piece, 0, count * size);
	return piece;
}

struct bytes arena_copy(struct arena *arena, struct bytes from)
{
	if (!bytes_present(from))
		return from;
	char *copy = arena_alloc(arena, from.len ? from.len : 1);
	if (!copy)
		return (struct bytes){0};
	memcpy(copy, from.at, from.len);
	return (struct bytes){copy, from.len};
}

char *arena_string(struct arena *arena, struct bytes from)
{
	char *copy = from.len < SIZE_MAX ? arena_alloc(arena, from.len + 1) : NULL;
	if (!copy)
		return NULL;
	if (from.len)
		memcpy(copy, from.at, from.len);
	copy[from.len] = '\0';
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	char *text = len < 0 ? NULL : arena_alloc(arena, (size_t)len + 1);
	if (text)
		vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	va_end(args);
	return text;
}
