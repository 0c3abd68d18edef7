# source.sh: the server's source, fetched once and kept outside the tree.
#
# Source it.  The source is that of the very version that is installed, so
# that its suites match the server they run on.
#
#   source_cache             print the cache directory (made if need be)
#   source_tree              print the unpacked source of PG_CONFIG's version

# Root's home is closed to the user that servers run as.
source_cache() {
	local dir
	if [ "$(id -u)" = 0 ]; then
		dir=/var/tmp/rusts-cache
	else
		dir=${XDG_CACHE_HOME:-$HOME/.cache}/rusts
	fi
	mkdir -p "$dir" && echo "$dir"
}

source_version() {
	"$PG_CONFIG" --version | sed -E 's/^PostgreSQL ([0-9.]+).*/\1/'
}

# Debian's source package, through apt but with lists of its own: neither the
# machine's sources nor its package lists change, and no root is needed.
source_from_debian() {
	local version=$1 into=$2 apt=$2/apt release package
	mkdir -p "$apt/lists/partial" "$apt/parts" || return 1
	release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	# testing and unstable have the same codename; nothing is updated besides
	if grep -q /sid /etc/debian_version; then
		printf 'deb-src http://deb.debian.org/debian sid main\n' >"$apt/sources.list"
	else
		printf 'deb-src http://deb.debian.org/debian %s main\ndeb-src http://deb.debian.org/debian %s-updates main\ndeb-src http://security.debian.org/debian-security %s-security main\n' \
			"$release" "$release" "$release" >"$apt/sources.list"
	fi
	set -- -q -o "Dir::Etc::SourceList=$apt/sources.list" -o "Dir::Etc::SourceParts=$apt/parts" \
		-o "Dir::State::Lists=$apt/lists" -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache="
	apt-get "$@" update >&2 || return 1
	package=$(apt-cache "$@" showsrc "postgresql-${version%%.*}" | sed -n 's/^Version: //p' |
		grep -F "$version-" | head -n 1)
	[ -n "$package" ] || return 1
	(cd "$into" && apt-get "$@" source --download-only --only-source \
		"postgresql-${version%%.*}=$package" >&2) || return 1
	rm -rf "$apt"
	command -v bzip2 >/dev/null || setup_apt install -y --no-install-recommends bzip2 || return 1
	tar --no-same-owner -C "$into" -xf "$into"/*.orig.tar.*
}

source_from_release() {
	local version=$1 into=$2 url
	url=https://ftp.postgresql.org/pub/source/v$version/postgresql-$version.tar.gz
	if command -v curl >/dev/null; then
		curl -fsSL "$url" | tar --no-same-owner -C "$into" -xzf -
	else
		wget -qO- "$url" | tar --no-same-owner -C "$into" -xzf -
	fi
}

source_tree() {
	local cache version dir work
	cache=$(source_cache) || return 1
	version=$(source_version)
	dir=$cache/postgresql-$version
	if [ ! -f "$dir/configure" ]; then
		work=$(mktemp -d "$cache/fetch-XXXXXX") || return 1
		source_from_debian "$version" "$work" || source_from_release "$version" "$work"
		[ ! -d "$work/postgresql-$version" ] || mv "$work/postgresql-$version" "$dir"
		rm -rf "$work"
	fi
	if [ ! -f "$dir/configure" ]; then
		echo "The source of PostgreSQL $version can be had neither from Debian nor from postgresql.org." >&2
		return 1
	fi
	echo "$dir"
}
