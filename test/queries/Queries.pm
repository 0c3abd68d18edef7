# Queries.pm: random queries for the query twin.
#
#   make_query($case) -> { sql => text of one or more statements, kind => name,
#                          approximate, unordered, raises, finite, expect }
#
# What the last five say is in Judge.pm.  The shapes that are here ask what
# anybody asks; those of what an engine may get wrong are in files of their own
# (Guards, Generic, Logic, Plans, Roles, Cursors, Extremes, Routines).
#
# A query's answer is compared as a list of rows when it is ordered by
# something unique, else as a set; LIMIT only ever cuts where the order is
# unique or only what it is ordered by is shown.
package Queries;

use strict;
use warnings;

use Exporter 'import';
use Types qw(pick chance rint);
use Routines qw(user_aggregate);
use Guards qw(guarded unguarded guarded_parameters guarded_condition);
use Generic qw(generic);
use Logic qw(ternary rewritten volatile);
use Plans qw(sub_plans guc_dependent growing explained);
use Roles qw(as_role metadata);
use Cursors qw(positioned stepped looped);
use Extremes qw(extremes overflows);
use Corners qw(correlated set_returning typed stacked flushed);
use Expressions qw(number condition bucket key aggregate instant range host_name ordered_column some_of);

our @EXPORT_OK = qw(make_query shape_names);

sub where
{
	my ($case) = @_;
	my @conditions = map { condition($case, pick(0, 0, 1, 1, 2)) } 1 .. pick(0, 0, 1, 1, 1, 1, 2, 3);
	return @conditions ? ' WHERE ' . join(' AND ', @conditions) : '';
}

sub direction { return pick('', '', '', ' DESC', ' DESC NULLS LAST', ' NULLS FIRST'); }

sub limit
{
	return '' if chance(0.6);
	return pick(' LIMIT 10', ' LIMIT 3', ' LIMIT 1', ' LIMIT 0', ' LIMIT 100 OFFSET 5', ' OFFSET 20', ' FETCH FIRST 7 ROWS ONLY', ' LIMIT ALL');
}

# Aggregates over a source, grouped by what; ordered by all of the keys.
sub grouped
{
	my ($case, $from, @keys) = @_;
	my @aggregates = some_of(4, sub { aggregate($case) });
	my $list = join ', ', @keys, @aggregates;
	my $sql = "SELECT $list FROM $from" . where($case);
	my @order = map { $_ . direction() } 1 .. @keys;

	return $sql . (chance(0.1) ? ' HAVING count(*) > ' . pick(0, 10) : '') unless @keys;
	$sql .= ' GROUP BY ' . join ', ', chance(0.7) ? 1 .. @keys : @keys;
	$sql .= ' HAVING ' . pick('count(*) > 3', 'max(u) > 50', 'min(v) IS NOT NULL', 'sum(u) > 0 OR count(v) < 5', 'avg(u) < 10') if chance(0.15);
	return $sql if chance(0.15);
	unshift @order, pick('count(*)', 'max(u)', 'sum(i2)', 'min(id)') . direction() if chance(0.2);
	return "$sql ORDER BY " . join(', ', @order) . limit();
}

# Aggregates of a user's own beside others, also where there are no rows.
sub user_aggregates
{
	my ($case) = @_;
	my $where = pick('', '', " WHERE host = 'none'", ' WHERE ' . condition($case, 1), ' WHERE id < 0 AND u > 5');
	my @list = (some_of(3, sub { user_aggregate($case) }), pick('count(*)', aggregate($case)));
	my $filter = 'FILTER (WHERE ' . pick('v > 1000', 'u > 50', 'i2 = 1', "host = 'none'", condition($case, 0)) . ')';
	my @keys = pick([], ['host'], [ 'i2', 'region' ], [ bucket($case) ]);
	my $keys = $keys[0];

	@list = map { !/^(?:md5|cardinality|round|coalesce)/ && /^\w+\((?:[^()]|\([^()]*\))*\)$/ && chance(0.3) ? "$_ $filter" : $_ } @list;
	return 'SELECT ' . join(', ', @list) . " FROM t$where" . pick('', '', ' HAVING sum_or_zero(u) IS NOT NULL', ' HAVING count_from_100(*) > 100') unless @$keys;
	return 'SELECT ' . join(', ', @$keys, @list) . " FROM t$where GROUP BY " . join(', ', 1 .. @$keys) . pick('', '', ' HAVING count_from_100(*) > 105', ' HAVING sum_or_zero(v) > 0') . ' ORDER BY ' . join(', ', 1 .. @$keys);
}

sub plain_aggregate { return grouped($_[0], 't'); }
sub by_key
{
	my ($case) = @_;
	return grouped($case, 't', some_of(3, sub { key($case) }));
}

sub by_bucket { return grouped($_[0], 't', bucket($_[0])); }

sub by_bucket_and_key
{
	my ($case) = @_;
	my @keys = (bucket($case), pick('host', 'host', 'host', key($case)));

	return grouped($case, 't', chance(0.7) ? @keys : reverse @keys);
}

# What a dashboard sends.
sub dashboard
{
	my ($case) = @_;
	my ($from, $to) = range($case);
	my @aggregates = some_of(4, sub { pick('max', 'min', 'avg', 'sum', 'count') . '(' . pick(qw(u v i4 w)) . ')' });
	my $filter = pick('', ' AND host = ' . host_name($case), ' AND host IN (' . join(', ', some_of(5, sub { host_name($case) })) . ')', ' AND u > 90', " AND region = 'eu'");
	my $bucket = bucket($case);
	my @keys = chance(0.4) ? ($bucket, 'host') : ($bucket);

	return 'SELECT ' . join(', ', @keys, @aggregates) . " FROM t WHERE ts >= $from AND ts < $to$filter GROUP BY " . join(', ', 1 .. @keys)
	  . ' ORDER BY ' . join(', ', map { $_ . pick('', ' DESC') } 1 .. @keys) . pick('', '', ' LIMIT 5');
}

sub grouping_sets
{
	my ($case) = @_;
	my @keys = ('host', pick('region', 'i2', 'm'), bucket($case));
	my $sets = pick('ROLLUP (1, 2)', 'CUBE (1, 2)', 'GROUPING SETS ((1), (2), (1, 3), ())', 'GROUPING SETS ((1, 2), (3))', '1, ROLLUP (2)');
	my @list = map { "k$_" } 1 .. 3;

	$sets =~ s/(\d)/$keys[$1 - 1]/g;
	@keys = map { $sets =~ /\Q$_\E/ ? $_ : 'NULL' } @keys;
	return 'SELECT ' . join(', ', @keys, some_of(3, sub { aggregate($case) })) . ' FROM t' . where($case) . " GROUP BY $sets";
}

sub rows
{
	my ($case) = @_;
	my @columns = pick(['*'], [ 'id', 'host', 'u' ], [ map { ordered_column() } 1 .. 3 ], [ 'id', number($case, 2), condition($case, 1) ], [ 't' ], ['count(*) OVER ()', 'id']);
	my $sql = 'SELECT ' . join(', ', @{ $columns[0] }) . ' FROM t' . where($case);

	return $sql if chance(0.3);
	return "$sql ORDER BY " . pick('id', 'id DESC', 'ts, host', 'ts DESC, host DESC', 'host, ts', 'host, ts DESC', 'host DESC, ts', 'u, id', 'region NULLS FIRST, s DESC, id') . limit();
}

# Only what it is ordered by is shown: ties do not matter.
sub top
{
	my ($case) = @_;
	my $columns = pick('ts', 'ts', 'u', 'host', 'host, ts', 'v', 'i4', 'n', 'w', 's', 'region, ts');
	my $order = join ', ', map { $_ . direction() } split /, /, $columns;

	return "SELECT $columns FROM t" . where($case) . " ORDER BY $order LIMIT " . pick(1, 10, 100) . pick('', '', ' OFFSET 3') unless chance(0.2);
	return "SELECT DISTINCT $columns FROM t" . where($case) . " ORDER BY $order" . limit();
}

sub last_point
{
	my ($case) = @_;
	my $where = where($case);
	my $dir = pick(' DESC', ' DESC', '');
	my $list = pick('*', 'host, ts, u, v', 'host, u');

	return pick("SELECT DISTINCT ON (host) $list FROM t$where ORDER BY host, ts$dir" . limit(),
		"SELECT DISTINCT ON (host) $list FROM t$where ORDER BY host DESC, ts$dir",
		"SELECT host, last(u, ts), first(v, ts), max(ts) FROM t$where GROUP BY host ORDER BY host",
		"SELECT h.host, l.* FROM hosts h " . pick('CROSS JOIN', 'LEFT JOIN') . " LATERAL (SELECT ts, u, v FROM t WHERE t.host = h.host ORDER BY ts$dir LIMIT 1) l " . ' ON true' . ' ORDER BY 1',
		"SELECT host, max(ts), min(ts), count(*) FROM t$where GROUP BY host ORDER BY host",
		"SELECT host, (SELECT u FROM t WHERE t.host = h.host ORDER BY ts$dir LIMIT 1) FROM hosts h ORDER BY host",
		"SELECT DISTINCT ON (region, i2) region, i2, id FROM t$where ORDER BY region, i2, id$dir") =~ s/(CROSS JOIN .*?) ON true/$1/r;
}

sub window
{
	my ($case) = @_;
	my $call = pick('row_number()', 'lag(u)', 'lead(v, 2)', 'sum(u)', 'avg(v)', 'first_value(u)', 'count(*)', 'max(u)', 'rank()', 'ntile(4)');
	my $by = pick('PARTITION BY host ORDER BY ts', 'PARTITION BY host ORDER BY ts DESC', 'ORDER BY ts, host', 'ORDER BY id', 'PARTITION BY region, i2 ORDER BY id',
		'PARTITION BY host ORDER BY ts ROWS BETWEEN 3 PRECEDING AND CURRENT ROW');

	return "SELECT id, host, $call OVER ($by) FROM t" . where($case) . ' ORDER BY id' if chance(0.7);
	return "SELECT host, max(d), count(d) FROM (SELECT host, u - lag(u) OVER (PARTITION BY host ORDER BY ts) AS d FROM t" . where($case) . ') q GROUP BY host ORDER BY host';
}

sub joined
{
	my ($case) = @_;
	my $where = where($case) =~ s/\b(?<!\.)host\b(?! *h\b)(?! FROM)(?!_)/t.host/gr;
	my $key = pick('dc', 'rack', 'dc, rack');

	$where = '' if $where =~ /SELECT/;
	return pick("SELECT $key, count(*), sum(u), max(v) FROM t JOIN hosts USING (host) GROUP BY $key ORDER BY $key",
		"SELECT h.dc, count(*), sum(t.u * h.weight), min(t.ts) FROM t JOIN hosts h ON h.host = t.host$where GROUP BY h.dc ORDER BY 1",
		"SELECT h.host, count(t.id), max(t.u) FROM hosts h LEFT JOIN t ON t.host = h.host AND t.u > " . rint(90) . " GROUP BY h.host ORDER BY 1",
		"SELECT count(*), sum(a.u - b.u) FROM t a JOIN t b ON a.host = b.host AND a.ts = b.ts WHERE a.u > 20",
		"SELECT a.id, b.id FROM t a JOIN t b ON b.id = a.id + 1 WHERE a.u > 80 AND b.v < 0 ORDER BY 1",
		"SELECT t.id, t.u, h.dc FROM hosts h JOIN t ON t.host = h.host WHERE h.rack = 1 AND t.ts >= " . instant($case) . " ORDER BY t.id" . limit(),
		"SELECT count(*), sum(u) FROM t WHERE EXISTS (SELECT FROM hosts h WHERE h.host = t.host AND h.weight * 100 > t.u)",
		"SELECT count(*), sum(u) FROM t WHERE NOT EXISTS (SELECT FROM hosts h WHERE h.host = t.host AND h.rack = t.i2)",
		"SELECT h.host, q.n, q.s FROM hosts h, LATERAL (SELECT count(*) AS n, sum(u) AS s FROM t WHERE t.host = h.host AND t.i2 = h.rack) q ORDER BY 1",
		"SELECT count(*), sum(q.u) FROM (SELECT * FROM t$where) q FULL JOIN hosts h ON h.host = q.host",
		"SELECT t1.host, t1.m, t2.m FROM (SELECT host, max(u) AS m FROM t GROUP BY host) t1 JOIN (SELECT host, min(v) AS m FROM t WHERE i2 > 1 GROUP BY host) t2 USING (host) ORDER BY 1");
}

sub nested
{
	my ($case) = @_;
	my ($a, $b) = (where($case), where($case));

	return pick("SELECT count(*), sum(u), max(ts) FROM (SELECT * FROM t$a ORDER BY ts, host LIMIT " . pick(10, 500) . ') q',
		"WITH c AS" . pick('', ' MATERIALIZED') . " (SELECT host, u, i2 FROM t$a) SELECT host, sum(u), (SELECT count(*) FROM c) FROM c GROUP BY host ORDER BY host",
		"SELECT host, u FROM t$a UNION ALL SELECT host, weight FROM hosts", "SELECT host, i2 FROM t$a UNION SELECT host, rack FROM hosts",
		"SELECT host FROM t$a EXCEPT SELECT host FROM t$b", "SELECT id FROM t$a INTERSECT SELECT id FROM t$b",
		"SELECT max(s) FROM (SELECT host, sum(u) AS s FROM t$a GROUP BY host) q", "SELECT count(*) FROM (SELECT DISTINCT host, i2 FROM t$a) q",
		"SELECT k, sum(n) FROM (SELECT i2 AS k, count(*) AS n FROM t$a GROUP BY 1 UNION ALL SELECT rack, count(*) FROM hosts GROUP BY 1) q GROUP BY k ORDER BY k",
		"SELECT h.dc, (SELECT max(u) FROM t WHERE t.host = h.host) AS m FROM hosts h ORDER BY h.host",
		"SELECT count(*), sum(u), max(uv) FROM tv" . ($a =~ /\b(?:region|s|x|b|d|n|w|r|g|j|iv|m|bc|t2|i2|i8|late|big|ar|ip|y)\b/ ? '' : $a),
		"SELECT EXISTS (SELECT 1 FROM t$a), (SELECT count(*) FROM t$b)", "SELECT * FROM (VALUES (1), (3)) k(n), LATERAL (SELECT id, u FROM t WHERE i2 = k.n ORDER BY id LIMIT k.n) q ORDER BY 1, 2");
}

# The parent's partitions together, pruned or aggregated apart.
sub partitioned
{
	my ($case) = @_;
	my ($from, $to) = range($case);
	my $where = pick('', " WHERE ts >= $from AND ts < $to", ' WHERE host = ' . host_name($case), ' WHERE u > 50 AND i4 IS NOT NULL');

	return pick("SELECT count(*), sum(u), min(ts), max(ts), avg(v) FROM p$where", 'SELECT ' . bucket($case) . ", host, count(*), max(u) FROM p$where GROUP BY 1, 2 ORDER BY 1, 2",
		"SELECT ts, host, u FROM p$where ORDER BY ts DESC, host LIMIT 10", "SELECT DISTINCT ON (host) * FROM p$where ORDER BY host, ts DESC",
		"SELECT tableoid::regclass::text ~ '^p\\d', count(*) FROM p$where GROUP BY 1", "SELECT dc, sum(u) FROM p JOIN hosts USING (host)$where GROUP BY dc ORDER BY dc",
		"SET enable_partitionwise_aggregate = on; SELECT host, sum(u), count(v) FROM p$where GROUP BY host ORDER BY host; RESET enable_partitionwise_aggregate");
}

# A prepared statement: custom plans, a generic one, or what comes of itself
# after five executions.
sub prepared
{
	my ($case) = @_;
	my $type = $case->{type};
	my ($sql, $types, $values) = @{ pick(
		[ "SELECT count(*), sum(u), max(v) FROM t WHERE host = \$1 AND ts >= \$2", "text, $type", sub { host_name($case) . ', ' . instant($case) } ],
		[ "SELECT " . bucket($case) . ", max(u) FROM t WHERE ts >= \$1 AND ts < \$2 GROUP BY 1 ORDER BY 1 LIMIT \$3", "$type, $type, int", sub { join ', ', range($case), pick(1, 5, 1000) } ],
		[ "SELECT host, sum(u) FROM t WHERE u > \$1 AND i2 = ANY (\$2) GROUP BY host ORDER BY host", 'float8, int2[]', sub { pick(0, 90, "'NaN'", 'NULL') . ', ' . pick("'{1,2}'", "'{}'", 'NULL', "'{3,NULL}'") } ],
		[ "SELECT id, u FROM t WHERE host = ANY (\$1) AND (s LIKE \$2 OR v < \$3) ORDER BY id LIMIT 20", 'text[], text, float8', sub { pick("'{host_1,host_2}'", "'{}'") . ', ' . pick("'a%'", "'%'", 'NULL') . ', ' . rint(50) } ],
		[ "SELECT sum(u * \$1), count(*) FILTER (WHERE v > \$2), max(coalesce(i4, \$3)) FROM t WHERE i4 BETWEEN \$3 AND \$4", 'float8, float8, int, int', sub { pick(1, 0.5) . ', ' . rint(50) . ', ' . (rint(100) - 80) . ', ' . rint(100) } ],
		[ "SELECT * FROM t WHERE id = \$1", 'bigint', sub { rint($case->{rows} + 2) } ],
		[ "SELECT time_bucket(\$1, d), count(*) FROM t WHERE d > \$2 GROUP BY 1 ORDER BY 1", 'interval, date', sub { pick("'1 day'", "'7 days'", "'1 month'") . ", '2024-01-0" . (1 + rint(9)) . "'" } ]) };

	return 'SET plan_cache_mode = ' . pick('force_generic_plan', 'force_generic_plan', 'force_custom_plan', 'auto') . "; PREPARE q ($types) AS $sql; "
	  . join('', map { 'EXECUTE q(' . $values->() . '); ' } 1 .. pick(1, 2, 7)) . 'DEALLOCATE q; RESET plan_cache_mode';
}

sub cursor
{
	my ($case) = @_;
	my $sql = 'SELECT id, host, u FROM t' . where($case) . ' ORDER BY ' . pick('id', 'ts, host', 'host, ts', 'ts DESC, host', 'host, ts DESC');
	my $scroll = chance(0.7);
	my @moves = $scroll ? ('NEXT', '5', 'BACKWARD 3', 'LAST', 'PRIOR', 'FIRST', 'ABSOLUTE 7', 'RELATIVE -2', 'BACKWARD ALL', '3', 'ABSOLUTE -4', '0') : ('NEXT', '5', '1', '2', '100');

	$sql = 'SELECT host, count(*), max(u) FROM t' . where($case) . ' GROUP BY host ORDER BY host' if chance(0.2);
	return 'BEGIN; DECLARE c ' . ($scroll ? 'SCROLL ' : '') . 'CURSOR ' . pick('', '', 'WITH HOLD ') . "FOR $sql; "
	  . join('', map { 'FETCH ' . pick(@moves) . ' FROM c; ' } 1 .. 6) . 'CLOSE c; COMMIT';
}

# The reader sees fewer rows, and a function that tells what it is shown must
# not see the others.
sub as_reader
{
	my ($case) = @_;
	my $inner = pick(\&plain_aggregate, \&by_key, \&dashboard, \&rows, \&last_point, \&top)->($case);

	$inner = 'SELECT count(*), sum(u), max(host) FROM t WHERE twin_leak(host) AND ' . condition($case, 1) if chance(0.3);
	return "SET ROLE twin_reader; $inner; RESET ROLE";
}

# A transaction sees its own rows, and after ROLLBACK TO no more.  They have
# hosts of their own, so that (host, ts) stays unique.
sub own_changes
{
	my ($case) = @_;
	my $insert = "INSERT INTO t (id, ts, host, u, v, i2) SELECT 1000000 + g, " . instant($case) . ", 'own_' || g, g, -g, 2 FROM generate_series(1, " . pick(1, 30) . ') g; ';
	my $read = sub { pick(\&plain_aggregate, \&by_key, \&by_bucket, \&last_point, \&top)->($case) . '; ' };

	return 'BEGIN; ' . $insert . $read->() . 'SAVEPOINT a; ' . $insert =~ s/1000000/2000000/r =~ s/own_/more_/r . $read->() . 'ROLLBACK TO a; ' . $read->() . 'ROLLBACK';
}

sub elsewhere
{
	my ($case) = @_;
	my $inner = pick(\&plain_aggregate, \&by_key, \&dashboard, \&rows, \&by_bucket_and_key)->($case);

	return pick("CREATE TEMP TABLE made AS SELECT id, host, u, ts FROM t" . where($case) . "; SELECT count(*), sum(u), max(ts) FROM made; DROP TABLE made",
		"EXPLAIN (ANALYZE, VERBOSE, FORMAT JSON) $inner \\g /dev/null", "EXPLAIN (ANALYZE, BUFFERS) $inner \\g /dev/null", "EXPLAIN (VERBOSE, FORMAT XML) $inner \\g /dev/null",
		"BEGIN; CREATE TEMP TABLE made ON COMMIT DROP AS SELECT * FROM hosts; UPDATE made SET weight = q.m FROM (SELECT host, max(u) AS m FROM t GROUP BY host) q WHERE q.host = made.host; SELECT * FROM made ORDER BY host; COMMIT",
		"SET work_mem = '64kB'; $inner; RESET work_mem", "SET enable_hashagg = off; $inner; RESET enable_hashagg", "SET enable_sort = off; $inner; RESET enable_sort",
		"SET enable_nestloop = on; SET enable_hashjoin = off; SET enable_mergejoin = off; " . joined($case) . "; RESET enable_hashjoin; RESET enable_mergejoin",
		"SET enable_hashjoin = off; SET enable_nestloop = off; " . joined($case) . "; RESET enable_hashjoin; RESET enable_nestloop",
		"DECLARE h CURSOR WITH HOLD FOR SELECT id FROM t" . where($case) . " ORDER BY id; FETCH 5 FROM h; CLOSE h", "TABLE t", "SELECT count(*) FROM t TABLESAMPLE BERNOULLI (100)" . where($case));
}

# Each has its weight; those before "prepared" are about reading, the others
# about what a planner or an executor must not take for granted.
my @SHAPES = (
	[ plain => 5, \&plain_aggregate ], [ key => 6, \&by_key ], [ bucket => 4, \&by_bucket ], [ bucket_and_key => 5, \&by_bucket_and_key ], [ dashboard => 5, \&dashboard ], [ grouping_sets => 1, \&grouping_sets ], [ rows => 4, \&rows ],
	[ top => 3, \&top ], [ last_point => 3, \&last_point ], [ window => 2, \&window ], [ joined => 3, \&joined ], [ nested => 4, \&nested ], [ partitioned => 2, \&partitioned ], [ cursor => 1, \&cursor ],
	[ as_reader => 3, \&as_reader ], [ own_changes => 2, \&own_changes ], [ elsewhere => 3, \&elsewhere ],
	[ prepared => 2, \&prepared ], [ generic => 6, \&generic ], [ guarded => 4, \&guarded ], [ guarded_parameters => 4, \&guarded_parameters ], [ unguarded => 2, \&unguarded ], [ user_aggregates => 4, \&user_aggregates ],
	[ sub_plans => 4, \&sub_plans ], [ guc_dependent => 2, \&guc_dependent ], [ as_role => 2, \&as_role ], [ metadata => 2, \&metadata ], [ positioned => 2, \&positioned ], [ stepped => 2, \&stepped ], [ looped => 2, \&looped ],
	[ ternary => 4, \&ternary ], [ rewritten => 4, \&rewritten ], [ volatile => 3, \&volatile ], [ growing => 2, \&growing ], [ extremes => 4, \&extremes ], [ overflows => 1, \&overflows ], [ explained => 1, \&explained ], [ correlated => 2, \&correlated ], [ set_returning => 2, \&set_returning ], [ typed => 2, \&typed ], [ stacked => 2, \&stacked ], [ flushed => 1, \&flushed ]);
my @drawn = map { ($_) x $_->[1] } @SHAPES;

sub shape_names { return map { $_->[0] } @SHAPES; }

# A query of one shape, or of any.
sub make_query
{
	my ($case, $name) = @_;
	my ($shape) = defined $name ? grep { $_->[0] eq $name } @SHAPES : pick(@drawn);
	my $made;

	die "no queries are called \"$name\": " . join(' ', shape_names()) . "\n" unless $shape;
	$Expressions::approximate = 0;
	$made = $shape->[2]->($case);
	$made = { sql => $made } unless ref $made;
	$made->{approximate} ||= $Expressions::approximate;
	return { %$made, kind => $shape->[0] };
}

1;
