# lib.sh: a private server for measuring, and medians.
#
# Source it after test/lib/setup.sh and test/lib/private.sh.
#
#   bench_server             start it; psql reaches it through bench_sql
#   bench_sql ARGS...        psql, superuser, database postgres, no .psqlrc
#   bench_time SQL...        run the statements in one session, print the
#                            seconds that the LAST one took in the client
#   median N...              middle of the numbers
#   ratio A B                A / B with two decimals
#   bench_d1 VARIANT         path of data set D1 as COPY text, made on demand
#   bench_table NAME AM [OPTIONS]   create an empty D1 table (logged)
#
# The server runs as a user would run it: fsync, full_page_writes and
# synchronous_commit on, autovacuum off so that it does not fall into one run
# of a pair and not into the other.

HOSTS=${HOSTS:-1000} STEP=${STEP:-10} SPAN=${SPAN:-86400} RUNS=${RUNS:-5}

D1_TAGS=hostname,region,datacenter,rack,os,arch,team,service,service_version,service_environment
D1_METRICS='usage_user usage_system usage_idle usage_nice usage_iowait usage_irq usage_softirq usage_steal usage_guest usage_guest_nice'

bench_server() {
	private_work || return 1
	private_tree "$WORK/tree"
	private_init "$WORK/data" || return 1
	cat >>"$WORK/data/postgresql.conf" <<-CONF
		shared_buffers = 2GB
		max_wal_size = 16GB
		checkpoint_timeout = 1h
		autovacuum = off
		jit = off
		max_parallel_workers_per_gather = 0
		work_mem = 64MB
	CONF
	private_start "$WORK/data" || return 1
	bench_sql -c 'CREATE EXTENSION rusts'
}

bench_sql() {
	private_psql -At "$@"
}

bench_time() {
	local sql=
	for statement in "$@"; do
		sql="$sql$statement;
"
	done
	printf '\\timing on\n%s' "$sql" | bench_sql -o /dev/null -f - |
		sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -n 1 |
		awk '{ printf "%.4f\n", $1 / 1000 }'
}

median() {
	printf '%s\n' "$@" | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", (b + 0) ? a / b : 0 }'
}

bench_d1() {
	local file=$WORK/d1-$1.txt
	if [ ! -e "$file" ]; then
		[ -x "$WORK/d1" ] || cc -std=c99 -O2 -o "$WORK/d1" bench/d1.c -lm || return 1
		"$WORK/d1" -h "$HOSTS" -s "$STEP" -t "$SPAN" -v "$1" >"$file" || return 1
		chmod a+r "$file"
	fi
	echo "$file"
}

# bench_table NAME AM TYPE [OPTIONS]: TYPE of the metrics
bench_table() {
	local name=$1 am=$2 type=$3 with=${4:-} tags metrics
	tags=$(echo "$D1_TAGS" | sed 's/,/ text, /g')
	metrics=$(for m in $D1_METRICS; do printf ', %s %s' "$m" "$type"; done)
	[ "$am" = heap ] || with="WITH (rusts.time = 'time', rusts.tags = '$D1_TAGS', rusts.flush_age = 0, rusts.flush_rows = 0, rusts.flush_size = 0${with:+, $with})"
	bench_sql -c "SET client_min_messages = warning" -c "DROP TABLE IF EXISTS $name" \
		-c "CREATE TABLE $name (time timestamptz NOT NULL, $tags text $metrics) USING $am $with"
}
