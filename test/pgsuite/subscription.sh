# subscription.sh: PostgreSQL's TAP suite of logical replication, for run.
#
# Source it after private.sh.  Its tests make servers of their own, publishers
# and subscribers, so what all of them need is in what they are made with: an
# initdb that leaves the extension in every database, and settings that the
# test framework adds to each server (TEMP_CONFIG).
#
#   subscription_prepare TREE     put that initdb into a private tree
#   subscription_run AM           run the suite; results in WORK/subscription-AM

# A cluster that is like one before is copied.  Single-user mode reads a command
# a line.
subscription_prepare() {
	local bindir=$1$("$PG_CONFIG" --bindir)
	own "$WORK/clusters"
	mv "$bindir/initdb" "$bindir/initdb.bin"
	cat >"$bindir/initdb" <<-SCRIPT
		#!/usr/bin/env bash
		set -euo pipefail
		[[ \$1 = -D ]] || { echo "initdb: -D comes first here" >&2; exit 1; }
		data=\$2
		shift 2
		like=$WORK/clusters/\$(echo "\$@" | md5sum | cut -c 1-32)
		if [ ! -e "\$like.done" ]; then
			rm -rf "\$like"
			"$bindir/initdb.bin" -D "\$like" "\$@"
			for database in template1 postgres; do
				printf '%s\n' 'CREATE SCHEMA rusts_functions' \
					'CREATE EXTENSION rusts SCHEMA rusts_functions' |
					"$bindir/postgres" --single -D "\$like" -c log_min_messages=warning \
						-c shared_preload_libraries=rusts "\$database" >/dev/null
			done
			touch "\$like.done"
		fi
		mkdir -p "\$data"
		chmod 700 "\$data"
		cp -a "\$like/." "\$data/"
	SCRIPT
	chmod 755 "$bindir/initdb"
}

# As those of start_server in run.  A test asks each thing in a session of its
# own, so flush_every_commit, which acts before a session's next statement, would
# move nothing; FLUSH=1 has the maintenance worker flush whatever has a row.
subscription_settings() {
	local am=$1 rows=0
	[ "${FLUSH:-0}" = 0 ] || [ "$am" = heap ] || rows=1
	cat <<-CONF
		shared_preload_libraries = 'rusts'
		default_table_access_method = '$am'
		rusts.flush_rows = $rows
		rusts.flush_size = 0
		rusts.flush_age = 0
		rusts.enable_bulk_write = $([ $rows = 0 ] && echo off || echo on)
		rusts.compaction = off
	CONF
}

# What a test says is its result: its points, without remarks and times.
subscription_run() {
	local am=$1 out=$WORK/subscription-$1 pgxs file name run good=0 all=0
	pgxs=$("$PG_CONFIG" --pkglibdir)/pgxs
	mkdir -p "$out/results"
	subscription_settings "$am" >"$out.conf"
	chmod -R a+rX "$out.conf" "$WORK/src"
	for file in "$WORK"/src/subscription/t/*${TESTS:-}*.pl; do
		name=$(basename "$file" .pl) run=$out/$(basename "$file" .pl)
		own "$run"
		all=$((all + 1))
		(cd "$run" && as_user env PATH="$BINDIR:$PATH" TEMP_CONFIG="$out.conf" \
			PG_REGRESS="$pgxs/src/test/regress/pg_regress" TESTDIR="$run" TMPDIR="$run" \
			TESTDATADIR="$run/tmp_check" TESTLOGDIR="$run/tmp_check/log" \
			PERL5LIB="$pgxs/src/test/perl" with_icu=yes \
			timeout -k 10 900 perl "$file") >"$run.log" 2>&1 && good=$((good + 1))
		grep -E '^ *(ok|not ok|1\.\.|Bail out)' "$run.log" >"$out/results/$name.out"
		# its servers' directories; their logs stay
		rm -rf "$run"/*data* "$run"/tmp_check/*data*
	done
	echo "subscription on $am: $good of $all tests passed"
	CRASHES=$(cat "$out"/*/tmp_check/log/*.log 2>/dev/null |
		grep -cE 'was terminated by signal|TRAP:|PANIC')
}
