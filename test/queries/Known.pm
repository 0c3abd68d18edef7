# Known.pm: a query of each kind of fault that was met once, for every round.
#
#   known($case)     queries like those of make_query
#
# The other shapes meet these kinds too, in a long run; a short one must meet
# each of them for certain.
package Known;

use strict;
use warnings;

use Exporter 'import';
use Types qw(pick chance rint);
use Expressions qw(host_name instant);

our @EXPORT_OK = qw(known);

my $PARALLEL = 'SET LOCAL max_parallel_workers_per_gather = 2; SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL min_parallel_index_scan_size = 0';
my $GENERIC = 'SET plan_cache_mode = force_generic_plan';
my $DONE = 'DEALLOCATE q; RESET plan_cache_mode';

sub known
{
	my ($case) = @_;
	my $type = $case->{type};
	my $own = "INSERT INTO t (id, ts, host, u, v, i2) SELECT 1000000 + g, " . instant($case) . ", 'own_' || g, g, -g, 2 FROM generate_series(1, 3) g";
	my $lim = "SELECT t.host, (SELECT count(*) FROM lim WHERE n <= sum(t.u + 1)) AS x FROM t GROUP BY t.host";

	return (
		# an estimate taken for a fact
		{ kind => 'known_limit', sql => "$GENERIC; SET twin.n = '2'; PREPARE q AS SELECT ts, id FROM t ORDER BY ts DESC, host LIMIT current_setting('twin.n')::int; EXECUTE q; SET twin.n = '500'; EXECUTE q; $DONE" },
		{ kind => 'known_ties', unordered => 1, sql => "$GENERIC; SET twin.n = '1'; PREPARE q AS SELECT id FROM t ORDER BY ts DESC FETCH FIRST (twin_setting()) ROWS WITH TIES; EXECUTE q; SET twin.n = '700'; EXECUTE q; $DONE" },
		# what has no columns before what guards it
		{ kind => 'known_guard', raises => 1, sql => "$GENERIC; PREPARE q (int) AS SELECT count(*) FROM t WHERE (\$1 = 0 OR v > 100 / \$1); EXECUTE q(7); EXECUTE q(0); $DONE" },
		{ kind => 'known_guard_time', raises => 2, sql => $type eq 'bigint' ? "$GENERIC; PREPARE q (text) AS SELECT count(*) FROM t WHERE (\$1 = '' OR ts >= \$1::bigint); EXECUTE q('5'); EXECUTE q(''); $DONE"
			: "$GENERIC; PREPARE q (text) AS SELECT count(*) FROM t WHERE (\$1 = '' OR ts >= \$1::$type); EXECUTE q('2024-01-01'); EXECUTE q(''); $DONE" },
		# a conjunct that may fail before one that spares it
		{ kind => 'known_order', raises => 1, sql => "$GENERIC; PREPARE q (int) AS SELECT count(*) FROM t WHERE host = 'none' AND v > 10 / \$1; EXECUTE q(0); $DONE" },
		# a volatile condition on tags, for each row
		{ kind => 'known_volatile', sql => 'SELECT twin_tick_start(); SELECT count(*) FROM t WHERE twin_tick_of(host) % 2 = 0' },
		{ kind => 'known_random', sql => "SELECT a.host FROM (SELECT host, count(*) AS n FROM t GROUP BY host) a LEFT JOIN (SELECT host, count(*) AS n FROM t WHERE random() < CASE host WHEN 'host_1' THEN 0.5 ELSE 0.4 END GROUP BY host) b USING (host) WHERE a.n > 100 AND NOT coalesce(b.n, 0) BETWEEN 0.1 * a.n AND 0.9 * a.n" },
		# other initial values than the built-in aggregates'
		{ kind => 'known_initial', sql => "SELECT sum_or_zero(v), count_from_100(*), max_or_zero(i4), avg_from(u) FROM t WHERE host = 'none'" },
		{ kind => 'known_initial', sql => 'SELECT host, sum_or_zero(v) FILTER (WHERE v > 1000), count_from_100(*) FROM t GROUP BY host ORDER BY host' },
		# parallel safety of targets: below an Append, inside a hash join
		{ kind => 'known_append', sql => "BEGIN; $PARALLEL; $lim UNION ALL $lim ORDER BY 1, 2; COMMIT" },
		{ kind => 'known_inner', sql => "BEGIN; $PARALLEL; SELECT count(*), max(q.x) FROM twin_heap.source s JOIN (SELECT t.host AS host, twin_restricted(sum(t.u)) AS x FROM t GROUP BY t.host) q ON q.host = s.host; COMMIT" },
		# bounds and times of rows that a role may not see
		{ kind => 'known_bounds', expect => '0\n|ERROR 42501\n', sql => "SET ROLE twin_reader; SELECT count(*) FROM rusts.segment_columns('t') WHERE min_value IS NOT NULL OR max_value IS NOT NULL; RESET ROLE" },
		{ kind => 'known_times', expect => '0\n|ERROR 42501\n', sql => "SET ROLE twin_reader; SELECT count(*) FROM rusts.segments('t') WHERE min_time IS NOT NULL; RESET ROLE" },
		{ kind => 'known_tables', expect => '0\n|ERROR 42501\n', sql => "SET ROLE twin_reader; SELECT count(*) FROM rusts.tables WHERE min_time IS NOT NULL; RESET ROLE" },
		{ kind => 'known_column_bounds', expect => '0\n|ERROR 42501\n', sql => "SET ROLE twin_columns; SELECT count(*) FROM rusts.segment_columns('p1') WHERE column_name = 'u' AND min_value IS NOT NULL; RESET ROLE" },
		# an index out of a function of extremes
		{ kind => 'known_histogram', sql => 'SELECT histogram(v, -1e308, 1e308, 10), histogram(u, -1.7e308, 1.7e308, 3) FROM t' },
		# what a worker counted
		{ kind => 'known_counts', sql => "BEGIN; SET LOCAL max_parallel_workers_per_gather = 2; SET LOCAL min_parallel_table_scan_size = '1GB'; SELECT twin_scan_line('SELECT host, sum(v + 1) FROM t GROUP BY host', 'off') = twin_scan_line('SELECT host, sum(v + 1) FROM t GROUP BY host', 'on'); COMMIT" },
		# WHERE CURRENT OF
		{ kind => 'known_current', raises => 0, sql => "BEGIN; SET LOCAL enable_bitmapscan = off; $own; DECLARE c SCROLL CURSOR FOR SELECT * FROM t WHERE id = 1000002; FETCH c; UPDATE t SET v = 0.7 WHERE CURRENT OF c; SELECT v FROM t WHERE id = 1000002; ROLLBACK" },
		# NaN out of numbers that are finite
		{ kind => 'known_nan', raises => 1, finite => 1, approximate => 1, sql => 'SELECT stddev((CASE WHEN id % 2 = 0 THEN 1.5e308 ELSE -1.5e308 END)::float8) FROM t' });
}

1;
