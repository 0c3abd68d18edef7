/*
 * wiretext.h
 *	  Escapes of line protocol, classes of its bytes, reasons in words.
 */
#ifndef RUSTS_WIRETEXT_H
#define RUSTS_WIRETEXT_H

#include "wire/wire.h"

/* Classes of bytes, as bits. */
#define WIRETEXT_COMMA 1
#define WIRETEXT_SPACE 2
#define WIRETEXT_EQUALS 4
#define WIRETEXT_QUOTE 8
#define WIRETEXT_BACKSLASH 16
#define WIRETEXT_BLANK 32		/* skipped at the beginning of a part */
#define WIRETEXT_ENDING 64		/* has a say in where a line ends */

extern const uint8_t wiretext_class[256];

#define WIRETEXT_IS(byte, classes) \
	((wiretext_class[(uint8_t) (byte)] & (classes)) != 0)

/* What a backslash escapes, by place. */
#define WIRETEXT_IN_TAG (WIRETEXT_COMMA | WIRETEXT_SPACE | WIRETEXT_EQUALS)
#define WIRETEXT_IN_NAME (WIRETEXT_IN_TAG | WIRETEXT_QUOTE)
#define WIRETEXT_IN_STRING (WIRETEXT_QUOTE | WIRETEXT_BACKSLASH)

/*
 * The text that raw stands for, where a backslash before a byte of the classes
 * is left out and any other backslash is itself.  It is raw itself, or is
 * written to *arena, which has room for raw.len bytes and moves on.
 */
extern WireText wiretext_unescape(WireText raw, int classes, char **arena);

/* In English, lower case, no full stop; "" when good. */
extern const char *wiretext_reason(WireReason reason);

static inline bool
wiretext_same(WireText a, const char *data, size_t len)
{
	return a.len == len && __builtin_memcmp(a.data, data, len) == 0;
}

#endif							/* RUSTS_WIRETEXT_H */
