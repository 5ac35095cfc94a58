/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

_Bool err_set(struct err *err, const char *format, ...)
{
	if (err) {
		va_list args;
		va_start(args, format);
		vsnprintf(err->text, sizeof err->text, format, args);
		va_end(args);
	}
	return 0;
}

_Bool err_within(struct err *err, const char *format, ...)
{
	if (err) {
		char inner[sizeof err->text];
		memcpy(inner, err->text, sizeof inner);
		va_list args;
		va_start(args, format);
		int len = vsnprintf(err->text, sizeof err->text, format, args);
		va_end(args);
		size_t used = len < 0 ? 0 : (size_t)len;
		for (const char *from = used ? ": " : ""; *from && used < sizeof err->text - 1; from++)
			err->text[used++] = *from;
		for (const char *from = inner; *from && used < sizeof err->text - 1; from++)
			err->text[used++] = *from;
		if (used < sizeof err->text)
			err->text[used] = '\0';
	}
	return 0;
}
