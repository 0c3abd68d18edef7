#!/usr/bin/env bash
# d1_test.sh: the generator of data set D1 keeps its promises.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
. test/lib/private.sh
private_work
passed=0 failed=0

check() {
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "not ok $1: expected \"$2\", got \"$3\""
	fi
}

cc -std=c99 -O2 -Wall -Wextra -Werror -o "$WORK/d1" bench/d1.c -lm || exit 1
"$WORK/d1" -h 50 -t 3600 >"$WORK/a"
"$WORK/d1" -h 50 -t 3600 >"$WORK/b"
"$WORK/d1" -h 50 -t 3600 -r 2 >"$WORK/c"
"$WORK/d1" -h 50 -t 3600 -v int >"$WORK/i"
check "rows" 18000 "$(wc -l <"$WORK/a")"
check "columns" 21 "$(awk -F'\t' '{ print NF }' "$WORK/a" | sort -u)"
check "same seed, same bytes" "" "$(cmp "$WORK/a" "$WORK/b")"
check "another seed, other bytes" 1 "$(cmp -s "$WORK/a" "$WORK/c"; echo $?)"
check "two decimals in 0..100" 0 \
	"$(cut -f 12- "$WORK/a" | tr '\t' '\n' | grep -cvE '^(100\.00|[0-9]{1,2}\.[0-9]{2})$')"
check "integers in 0..100" 0 \
	"$(cut -f 12- "$WORK/i" | tr '\t' '\n' | grep -cvE '^(100|[0-9]{1,2})$')"
check "tags are constant for a host" 50 "$(cut -f 2-11 "$WORK/a" | sort -u | wc -l)"
check "the steps have a standard deviation of 1" 1.0 \
	"$(awk -F'\t' '$2 == "host_7" { for (i = 12; i <= 21; i++) { if (n[i]++ && $i > 5 && $i < 95 && p[i] > 5 && p[i] < 95) { d = $i - p[i]; s += d * d; m++ } p[i] = $i } } END { printf "%.1f", sqrt(s / m) }' "$WORK/a")"
check "an unknown option is refused" 2 "$("$WORK/d1" -x 2>/dev/null; echo $?)"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
