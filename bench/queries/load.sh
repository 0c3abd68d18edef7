# load.sh: data set D1 and the taxi trips in every engine, once.
#
# Source it after bench/lib.sh.  Everything lives in BENCH_DIR and stays there:
#
#   d1gen, taxi.csv    the input; d1.txt for the peers
#   data/              PostgreSQL: cpu, taxi (rusts), cpu_heap, taxi_heap
#   duckdb.db, chdb.db the peers
#   npm/               their packages
#
#   load_postgres ENGINE     rusts or heap, on the running server
#   load_peer ENGINE         duckdb or chdb

TAXI_FILE=../shared/data/nyc_taxi_green_1250k.csv.zst
# No column is NULL-free but the time: the real file's are not.
TAXI="vendorid int2, lpep_pickup_datetime timestamp NOT NULL, lpep_dropoff_datetime timestamp, store_and_fwd_flag text, ratecodeid int2,
	pulocationid int2, dolocationid int2, passenger_count int2, trip_distance float8, fare_amount float8, extra float8, mta_tax float8,
	tip_amount float8, tolls_amount float8, ehail_fee float8, improvement_surcharge float8, total_amount float8, payment_type int2,
	trip_type int2, congestion_surcharge float8"

load_note() {
	echo "$*" >&2
}

# columns TIME TAG METRIC: the definitions of D1's columns
load_columns() {
	local name
	printf 'time %s' "$1"
	for name in ${D1_TAGS//,/ }; do printf ', %s %s' "$name" "$2"; done
	for name in $D1_METRICS; do printf ', %s %s' "$name" "$3"; done
}

load_generator() {
	[ "$BENCH_DIR/d1gen" -nt bench/d1.c ] || cc -std=c99 -O2 -o "$BENCH_DIR/d1gen" bench/d1.c -lm
}

# PostgreSQL reads the generator's output as it comes: it may be long.
load_d1_program() {
	echo "PROGRAM '$BENCH_DIR/d1gen -h $HOSTS -s $STEP -t $SPAN'"
}

load_d1_file() {
	load_generator || return 1
	if [ ! -s "$BENCH_DIR/d1.txt" ]; then
		load_note "generating data set D1: $BENCH_DIR/d1.txt"
		"$BENCH_DIR/d1gen" -h "$HOSTS" -s "$STEP" -t "$SPAN" >"$BENCH_DIR/d1.txt" || return 1
	fi
	chmod a+r "$BENCH_DIR/d1.txt"
}

load_taxi_file() {
	if [ ! -s "$BENCH_DIR/taxi.csv" ]; then
		if [ -r "$TAXI_FILE" ]; then
			zstd -qdc "$TAXI_FILE" | tr -d '\r' >"$BENCH_DIR/taxi.csv"
		else
			load_note "the real taxi trips are not here ($TAXI_FILE): generating a look-alike"
			perl bench/demo/taxi.pl 600000 1 >"$BENCH_DIR/taxi.csv"
		fi
	fi
	chmod a+r "$BENCH_DIR/taxi.csv"
}

# Maintenance by the clock is off: the rows are flushed here.
load_rusts() {
	local quiet="rusts.flush_age = 0, rusts.flush_rows = 0, rusts.flush_size = 0"
	bench_sql -c "SET client_min_messages = warning" -c "DROP EXTENSION IF EXISTS rusts CASCADE" -c "DROP TABLE IF EXISTS cpu, taxi" -c "CREATE EXTENSION rusts" \
		-c "CREATE TABLE cpu ($(load_columns 'timestamptz NOT NULL' text float8)) USING rusts
			WITH (rusts.time = 'time', rusts.tags = '$D1_TAGS', $quiet)" \
		-c "CREATE TABLE taxi ($TAXI) USING rusts WITH (rusts.time = 'lpep_pickup_datetime', rusts.tags = 'pulocationid',
			rusts.partition_interval = '30 days', $quiet)" \
		-c "COPY cpu FROM $(load_d1_program)" -c "COPY taxi FROM '$BENCH_DIR/taxi.csv' (FORMAT csv, HEADER)" \
		-c "SELECT rusts.flush('cpu')" -c "SELECT rusts.flush('taxi')" \
		-c "VACUUM ANALYZE cpu" -c "VACUUM ANALYZE taxi" -c CHECKPOINT >/dev/null
}

load_heap() {
	bench_sql -c "SET client_min_messages = warning" -c "DROP TABLE IF EXISTS cpu_heap, taxi_heap" \
		-c "CREATE TABLE cpu_heap ($(load_columns 'timestamptz NOT NULL' text float8))" \
		-c "CREATE TABLE taxi_heap ($TAXI)" \
		-c "COPY cpu_heap FROM $(load_d1_program)" -c "COPY taxi_heap FROM '$BENCH_DIR/taxi.csv' (FORMAT csv, HEADER)" \
		-c "SET maintenance_work_mem = '1GB'" \
		-c "CREATE INDEX ON cpu_heap (hostname, time DESC)" -c "CREATE INDEX ON cpu_heap (time DESC)" \
		-c "CREATE INDEX ON taxi_heap (pulocationid, lpep_pickup_datetime DESC)" -c "CREATE INDEX ON taxi_heap (lpep_pickup_datetime DESC)" \
		-c "VACUUM ANALYZE cpu_heap" -c "VACUUM ANALYZE taxi_heap" -c CHECKPOINT
}

# What a segment looks like and what the extension defines may change from one
# commit to the next: then the rows are loaded anew.
load_postgres() {
	local stamp=$BENCH_DIR/loaded.$1 want=loaded
	[ "$1" = heap ] || want=$(cat sql/rusts--*.sql src/segment/segment_format.h src/segment/segment_write.c | md5sum)
	[ "$(cat "$stamp" 2>/dev/null)" != "$want" ] || return 0
	load_generator && load_taxi_file || return 1
	load_note "loading D1 and the taxi trips into $1"
	"load_$1" && echo "$want" >"$stamp"
}

# DuckDB keeps the order of the file; its times have no zone, which it reads
# and truncates faster.
load_duckdb() {
	printf '%s\n' \
		"S CREATE TABLE cpu ($(load_columns TIMESTAMP VARCHAR DOUBLE))" \
		"S COPY cpu FROM '$BENCH_DIR/d1.txt' (DELIMITER '\t', HEADER false, QUOTE '')" \
		"S CREATE TABLE taxi ($(echo "$TAXI" | sed 's/int2/SMALLINT/g; s/float8/DOUBLE/g; s/text/VARCHAR/g' | tr '\n' ' '))" \
		"S COPY taxi FROM '$BENCH_DIR/taxi.csv' (HEADER)" "S CHECKPOINT"
}

# Sorted as its users would, with its codec for decimal floats.
load_chdb() {
	local taxi file
	taxi=$(echo "$TAXI" | sed "s/int2/Nullable(Int16)/g; s/float8/Nullable(Float64)/g; s/text/LowCardinality(Nullable(String))/g
		s/timestamp NOT NULL/DateTime('UTC') CODEC(DoubleDelta, ZSTD(1))/; s/ timestamp,/ Nullable(DateTime('UTC')),/; s/pulocationid [^,]*/pulocationid Int16/" | tr '\n' ' ')
	file=$(load_columns String String Float64)
	printf '%s\n' "S SET allow_experimental_codecs = 1" \
		"S CREATE TABLE cpu ($(load_columns "DateTime('UTC') CODEC(DoubleDelta, ZSTD(1))" 'LowCardinality(String)' 'Float64 CODEC(ALP)')) ENGINE = MergeTree ORDER BY (hostname, time)" \
		"S INSERT INTO cpu SELECT toDateTime(substring(time, 1, 19), 'UTC'), * EXCEPT (time) FROM file('$BENCH_DIR/d1.txt', TSV, '$file')" \
		"S CREATE TABLE taxi ($taxi) ENGINE = MergeTree ORDER BY (pulocationid, lpep_pickup_datetime)" \
		"S INSERT INTO taxi FROM INFILE '$BENCH_DIR/taxi.csv' FORMAT CSVWithNames" \
		"S OPTIMIZE TABLE cpu FINAL" "S OPTIMIZE TABLE taxi FINAL"
}

load_peer() {
	local file=$BENCH_DIR/$1.db errors
	[ ! -e "$BENCH_DIR/loaded.$1" ] || return 0
	load_d1_file && load_taxi_file || return 1
	load_note "loading D1 and the taxi trips into $1"
	rm -rf "$file"*
	errors=$("load_$1" | node bench/queries/peer.cjs "$1" "$NPM" "$file" "$(nproc)" load 2>&1 | grep -v '^ok$')
	if [ -n "$errors" ]; then
		load_note "$1: $errors"
		return 1
	fi
	touch "$BENCH_DIR/loaded.$1"
}
