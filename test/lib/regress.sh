#!/usr/bin/env bash
# regress.sh [TEST...]: sql/ and expected/ through pg_regress, on a private
# server with rusts preloaded.
#
# The files are copied to the work directory because the server's user may not
# read the checkout.  UPDATE=1 copies the results back over expected/, for an
# author who then reads the diff.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. test/lib/setup.sh
setup_pg_config
. test/lib/private.sh

private_work
tests=("$@")
if [ ${#tests[@]} = 0 ]; then
	for f in sql/*.sql; do
		f=${f##*/}
		case $f in rusts--*) ;; *) tests+=("${f%.sql}") ;; esac
	done
fi
if [ ! -e "sql/${tests[0]:-none}.sql" ]; then
	echo "0 passed, 0 failed"
	exit 0
fi

private_tree "$WORK/tree"
private_commitflush "$WORK/tree" || exit 1
own "$WORK/in" "$WORK/out"
cp -r sql expected "$WORK/in/"
for d in data input; do [ ! -d "test/$d" ] || cp -r "test/$d" "$WORK/in/"; done
chmod -R a+rX "$WORK/in"
private_init "$WORK/data" && private_start "$WORK/data" -o "-c fsync=off" || exit 1

as_user env PATH="$BINDIR:$PATH" \
	"$("$PG_CONFIG" --pkglibdir)/pgxs/src/test/regress/pg_regress" \
	--inputdir="$WORK/in" --outputdir="$WORK/out" --bindir="$BINDIR" \
	--host="$PGHOST" --port="$PGPORT" --user=postgres \
	--dbname=contrib_regression --load-extension=rusts "${tests[@]}" |
	tee "$WORK/summary"
[ ! -f "$WORK/out/regression.diffs" ] || cat "$WORK/out/regression.diffs"
if [ "${UPDATE:-0}" = 1 ]; then
	for t in "${tests[@]}"; do cp "$WORK/out/results/$t.out" expected/; done
fi
# a server that went down and came back fails no later test: look for it
crashes=$(grep -cE 'was terminated by signal|TRAP:' "$WORK/data/server.log")
if [ "$crashes" -gt 0 ]; then
	grep -E -A3 'was terminated by signal|TRAP:' "$WORK/data/server.log"
fi
passed=$(grep -cE '^(test )?.* \.\.\. ok ' "$WORK/summary")
failed=$((${#tests[@]} - passed + crashes))
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
