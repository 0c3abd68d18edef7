/*
 * codec.c
 *	  Names of encodings and texts of statuses.
 *
 * The first name of an encoding is the one that is shown; the others are what
 * people who come from other systems type.
 */
#include "codec/codec.h"

#include <string.h>
#include <strings.h>

typedef struct EncodingName
{
	CodecEncoding encoding;
	const char *name;
} EncodingName;

static const EncodingName encoding_names[] = {
	{CODEC_INT_FOR, "for"},
	{CODEC_INT_DELTA, "delta"},
	{CODEC_INT_DOD, "delta-of-delta"},
	{CODEC_INT_RLE, "rle"},
	{CODEC_INT_VARINT, "varint"},
	{CODEC_INT_PLANES, "planes"},
	{CODEC_INT_RAW, "raw"},
	{CODEC_INT_SCALED, "scaled"},
	{CODEC_FLOAT_RAW, "float-raw"},
	{CODEC_FLOAT_GORILLA, "gorilla"},
	{CODEC_FLOAT_ALP, "alp"},
	{CODEC_FLOAT_ALP_DELTA, "alp-delta"},
	{CODEC_FLOAT_ALP_PLANES, "alp-planes"},
	{CODEC_BYTES_PLAIN, "plain"},
	{CODEC_BYTES_FIXED, "fixed"},
	{CODEC_BYTES_PIECES, "pieces"},
	{CODEC_DICTIONARY, "dictionary"},
	{CODEC_SERIES, "series"},
	/* aliases */
	{CODEC_INT_FOR, "bitpack"},
	{CODEC_INT_FOR, "bit-packing"},
	{CODEC_INT_FOR, "pfor"},
	{CODEC_INT_FOR, "frame-of-reference"},
	{CODEC_INT_DOD, "dod"},
	{CODEC_INT_DOD, "deltadelta"},
	{CODEC_INT_DOD, "delta-delta"},
	{CODEC_INT_RLE, "run-length"},
	{CODEC_INT_VARINT, "zigzag"},
	{CODEC_INT_VARINT, "leb128"},
	{CODEC_INT_PLANES, "byte-planes"},
	{CODEC_INT_PLANES, "byte-stream-split"},
	{CODEC_FLOAT_GORILLA, "xor"},
	{CODEC_FLOAT_ALP, "decimal"},
	{CODEC_BYTES_PLAIN, "none"},
	{CODEC_DICTIONARY, "dict"}
};

#define ENCODING_NAMES (sizeof(encoding_names) / sizeof(encoding_names[0]))

/* Never NULL: an encoding from disk may be any number. */
const char *
codec_encoding_name(CodecEncoding encoding)
{
	size_t		i;

	for (i = 0; i < ENCODING_NAMES; i++)
	{
		if (encoding_names[i].encoding == encoding)
			return encoding_names[i].name;
	}
	return "unknown";
}

/* Case does not matter, and an underscore is as good as a hyphen. */
CodecEncoding
codec_encoding_by_name(const char *name)
{
	char		key[32];
	size_t		i;
	size_t		len = strlen(name);

	if (len >= sizeof(key))
		return CODEC_NONE;
	for (i = 0; i <= len; i++)
		key[i] = name[i] == '_' ? '-' : name[i];
	for (i = 0; i < ENCODING_NAMES; i++)
	{
		if (strcasecmp(encoding_names[i].name, key) == 0)
			return encoding_names[i].encoding;
	}
	return CODEC_NONE;
}

const char *
codec_status_message(CodecStatus status)
{
	switch (status)
	{
		case CODEC_OK:
			return "no error";
		case CODEC_TRUNCATED:
			return "encoded data ends too early";
		case CODEC_CORRUPT:
			return "encoded data contradicts itself";
		case CODEC_NOSPACE:
			return "output buffer is too small";
		case CODEC_UNFIT:
			return "encoding cannot hold these values";
	}
	return "unknown codec status";
}
