# suite.sh: run suites one after another and count.
#
# Source it after private.sh.
#
#   suite NAME COMMAND...    run a suite, count it, show its log if it failed,
#                            and what it says that it SKIPPED
#   suite_total              print "N passed, N failed"; status 1 on failures
#
# A suite is any command; it counts as its last line "N passed, N failed" says
# or, without one, as a single test.  A status other than 0 is a failure even
# when the line says otherwise, and a suite whose file is missing has failed:
# what is skipped is not tested.

SUITE_PASSED=0
SUITE_FAILED=0
SUITE_LOG_LINES=${SUITE_LOG_LINES:-150}

suite() {
	local name=$1 log status start counts passed failed
	shift
	log=$WORK/$name.log
	start=$SECONDS
	printf '%-12s ' "$name"
	if [ "${VERBOSE:-0}" = 1 ]; then
		echo
		"$@" 2>&1 </dev/null | tee "$log"
		status=${PIPESTATUS[0]}
	else
		"$@" >"$log" 2>&1 </dev/null
		status=$?
	fi
	counts=$(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$log" | tail -n 1)
	[ -n "$counts" ] || counts=$([ $status = 0 ] && echo 1 0 || echo 0 1)
	passed=${counts% *} failed=${counts#* }
	[ $status = 0 ] || [ "$failed" -gt 0 ] || failed=1
	SUITE_PASSED=$((SUITE_PASSED + passed))
	SUITE_FAILED=$((SUITE_FAILED + failed))
	printf '%5d passed %3d failed  %4d s\n' "$passed" "$failed" $((SECONDS - start))
	[ "${VERBOSE:-0}" = 1 ] || grep '^SKIPPED' "$log" | sed 's/^/    /'
	if [ "$failed" -gt 0 ] && [ "${VERBOSE:-0}" != 1 ]; then
		echo "--- end of $name's output ---"
		tail -n "$SUITE_LOG_LINES" "$log" | sed 's/^/    /'
		echo "-----------------------------"
	fi
	[ "$failed" = 0 ]
}

suite_total() {
	echo "$SUITE_PASSED passed, $SUITE_FAILED failed"
	[ "$SUITE_FAILED" = 0 ]
}
