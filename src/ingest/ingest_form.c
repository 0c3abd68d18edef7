/*
 * ingest_form.c
 *	  Bodies of HTML forms: application/x-www-form-urlencoded.
 */
#include "postgres.h"

#include "ingest/ingest_form.h"

static int
ingest_form_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char) pg_tolower((unsigned char) c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A percent sign that is not followed by two digits is itself. */
static char *
ingest_form_decode(const char *at, const char *end)
{
	char	   *text = malloc((size_t) (end - at) + 1);
	char	   *to = text;

	if (text == NULL)
		return NULL;
	for (; at < end; at++)
	{
		if (*at == '%' && end - at > 2 && ingest_form_digit(at[1]) >= 0 &&
			ingest_form_digit(at[2]) >= 0)
		{
			*to++ = (char) (ingest_form_digit(at[1]) * 16 +
							ingest_form_digit(at[2]));
			at += 2;
		}
		else
			*to++ = *at == '+' ? ' ' : *at;
	}
	*to = '\0';
	return text;
}

char *
ingest_form_value(const char *form, size_t form_len, const char *name)
{
	const char *end = form + form_len;
	size_t		name_len = strlen(name);
	const char *at = form;

	while (at < end)
	{
		const char *stop = memchr(at, '&', (size_t) (end - at));

		if (stop == NULL)
			stop = end;
		if ((size_t) (stop - at) > name_len && at[name_len] == '=' &&
			memcmp(at, name, name_len) == 0)
			return ingest_form_decode(at + name_len + 1, stop);
		at = stop + 1;
	}
	return NULL;
}
