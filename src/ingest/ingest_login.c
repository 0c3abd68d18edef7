/*
 * ingest_login.c
 *	  The name and password that an HTTP request brings along.
 */
#include "postgres.h"

#include "common/base64.h"
#include "ingest/ingest_login.h"

/* What follows the name of a scheme and its blanks, or NULL. */
static const char *
ingest_login_after(const char *header, const char *scheme)
{
	size_t		len = strlen(scheme);

	if (pg_strncasecmp(header, scheme, len) != 0 || header[len] != ' ')
		return NULL;
	header += len;
	while (*header == ' ')
		header++;
	return header;
}

/* Cut user:password in the login's memory in two. */
static void
ingest_login_split(IngestLogin *login)
{
	char	   *colon = strchr(login->memory, ':');

	if (colon == NULL)
		return;
	*colon = '\0';
	login->user = login->memory;
	login->password = colon + 1;
	login->kind = LOGIN_GIVEN;
}

static bool
ingest_login_get_memory(IngestLogin *login, size_t len)
{
	login->memory = malloc(len + 1);
	login->memory_len = len + 1;
	return login->memory != NULL;
}

static void
ingest_login_read_plain(IngestLogin *login, const char *text)
{
	size_t		len = strlen(text);

	if (!ingest_login_get_memory(login, len))
		return;
	memcpy(login->memory, text, len + 1);
	ingest_login_split(login);
}

/* The type of the decoder's output differs between servers: a void pointer. */
static void
ingest_login_read_basic(IngestLogin *login, const char *text)
{
	int			text_len = (int) strcspn(text, " ");
	int			len;

	if (!ingest_login_get_memory(login, (size_t) text_len))
		return;
	len = pg_b64_decode(text, text_len, (void *) login->memory, text_len);
	if (len < 0)
		return;
	login->memory[len] = '\0';
	ingest_login_split(login);
}

static void
ingest_login_read_header(IngestLogin *login, const char *header)
{
	const char *text;

	login->kind = LOGIN_UNREADABLE;
	if ((text = ingest_login_after(header, "Token")) != NULL ||
		(text = ingest_login_after(header, "Bearer")) != NULL)
		ingest_login_read_plain(login, text);
	else if ((text = ingest_login_after(header, "Basic")) != NULL)
		ingest_login_read_basic(login, text);
}

void
ingest_login_read(struct MHD_Connection *connection, IngestLogin *login)
{
	const char *user = MHD_lookup_connection_value(connection,
												   MHD_GET_ARGUMENT_KIND, "u");
	const char *password = MHD_lookup_connection_value(connection,
													   MHD_GET_ARGUMENT_KIND,
													   "p");
	const char *header;

	memset(login, 0, sizeof(IngestLogin));
	if (user != NULL && password != NULL && user[0] != '\0' &&
		password[0] != '\0')
	{
		login->kind = LOGIN_GIVEN;
		login->user = user;
		login->password = password;
		return;
	}
	header = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
										 MHD_HTTP_HEADER_AUTHORIZATION);
	if (header != NULL && header[0] != '\0')
		ingest_login_read_header(login, header);
}

/* Passwords do not stay in memory that is given back. */
void
ingest_login_forget(IngestLogin *login)
{
	if (login->memory != NULL)
		explicit_bzero(login->memory, login->memory_len);
	free(login->memory);
	memset(login, 0, sizeof(IngestLogin));
}
