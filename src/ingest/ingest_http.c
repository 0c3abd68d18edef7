/*
 * ingest_http.c
 *	  The HTTP port: libmicrohttpd inside the worker's loop.
 *
 * The library is given connections that are accepted here, and runs when the
 * loop calls it: it has no threads and no listening socket.  Its epoll
 * descriptor is one of the sockets that the loop waits for.
 *
 * What it is told at its start (certificate, time limit, number of
 * connections) cannot be changed later.  When one of them changes, another
 * daemon is started, which all new connections go to, and the old one is
 * stopped when its last connection has been answered.  There are two at most:
 * a change that comes while an old one is still there waits for its end.
 */
#include "postgres.h"

#include <sys/resource.h>
#include <unistd.h>

#include <microhttpd.h>

#include "ingest/ingest_http.h"
#include "ingest/ingest_log.h"
#include "ingest/ingest_serve.h"
#include "ingest/ingest_settings.h"
#include "ingest/ingest_tls.h"

/* headers of a request; half of it is what a body is read in at a time */
#define HTTP_CONNECTION_MEMORY (128 * 1024)

/* connections beyond the number allowed that are told so */
#define HTTP_SURPLUS 64

#define HTTP_ACCEPTS 64			/* in a turn */
#define HTTP_ACCEPT_PAUSE 100	/* ms, when there is no descriptor left */
#define HTTP_OTHER_FILES 200	/* that the process has open besides */

typedef struct HttpDaemon
{
	struct MHD_Daemon *mhd;		/* NULL: none */
	PollSocket	socket;
	TlsFiles	tls;
	int			timeout;		/* milliseconds */
	int			max_connections;
} HttpDaemon;

static HttpDaemon current;
static HttpDaemon old;
static SocketSet listening;
static int64 paused_until = 0;	/* no accepting before */
static bool reload_wanted = false;
static char complaint[256];		/* the library's last */

/* ---------- the library's calls ---------- */

static enum MHD_Result
ingest_http_handle(void *cls, struct MHD_Connection *mhd, const char *url,
				   const char *method, const char *version,
				   const char *data, size_t *len, void **context)
{
	HttpCall   *call = *context;
	enum MHD_Result result;

	if (call == NULL)
	{
		result = ingest_serve_begin(mhd, url, method, &call);
		*context = call;
		return result;
	}
	if (*len == 0)
		return ingest_serve_finish(call);
	ingest_serve_add_body(call, data, *len);
	*len = 0;
	return MHD_YES;
}

static void
ingest_http_completed(void *cls, struct MHD_Connection *mhd, void **context,
					  enum MHD_RequestTerminationCode reason)
{
	if (*context != NULL)
		ingest_serve_end(*context);
	*context = NULL;
}

static void
ingest_http_connected(void *cls, struct MHD_Connection *mhd, void **context,
					  enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
	{
		int			fd = MHD_get_connection_info(mhd,
												 MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;

		*context = ingest_connection_open(fd,
										  MHD_get_connection_info(mhd,
																  MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
	}
	else if (*context != NULL)
	{
		ingest_connection_close(*context);
		*context = NULL;
	}
}

static void ingest_http_note_complaint(void *cls, const char *format,
									   va_list args) pg_attribute_printf(2, 0);

static void
ingest_http_note_complaint(void *cls, const char *format, va_list args)
{
	vsnprintf(complaint, sizeof(complaint), format, args);
	complaint[strcspn(complaint, "\n")] = '\0';
	elog(DEBUG2, "libmicrohttpd: %s", complaint);
}

static void
ingest_http_panic(void *cls, const char *file, unsigned int line,
				  const char *reason)
{
	elog(FATAL, "libmicrohttpd: %s", reason);
}

/* ---------- daemons ---------- */

static void
ingest_http_note_readable(PollSocket *socket)
{
	/* each turn of the loop runs the library */
}

static struct MHD_Daemon *
ingest_http_start_library(const HttpDaemon *daemon)
{
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_KEY, 0, daemon->tls.key},
		{MHD_OPTION_HTTPS_MEM_CERT, 0, daemon->tls.cert},
		{MHD_OPTION_END, 0, NULL}
	};
	struct MHD_OptionItem none[] = {
		{MHD_OPTION_END, 0, NULL}
	};
	unsigned	flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
		MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG |
		(daemon->tls.cert ? MHD_USE_TLS : 0);

	complaint[0] = '\0';
	return MHD_start_daemon(flags, 0, NULL, NULL, ingest_http_handle, NULL,
							MHD_OPTION_EXTERNAL_LOGGER,
							ingest_http_note_complaint, NULL,
							MHD_OPTION_CONNECTION_LIMIT,
							(unsigned) (daemon->max_connections + HTTP_SURPLUS),
							MHD_OPTION_CONNECTION_TIMEOUT,
							(unsigned) ((daemon->timeout - 1) / 1000 + 1),
							MHD_OPTION_CONNECTION_MEMORY_LIMIT,
							(size_t) HTTP_CONNECTION_MEMORY,
							MHD_OPTION_NOTIFY_COMPLETED,
							ingest_http_completed, NULL,
							MHD_OPTION_NOTIFY_CONNECTION,
							ingest_http_connected, NULL,
							MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
							MHD_OPTION_ARRAY, daemon->tls.cert ? tls : none,
							MHD_OPTION_END);
}

static void
ingest_http_stop_daemon(HttpDaemon *daemon)
{
	ingest_poll_remove(&daemon->socket);
	MHD_stop_daemon(daemon->mhd);
	ingest_tls_free(&daemon->tls);
	daemon->mhd = NULL;
}

/* Takes over what was read of the files, in any case. */
static bool
ingest_http_start_daemon(HttpDaemon *daemon, const TlsFiles *tls)
{
	const union MHD_DaemonInfo *info;

	memset(daemon, 0, sizeof(HttpDaemon));
	daemon->tls = *tls;
	daemon->timeout = ingest_settings_timeout;
	daemon->max_connections = ingest_settings_max_connections;
	daemon->mhd = ingest_http_start_library(daemon);
	if (daemon->mhd == NULL)
	{
		ingest_log(LOG_KIND_TLS, NULL,
				   "ingest worker could not start HTTP: %s",
				   complaint[0] ? complaint : "libmicrohttpd says no more");
		ingest_tls_free(&daemon->tls);
		return false;
	}
	info = MHD_get_daemon_info(daemon->mhd, MHD_DAEMON_INFO_EPOLL_FD);
	daemon->socket.fd = info->epoll_fd;
	daemon->socket.ready = ingest_http_note_readable;
	if (ingest_poll_add(&daemon->socket))
		return true;
	ingest_http_stop_daemon(daemon);
	return false;
}

/* Connections are files, and the process may not have that many yet. */
static void
ingest_http_allow_files(void)
{
	rlim_t		wanted = (rlim_t) 2 * ingest_settings_max_connections +
		2 * HTTP_SURPLUS + HTTP_OTHER_FILES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = Min(wanted, limit.rlim_max);
	(void) setrlimit(RLIMIT_NOFILE, &limit);
}

/* ---------- new clients ---------- */

/* One that is not to be had would be tried again and again. */
static void
ingest_http_pause(void)
{
	int			i;

	ingest_log(LOG_KIND_CONNECTIONS, NULL,
			   "ingest worker could not accept a connection: %s",
			   strerror(errno));
	for (i = 0; i < listening.count; i++)
		ingest_poll_remove(&listening.sockets[i]);
	paused_until = ingest_poll_now() + HTTP_ACCEPT_PAUSE;
}

static void
ingest_http_accept(PollSocket *socket)
{
	struct sockaddr_storage address;
	socklen_t	len;
	int			i;

	for (i = 0; i < HTTP_ACCEPTS; i++)
	{
		int			fd = ingest_socket_accept(socket, &address, &len);

		if (fd < 0)
		{
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
				errno == ENOMEM)
				ingest_http_pause();
			return;
		}
		/* beyond the surplus nobody is told anything */
		if (ingest_connection_count() >=
			current.max_connections + HTTP_SURPLUS)
			(void) close(fd);
		else
			(void) MHD_add_connection(current.mhd, fd,
									  (struct sockaddr *) &address, len);
	}
}

static void
ingest_http_go_on_accepting(void)
{
	int			i;

	if (paused_until == 0 || paused_until > ingest_poll_now())
		return;
	paused_until = 0;
	for (i = 0; i < listening.count; i++)
		(void) ingest_poll_add(&listening.sockets[i]);
}

/* ---------- for the loop ---------- */

bool
ingest_http_open(void)
{
	TlsFiles	tls;

	if (current.mhd == NULL)
	{
		MHD_set_panic_func(ingest_http_panic, NULL);
		ingest_http_allow_files();
		if (!ingest_tls_read(&tls) || !ingest_http_start_daemon(&current, &tls))
			return false;
	}
	if (listening.count == 0)
		(void) ingest_socket_open(&listening, SOCK_STREAM,
								  ingest_settings_port, ingest_http_accept);
	return listening.count > 0;
}

static void
ingest_http_replace_daemon(const TlsFiles *tls)
{
	HttpDaemon	next;

	if (!ingest_http_start_daemon(&next, tls))
		return;
	/* it is known by its address */
	ingest_poll_remove(&next.socket);
	ingest_poll_remove(&current.socket);
	old = current;
	current = next;
	(void) ingest_poll_add(&old.socket);
	(void) ingest_poll_add(&current.socket);
	ingest_connection_retire();
	ingest_connection_cut_idle(true);
}

void
ingest_http_reload(void)
{
	TlsFiles	tls;

	if (current.mhd == NULL)
		return;
	reload_wanted = old.mhd != NULL;
	if (reload_wanted || !ingest_tls_read(&tls))
		return;
	if (ingest_tls_same(&tls, &current.tls) &&
		current.timeout == ingest_settings_timeout &&
		current.max_connections == ingest_settings_max_connections)
		ingest_tls_free(&tls);
	else
	{
		ingest_http_allow_files();
		ingest_http_replace_daemon(&tls);
	}
}

void
ingest_http_run(void)
{
	if (current.mhd == NULL)
		return;
	ingest_http_go_on_accepting();
	(void) MHD_run(current.mhd);
	if (old.mhd != NULL)
	{
		(void) MHD_run(old.mhd);
		if (ingest_connection_retiring() == 0)
			ingest_http_stop_daemon(&old);
	}
	else if (reload_wanted)
		ingest_http_reload();
}

static long
ingest_http_daemon_timeout(const HttpDaemon *daemon, long most)
{
	MHD_UNSIGNED_LONG_LONG timeout;

	if (daemon->mhd == NULL ||
		MHD_get_timeout(daemon->mhd, &timeout) != MHD_YES)
		return most;
	return timeout < (MHD_UNSIGNED_LONG_LONG) most ? (long) timeout : most;
}

long
ingest_http_timeout(long most)
{
	return ingest_http_daemon_timeout(&old,
									  ingest_http_daemon_timeout(&current,
																 most));
}

void
ingest_http_close(void)
{
	ingest_socket_close(&listening);
}
