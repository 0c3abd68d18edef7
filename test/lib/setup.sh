# setup.sh: install what the build and the tests need, and nothing more.
#
# Source it.  Made for Debian 12, bare or full.  When everything is there no
# command needs root and nothing is fetched; otherwise packages are installed
# as root or through sudo.
#
#   setup_pg_config          choose the server: PG_CONFIG, exported
#   setup_packages [EXTRA..] install what is missing, EXTRA Debian packages too
#
# Two promises about a PostgreSQL that is already on the machine: its server
# package is never upgraded (the -dev package of the same version is asked
# for, since an upgrade restarts running clusters), and when the server is
# new here no "main" cluster is created or started.

SETUP_MAJOR=${SETUP_MAJOR:-15}

# Prefer the server these tests are made for to whatever pg_config is on PATH:
# Debian's /usr/bin/pg_config speaks for the newest one, or only for libpq.
setup_pg_config() {
	if [ -z "${PG_CONFIG:-}" ]; then
		PG_CONFIG=/usr/lib/postgresql/$SETUP_MAJOR/bin/pg_config
		[ -x "$PG_CONFIG" ] || PG_CONFIG=pg_config
	fi
	export PG_CONFIG
}

setup_has_header() {
	echo "#include <$1>" | cc -E - >/dev/null 2>&1
}

setup_has_server() {
	local bindir pgxs
	bindir=$("$PG_CONFIG" --bindir 2>/dev/null) || return 1
	pgxs=$("$PG_CONFIG" --pgxs 2>/dev/null) || return 1
	[ -x "$bindir/postgres" ] && [ -x "$bindir/initdb" ] && [ -f "$pgxs" ] &&
		[ -f "$("$PG_CONFIG" --includedir-server)/postgres.h" ]
}

# Print the Debian packages that are missing, judged by what they bring and
# not by dpkg's records, so that hand-built tools count as well.
setup_missing() {
	command -v make >/dev/null || echo make
	command -v cc >/dev/null || echo gcc
	setup_has_header stdio.h || echo libc6-dev
	setup_has_header lz4.h || echo liblz4-dev
	setup_has_header zstd.h || echo libzstd-dev
	setup_has_header zlib.h || echo zlib1g-dev
	setup_has_header microhttpd.h || echo libmicrohttpd-dev
	command -v zstd >/dev/null || echo zstd
	perl -MTest::More -MTime::HiRes -MData::Dumper -e 1 2>/dev/null || echo perl
	perl -MIPC::Run -e 1 2>/dev/null || echo libipc-run-perl
	setup_has_server || printf '%s\n' "postgresql-$SETUP_MAJOR" \
		"postgresql-server-dev-$SETUP_MAJOR"
}

setup_as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "This needs root, and sudo is not installed: $*" >&2
		return 1
	fi
}

# Quiet unless it fails: dpkg has hundreds of lines to say about a compiler.
setup_apt() {
	local log status
	log=$(mktemp) || return 1
	setup_as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
		apt-get -q -o DPkg::Lock::Timeout=300 "$@" </dev/null >"$log" 2>&1
	status=$?
	[ $status = 0 ] || tail -n 40 "$log" >&2
	rm -f "$log"
	return $status
}

# name=version of an installed package, or just the name.  The same version
# is asked for only when the mirror still has it: a -dev package of a later
# minor release builds the same library and leaves the server alone.
setup_pinned() {
	local package=$1 like=$2 version
	version=$(dpkg-query -W -f '${db:Status-Status} ${Version}' "$like" 2>/dev/null |
		sed -n 's/^installed //p')
	if [ -n "$version" ] && apt-cache show "$package=$version" >/dev/null 2>&1; then
		echo "$package=$version"
	else
		echo "$package"
	fi
}

# Install a server without Debian's automatic cluster.  The setting lives in a
# configuration file of postgresql-common, which therefore comes first; the
# file is put back as it was.
setup_new_server() {
	local conf=/etc/postgresql-common/createcluster.conf status=0
	setup_apt install -y --no-install-recommends postgresql-common || return 1
	setup_as_root cp -p "$conf" "$conf.rusts-saved" || return 1
	echo 'create_main_cluster = false' |
		setup_as_root tee -a "$conf" >/dev/null || return 1
	setup_apt install -y --no-install-recommends "postgresql-$SETUP_MAJOR" || status=1
	setup_as_root mv "$conf.rusts-saved" "$conf" || status=1
	return $status
}

setup_packages() {
	local missing package plain=() pinned=() server=no
	setup_pg_config
	missing=$(setup_missing)
	for package in "$@"; do
		dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null |
			grep -qx installed || missing="$missing $package"
	done
	missing=$(echo $missing)
	[ -n "$missing" ] || return 0
	if ! command -v apt-get >/dev/null; then
		echo "Please install what Debian calls: $missing" >&2
		return 1
	fi
	echo "Installing: $missing"
	setup_apt update || return 1
	for package in $missing; do
		case $package in
			postgresql-server-dev-*)
				pinned+=("$package" libpq-dev) ;;
			"postgresql-$SETUP_MAJOR")
				dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null |
					grep -qx installed || server=yes ;;
			*)
				plain+=("$package") ;;
		esac
	done
	[ "${#plain[@]}" = 0 ] ||
		setup_apt install -y --no-install-recommends "${plain[@]}" || return 1
	[ $server = no ] || setup_new_server || return 1
	if [ "${#pinned[@]}" -gt 0 ]; then
		setup_apt install -y --no-install-recommends \
			"$(setup_pinned "${pinned[0]}" "postgresql-$SETUP_MAJOR")" \
			"$(setup_pinned "${pinned[1]}" libpq5)" || return 1
	fi
	case $PG_CONFIG in
		*/*) ;;
		*) unset PG_CONFIG; setup_pg_config ;;
	esac
	missing=$(setup_missing)
	[ -z "$missing" ] || { echo "Still missing: $missing" >&2; return 1; }
}
