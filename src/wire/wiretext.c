/*
 * wiretext.c
 *	  Escapes of line protocol, classes of its bytes, reasons in words.
 */
#include "wire/wiretext.h"

#include <string.h>

const uint8_t wiretext_class[256] = {
	[0] = WIRETEXT_BLANK,
	['\t'] = WIRETEXT_BLANK,
	['\n'] = WIRETEXT_ENDING,
	[' '] = WIRETEXT_SPACE | WIRETEXT_BLANK | WIRETEXT_ENDING,
	[','] = WIRETEXT_COMMA | WIRETEXT_ENDING,
	['='] = WIRETEXT_EQUALS | WIRETEXT_ENDING,
	['"'] = WIRETEXT_QUOTE | WIRETEXT_ENDING,
	['\\'] = WIRETEXT_BACKSLASH | WIRETEXT_ENDING
};

static const char *const reasons[WIRE_REASONS] = {
	[WIRE_GOOD] = "",
	[WIRE_NO_MEASUREMENT] = "missing measurement",
	[WIRE_NO_TAG_KEY] = "missing tag key",
	[WIRE_NO_TAG_VALUE] = "missing tag value",
	[WIRE_BAD_TAG] = "invalid tag format",
	[WIRE_DUPLICATE_TAG] = "duplicate tags",
	[WIRE_NO_FIELDS] = "missing fields",
	[WIRE_NO_FIELD_KEY] = "missing field key",
	[WIRE_NO_FIELD_VALUE] = "missing field value",
	[WIRE_BAD_FIELD] = "invalid field format",
	[WIRE_BAD_NUMBER] = "invalid number",
	[WIRE_INTEGER_RANGE] = "integer out of range",
	[WIRE_UNSIGNED_RANGE] = "unsigned integer out of range",
	[WIRE_FLOAT_RANGE] = "float out of range",
	[WIRE_BAD_BOOLEAN] = "invalid boolean",
	[WIRE_OPEN_QUOTE] = "unbalanced quotes",
	[WIRE_AFTER_QUOTE] = "text after a string",
	[WIRE_BAD_TIME] = "bad timestamp",
	[WIRE_TIME_RANGE] = "timestamp out of range",
	[WIRE_AFTER_TIME] = "text after the timestamp",
	[WIRE_LONG_KEY] = "measurement and tags exceed 65535 bytes",
	[WIRE_LONG_LINE] = "line too long",
	[WIRE_MANY_COLUMNS] = "more than 1599 tags and fields"
};

const char *
wiretext_reason(WireReason reason)
{
	return reasons[reason];
}

WireText
wiretext_unescape(WireText raw, int classes, char **arena)
{
	const char *at = raw.len == 0 ? NULL : memchr(raw.data, '\\', raw.len);
	const char *end = raw.data + raw.len;
	char	   *out = *arena;
	WireText	text = {out, 0};

	if (at == NULL)
		return raw;
	memcpy(out, raw.data, (size_t) (at - raw.data));
	out += at - raw.data;
	while (at < end)
	{
		if (*at == '\\' && at + 1 < end && WIRETEXT_IS(at[1], classes))
			at++;
		*out++ = *at++;
	}
	text.len = (size_t) (out - *arena);
	*arena = out;
	return text;
}
