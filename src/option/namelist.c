/*
 * namelist.c
 *	  Lists of column names, as storage parameters hold them.
 *
 * Names follow SQL's rule for identifiers: folded to lower case unless in
 * double quotes.  The text that goes into the catalog is written by
 * namelist_format, so it reads back as the same names whatever they contain.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "parser/scansup.h"
#include "option/namelist.h"

static const char *
namelist_skip_space(const char *p)
{
	while (scanner_isspace(*p))
		p++;
	return p;
}

/*
 * Read a name in double quotes, p after the opening one.  Returns what
 * follows the closing quote, or NULL when there is none.  name may be NULL.
 */
static const char *
namelist_read_quoted(const char *p, StringInfo name)
{
	for (; *p != '\0'; p++)
	{
		if (*p == '"')
		{
			if (p[1] != '"')
				return p + 1;
			p++;
		}
		if (name)
			appendStringInfoChar(name, *p);
	}
	return NULL;
}

/* The end of a word that no quotes enclose. */
static const char *
namelist_word_end(const char *p)
{
	while (*p != '\0' && *p != ',' && *p != '=' && *p != '"' &&
		   !scanner_isspace(*p))
		p++;
	return p;
}

/* Read one name; returns what follows, NULL when there is no name. */
static const char *
namelist_read_name(const char *p, NameItem *item)
{
	const char *end;

	if (*p == '"')
	{
		StringInfoData name;

		if (item == NULL)
			return namelist_read_quoted(p + 1, NULL);
		initStringInfo(&name);
		end = namelist_read_quoted(p + 1, &name);
		if (end == NULL || name.len == 0)
			return NULL;
		truncate_identifier(name.data, name.len, false);
		item->name = name.data;
		return end;
	}
	end = namelist_word_end(p);
	if (end == p)
		return NULL;
	if (item)
		item->name = downcase_truncate_identifier(p, end - p, false);
	return end;
}

/* Read "=value"; returns what follows, NULL when it is not there. */
static const char *
namelist_read_value(const char *p, NameItem *item)
{
	const char *end;

	if (*p != '=')
		return NULL;
	p = namelist_skip_space(p + 1);
	end = namelist_word_end(p);
	if (end == p)
		return NULL;
	if (item)
		item->value = downcase_truncate_identifier(p, end - p, false);
	return end;
}

/*
 * The walk behind both entry points.  With items NULL it only checks, and
 * allocates nothing: a setting's check hook runs in the postmaster too.
 */
static bool
namelist_walk(const char *text, bool with_values, List **items)
{
	const char *p = namelist_skip_space(text);

	if (*p == '\0')
		return true;
	for (;;)
	{
		NameItem   *item = items ? palloc0(sizeof(NameItem)) : NULL;

		p = namelist_read_name(p, item);
		if (p == NULL)
			return false;
		p = namelist_skip_space(p);
		if (with_values)
		{
			p = namelist_read_value(p, item);
			if (p == NULL)
				return false;
			p = namelist_skip_space(p);
		}
		if (items)
			*items = lappend(*items, item);
		if (*p == '\0')
			return true;
		if (*p != ',')
			return false;
		p = namelist_skip_space(p + 1);
	}
}

/*
 * Split text into NameItems, allocated in CurrentMemoryContext.  Returns
 * false when it is not a list; an empty text is an empty list.
 */
bool
namelist_parse(const char *text, bool with_values, List **items)
{
	*items = NIL;
	return namelist_walk(text, with_values, items);
}

/* Would namelist_parse read text as names with values? */
bool
namelist_check_pairs(const char *text)
{
	return namelist_walk(text, true, NULL);
}

/*
 * Quotes only where folding or a separator would change the name: a keyword
 * such as "time" may stand bare, unlike in SQL.
 */
static void
namelist_append_name(StringInfo out, const char *name)
{
	const char *p;
	bool		plain = true;

	for (p = name; *p != '\0' && plain; p++)
		plain = (*p >= 'a' && *p <= 'z') || *p == '_' ||
			(p > name && ((*p >= '0' && *p <= '9') || *p == '$'));
	if (plain)
	{
		appendStringInfoString(out, name);
		return;
	}
	appendStringInfoChar(out, '"');
	for (p = name; *p != '\0'; p++)
	{
		if (*p == '"')
			appendStringInfoChar(out, '"');
		appendStringInfoChar(out, *p);
	}
	appendStringInfoChar(out, '"');
}

/* The text that namelist_parse reads back as items. */
char *
namelist_format(List *items)
{
	StringInfoData out;
	ListCell   *cell;

	initStringInfo(&out);
	foreach(cell, items)
	{
		NameItem   *item = lfirst(cell);

		if (out.len > 0)
			appendStringInfoChar(&out, ',');
		namelist_append_name(&out, item->name);
		if (item->value)
			appendStringInfo(&out, "=%s", item->value);
	}
	return out.data;
}
