# private.sh: a private copy of the installed PostgreSQL with rusts in it.
#
# Source it.  PostgreSQL finds its libraries and share files relative to its
# own executable, so a tree with copied programs and linked data files is a
# full installation that nobody else sees: no root needed, no system
# directory or cluster touched, several can exist side by side.
#
#   private_work             make a work directory; sets WORK, removed at exit
#   private_tree DIR         build the tree (again); sets BINDIR
#   private_commitflush DIR  build test/commitflush into that tree, for
#                            suites that LOAD or preload rusts_commitflush
#   private_init DATADIR [INITDB OPTIONS]
#                            initdb, C locale, trust over a socket in DATADIR
#   private_start DATADIR [-o OPTIONS]   start, sets PGHOST PGPORT PGUSER
#   private_stop DATADIR [MODE]
#   private_psql ARGS...     psql as the server's superuser
#
# PG_CONFIG chooses the server.  As root everything runs as RUN_AS (postgres,
# else nobody), because PostgreSQL refuses root.  The checkout itself may be
# closed to that user: what it must read is copied into WORK first.

PG_CONFIG=${PG_CONFIG:-pg_config}

if [ "$(id -u)" = 0 ]; then
	RUN_AS=${RUN_AS:-$(id -un postgres 2>/dev/null || echo nobody)}
else
	RUN_AS=
fi

# A caller's libpq settings must not lead a test to another server.
unset PGDATABASE PGSERVICE PGSERVICEFILE PGOPTIONS PGPASSWORD PGPASSFILE \
	PGHOSTADDR PGSSLMODE PGTZ PGDATESTYLE PGCLIENTENCODING PGDATA PGAPPNAME
export LC_ALL=C

PRIVATE_STARTED=()

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

# Stop every server this shell started, whatever happened, and clean up.
private_cleanup() {
	local status=$? data
	trap - EXIT INT TERM HUP
	for data in ${PRIVATE_STARTED[@]+"${PRIVATE_STARTED[@]}"}; do
		[ ! -f "$data/postmaster.pid" ] || private_stop "$data" immediate 2>/dev/null
	done
	if [ -n "${WORK:-}" ] && [ "${KEEP:-0}" != 1 ]; then
		rm -rf "$WORK"
	fi
	exit $status
}

# Directories in TMPDIR that the server's user cannot enter are of no use to
# it, and a socket's path has about 100 bytes: fall back to /tmp.
private_work() {
	local base=${TMPDIR:-/tmp}
	as_user test -x "$base" 2>/dev/null && [ "${#base}" -le 40 ] || base=/tmp
	WORK=$(mktemp -d "$base/rusts-XXXXXX") || return 1
	chmod 755 "$WORK"
	trap private_cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
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

# Built away from the checkout: suites may run at the same time, and each for
# a server of its own.
private_commitflush() {
	local tree=$1 source=$PWD/test/commitflush library=rusts_commitflush.so libdir
	libdir=$tree$("$PG_CONFIG" --pkglibdir)
	mkdir -p "$WORK/commitflush"
	make -s -C "$WORK/commitflush" -f "$source/Makefile" VPATH="$source" \
		PG_CONFIG="$PG_CONFIG" with_llvm=no >"$WORK/commitflush.log" 2>&1 ||
		{ cat "$WORK/commitflush.log" >&2; return 1; }
	# the tree's libraries are links into the real installation
	rm -f "$libdir/$library"
	cp "$WORK/commitflush/$library" "$libdir/" && chmod a+rX "$libdir/$library"
}

private_init() {
	local data=$1
	shift
	own "$data"
	chmod 700 "$data"
	as_user "$BINDIR/initdb" -D "$data" -U postgres --locale=C -E UTF8 -A trust -N \
		"$@" >"$data.initdb.log" 2>&1 || { cat "$data.initdb.log" >&2; return 1; }
	cat >>"$data/postgresql.conf" <<-CONF
		listen_addresses = ''
		unix_socket_directories = '$data'
		shared_preload_libraries = 'rusts'
		rusts.compaction = off
	CONF
}

private_start() {
	local data=$1
	shift
	PGHOST=$data PGPORT=${PGPORT:-5432} PGUSER=postgres
	export PGHOST PGPORT PGUSER
	PRIVATE_STARTED+=("$data")
	as_user "$BINDIR/pg_ctl" -D "$data" -l "$data/server.log" -w -t 120 "$@" start \
		>/dev/null || { tail -20 "$data/server.log" >&2; return 1; }
}

private_stop() {
	as_user "$BINDIR/pg_ctl" -D "$1" -m "${2:-fast}" -w -t 120 stop >/dev/null
}

private_psql() {
	"$BINDIR/psql" -X -q -v ON_ERROR_STOP=1 -d postgres "$@"
}
