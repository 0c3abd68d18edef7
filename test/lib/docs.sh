#!/usr/bin/env bash
# docs.sh: run every sql block of README.md and docs/quickstart.md.
#
# What a newcomer pastes first must work.  Blocks of one document share a
# database and run in order; each document is one test.  Links to files of the
# repository are followed too, as one test more.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. test/lib/setup.sh
setup_pg_config
. test/lib/private.sh

private_work
private_tree "$WORK/tree"
private_init "$WORK/data" && private_start "$WORK/data" -o "-c fsync=off" || exit 1
passed=0 failed=0

check() {
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "not ok $2"
	fi
}

number=0
for file in README.md docs/quickstart.md; do
	number=$((number + 1))
	private_psql -c "CREATE DATABASE docs$number"
	sed -n '/^```sql$/,/^```$/p' "$file" | grep -v '^```' |
		private_psql -d "docs$number" -f - >"$WORK/out.txt" 2>&1
	status=$?
	[ $status = 0 ] || cat "$WORK/out.txt"
	check $status "$file"
done

broken=0
for file in *.md docs/*.md src/*.md src/*/*.md; do
	[ -e "$file" ] || continue
	for link in $(grep -oE '\]\([^)#:]+' "$file" | sed 's/^](//'); do
		[ -e "$(dirname "$file")/$link" ] || { echo "$file: no $link"; broken=1; }
	done
done
check $broken "links"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
