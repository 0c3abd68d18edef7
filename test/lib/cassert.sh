#!/usr/bin/env bash
# cassert.sh: `make check` on a server built with assertions.
#
# The server is built once from the source of the installed version and kept
# in the cache; the library is built for it in a copy of this tree, so that
# the objects here stay those of the installed server.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. test/lib/setup.sh
setup_pg_config
. test/lib/private.sh
. test/lib/source.sh

build_server() {
	local source=$1 prefix=$2 build=$2-build
	rm -rf "$build" "$prefix"
	mkdir -p "$build"
	cd "$build" || return 1
	"$source/configure" --prefix="$prefix" --enable-cassert --enable-debug \
		--without-readline --without-zlib --without-icu CFLAGS='-O1 -g' >configure.log 2>&1 &&
		nice make -s -j"$(nproc)" >make.log 2>&1 &&
		make -s install >>make.log 2>&1 &&
		make -s -C contrib -j"$(nproc)" install >>make.log 2>&1 &&
		for part in regress isolation perl; do
			make -s -C "src/test/$part" install >>make.log 2>&1 || return 1
		done || { tail -n 20 configure.log make.log; return 1; }
	# src/test/perl installs only in a build with TAP tests
	mkdir -p "$prefix/lib/pgxs/src/test/perl"
	cp -r "$source/src/test/perl/PostgreSQL" "$prefix/lib/pgxs/src/test/perl/"
	cd / && rm -rf "$build"
}

main() {
	local source cache prefix here=$PWD
	source=$(source_tree) || exit 1
	cache=$(source_cache) || exit 1
	prefix=$cache/pgsql-$(source_version)-cassert
	if [ ! -x "$prefix/bin/pg_config" ]; then
		echo "building a server with assertions in $prefix (several minutes, once)"
		(build_server "$source" "$prefix") || exit 1
		chmod -R a+rX "$prefix"
	fi
	private_work
	mkdir "$WORK/copy"
	cd "$here" || exit 1
	cp -r Makefile META.json rusts.control ./*.md LICENSE docs sql src expected test bench .ci "$WORK/copy/"
	cd "$WORK/copy" || exit 1
	find . \( -name '*.o' -o -name '*.d' -o -name '*.so' -o -name '*.bc' \) -type f -delete
	PG_CONFIG=$prefix/bin/pg_config TMPDIR=/tmp test/run check
}

main
