# private.sh: a private copy of the installed PostgreSQL with rusts in it.
#
# Source it.  PostgreSQL finds its libraries and share files relative to its
# own executable, so a tree with copied programs and linked data files is a
# full installation that nobody else sees: no root needed, no system
# directory or cluster touched, several can exist side by side.
#
#   private_tree DIR         build the tree (again); sets BINDIR
#   private_init DATADIR     initdb, C locale, trust over a socket in DATADIR
#   private_start DATADIR [-o OPTIONS]   start, sets PGHOST PGPORT
#   private_stop DATADIR [MODE]
#
# PG_CONFIG chooses the server.  As root everything runs as RUN_AS (postgres,
# else nobody), because PostgreSQL refuses root.

PG_CONFIG=${PG_CONFIG:-pg_config}

if [ "$(id -u)" = 0 ]; then
	RUN_AS=${RUN_AS:-$(id -un postgres 2>/dev/null || echo nobody)}
else
	RUN_AS=
fi

# Run a command as the unprivileged user.
as_user() {
	if [ -n "$RUN_AS" ]; then
		setpriv --reuid "$RUN_AS" --regid "$(id -gn "$RUN_AS")" --clear-groups \
			env HOME=/tmp "$@"
	else
		"$@"
	fi
}

# own DIR...: make directories that the unprivileged user may write.
own() {
	mkdir -p "$@"
	[ -z "$RUN_AS" ] || chown "$RUN_AS" "$@"
}

private_tree() {
	local tree=$1 bindir sharedir libdir f
	bindir=$("$PG_CONFIG" --bindir)
	sharedir=$("$PG_CONFIG" --sharedir)
	libdir=$("$PG_CONFIG" --pkglibdir)
	rm -rf "$tree"
	mkdir -p "$tree$bindir" "$tree$sharedir/extension" "$tree$libdir"
	cp "$bindir"/* "$tree$bindir/" 2>/dev/null || true
	for f in "$libdir"/*; do ln -s "$f" "$tree$libdir/"; done
	for f in "$sharedir"/*; do
		[ "${f##*/}" = extension ] || ln -s "$f" "$tree$sharedir/"
	done
	for f in "$sharedir"/extension/*; do ln -s "$f" "$tree$sharedir/extension/"; done
	rm -f "$tree$libdir/rusts.so" "$tree$sharedir"/extension/rusts*
	cp rusts.so "$tree$libdir/"
	cp rusts.control sql/rusts--*.sql "$tree$sharedir/extension/"
	chmod -R a+rX "$tree"
	BINDIR=$tree$bindir
	export BINDIR
}

private_init() {
	own "$1"
	chmod 700 "$1"
	as_user "$BINDIR/initdb" -D "$1" -U postgres --locale=C -E UTF8 -A trust -N \
		>"$1.initdb.log" 2>&1 || { cat "$1.initdb.log" >&2; return 1; }
	cat >>"$1/postgresql.conf" <<-CONF
		listen_addresses = ''
		unix_socket_directories = '$1'
		shared_preload_libraries = 'rusts'
	CONF
}

private_start() {
	local data=$1
	shift
	PGHOST=$data PGPORT=${PGPORT:-5432} PGUSER=postgres
	export PGHOST PGPORT PGUSER
	as_user "$BINDIR/pg_ctl" -D "$data" -l "$data/server.log" -w -t 120 "$@" start \
		>/dev/null || { tail -20 "$data/server.log" >&2; return 1; }
}

private_stop() {
	as_user "$BINDIR/pg_ctl" -D "$1" -m "${2:-fast}" -w -t 120 stop >/dev/null
}
