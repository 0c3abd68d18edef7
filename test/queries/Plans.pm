# Plans.pm: what may run where, for the query twin.
#
#   sub_plans($case)       sub-plans, functions that no worker may call and
#                          temporary tables in targets, HAVING, arguments and
#                          filters
#   guc_dependent($case)   values that follow settings of the session
#   growing($case)         states that grow, in many groups
#   explained($case)       what EXPLAIN ANALYZE counts
#
# The first are put below an Append, on the inner side of a hash join, in a
# sub-select, with parallel plans made cheap.
package Plans;

use strict;
use warnings;

use Exporter 'import';
use Types qw(pick chance rint);
use Expressions qw(number condition aggregate bucket key host_name some_of);
use Version qw($FORCE_PARALLEL);
use Routines qw(user_aggregate);

our @EXPORT_OK = qw(sub_plans guc_dependent growing explained);

my $CHEAP = 'SET LOCAL max_parallel_workers_per_gather = 2; SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL min_parallel_index_scan_size = 0';

# Something of the groups that needs more than their states.
sub group_value
{
	my $sum = pick('sum(t.u)', 'count(t.v)', 'max(t.u)', 'sum(t.v + 1)', 'min(t.i4)', 'count(t.host)', 'sum_or_zero(t.u)', 'avg(t.u)', "max(t.i2)");

	return pick("(SELECT count(*) FROM lim WHERE n <= $sum)", "(SELECT count(*) FROM lim WHERE n <= $sum)", "(SELECT max(rack) FROM hosts h WHERE h.host = t.host) + $sum", "twin_restricted($sum)", "twin_restricted($sum)",
		"twin_unsafe($sum)", "$sum + (SELECT max(n) FROM lim)", "($sum IN (SELECT n FROM lim))", "EXISTS (SELECT FROM lim WHERE n > $sum)", "ARRAY(SELECT n FROM lim WHERE n < $sum ORDER BY n)",
		"coalesce($sum, (SELECT min(n) FROM lim))", "CASE WHEN $sum > 10 THEN (SELECT count(*) FROM lim) END", "sum((SELECT count(*) FROM lim WHERE n < t.i2))", "count(*) FILTER (WHERE t.i2 IN (SELECT n FROM lim))",
		"max(twin_restricted(t.u))", "sum(t.u) FILTER (WHERE twin_restricted(t.u) > 60)", "sum(t.u * (SELECT max(n) FROM lim))", "max((SELECT weight FROM hosts h WHERE h.host = t.host))", "add_strict(t.i4) + (SELECT min(n) FROM lim)",
		"(SELECT h.dc FROM hosts h WHERE h.host = t.host)", 'twin_tick_of(1) * 0');
}

sub one_aggregation
{
	my ($case) = @_;
	my $from = pick('t', 't', 't', 'p t', 'tv t');
	my $value = group_value();
	my $where = pick('', '', " WHERE t.u > " . rint(60), ' WHERE t.i4 < (SELECT max(n) FROM lim)', ' WHERE t.id % 3 <> (SELECT count(*) FROM lim WHERE n < t.i4)', ' WHERE twin_restricted(t.u) > 60', ' WHERE EXISTS (SELECT FROM lim WHERE n > t.u)');
	my $having = pick('', '', ' HAVING count(*) > (SELECT min(n) FROM lim)', ' HAVING twin_restricted(max(t.u)) > 60', ' HAVING max(t.u) > 0 AND EXISTS (SELECT FROM lim WHERE n < count(t.v))', ' HAVING count(*) <> twin_unsafe(1)');

	$from = 't' if $value =~ /\bi2\b/;
	return "SELECT t.host AS host, $value AS x FROM $from$where GROUP BY t.host$having";
}

sub sub_plans
{
	my ($case) = @_;
	my ($a, $b) = (one_aggregation($case), one_aggregation($case));
	my $plain = 'SELECT t.host AS host, max(t.u) AS x FROM t GROUP BY t.host';
	my $text = sub { $_[0] =~ s/^SELECT t\.host AS host, (.*?) AS x FROM/SELECT t.host AS host, ($1)::text AS x FROM/r };
	my $big = 'twin_heap.source';
	my $sql = pick(
		$a, ("SELECT * FROM (" . join(' UNION ALL ', map { $text->($_) } $a, pick($a, $b), $plain) . ') q ORDER BY 1, 2') x 3,
		"SELECT host, x FROM ($a) q UNION ALL SELECT host, x FROM ($a) q2 ORDER BY 1, 2",
		("SELECT count(*), count(q.x), min(q.x::text), max(q.x::text) FROM $big s JOIN ($a) q ON q.host = s.host") x 2, "SELECT s.i2, count(*), max(q.x::text) FROM $big s JOIN ($a) q USING (host) GROUP BY s.i2 ORDER BY 1",
		"SELECT count(*), max(s.u) FROM $big s WHERE s.host IN (SELECT host FROM ($a) q WHERE x IS NOT NULL)", "SELECT h.host, q.x FROM hosts h LEFT JOIN ($a) q USING (host) ORDER BY 1",
		"SELECT count(*) FROM (SELECT t.id, t.host, twin_restricted(t.u) AS x FROM t WHERE t.u > 10) q JOIN $big s ON s.id = q.id WHERE q.x > 70",
		"SELECT count(*), max(x) FROM (SELECT t.id, (SELECT count(*) FROM lim WHERE n < t.u) AS x FROM t UNION ALL SELECT id, 0 FROM p) q",
		"WITH c AS MATERIALIZED ($a) SELECT count(*), max(x::text), (SELECT count(*) FROM c) FROM c");

	return "BEGIN; $CHEAP; " . pick('', '', 'SET LOCAL parallel_leader_participation = off; ', 'SET LOCAL enable_hashagg = off; ', 'SET LOCAL enable_partitionwise_aggregate = on; ', "SET LOCAL $FORCE_PARALLEL = on; ") . "$sql; COMMIT";
}

# Text of values follows settings; a plan that is kept must not keep the text.
sub guc_dependent
{
	my ($case) = @_;
	return path_dependent($case) if chance(0.2);
	my ($name, @values) = @{ pick(
		[ 'datestyle', "'German, DMY'", "'ISO, MDY'", "'SQL, DMY'", "'Postgres, MDY'" ], [ 'timezone', "'Asia/Kathmandu'", "'UTC'", "'America/St_Johns'" ], [ 'extra_float_digits', -10, 0, 3, 1 ],
		[ 'intervalstyle', "'iso_8601'", "'postgres_verbose'", "'postgres'" ], [ 'bytea_output', "'escape'", "'hex'" ]) };
	my $text = { datestyle => pick('d::text', 'ts::text', 't2::text', "('01/02/2024'::text)::date::text", "to_char(d, 'DD')"), timezone => pick('ts::text', "to_char(ts, 'HH24')", 'date_trunc(\'day\', ts)::text', 'ts::date::text', 'extract(hour FROM ts)::text', "(ts::timestamp)::text"),
		extra_float_digits => pick('u::text', 'v::text', 'r::text', '(u / 3)::text'), intervalstyle => 'iv::text', bytea_output => 'y::text' }->{$name};
	my $sql;

	$text = 'd::text' if $name eq 'timezone' && $case->{type} eq 'bigint';
	$text = 'd::text' if $case->{type} eq 'bigint' && $text =~ /\bts\b/;
	$sql = pick("SELECT $text, count(*) FROM t GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20", "SELECT min($text), max($text), count(DISTINCT $text) FROM t", "SELECT count(*), sum(id) FROM t WHERE $text LIKE " . pick("'%.0%'", "'%1%'", "'%:4%'", "'P%'", "'%\\\\%'"),
		"SELECT id, $text FROM t ORDER BY id LIMIT 30", "SELECT host, max($text), count(*) FILTER (WHERE length($text) > 10) FROM t GROUP BY host ORDER BY host", "SELECT sum(length($text)) FROM t WHERE $text > '2'",
		$case->{type} =~ /timestamp/ ? ("SELECT count(*) FROM t WHERE ts >= (\$1)::text::$case->{type}") x 2 : ());
	my $argument = $sql =~ /\$1/ ? "('02/01/2024 05:00')" : '';

	# a time as text: of the first day or of February, as the style has it
	return { raises => 2, sql => 'SET plan_cache_mode = ' . pick('force_generic_plan', 'auto') . '; PREPARE q' . ($argument ? '(text)' : '') . " AS $sql; "
		  . join('', map { "SET $name = " . pick(@values) . "; EXECUTE q$argument; " } 1 .. 3) . "DEALLOCATE q; RESET $name; RESET plan_cache_mode" };
}

# The same text means other functions and operators under another search path,
# also to a plan that is kept.
sub path_dependent
{
	my ($case) = @_;
	my $bucket = $case->{type} eq 'timestamptz' ? pick("time_bucket('1 hour', ts)", "date_trunc('hour', ts)") : 'lower(host)';
	my $sql = pick("SELECT host, sum(u), count(i4), max($bucket) FROM t WHERE host = " . host_name($case) . ' GROUP BY host', 'SELECT count(*), max(u + v), min(lower(host)) FROM t WHERE u < ' . rint(90),
		"SELECT $bucket, count(i4), mean(u) FROM t GROUP BY 1", 'SELECT first(u, id), sum(v), count(*) FROM t WHERE u < 30 AND host = ' . host_name($case), 'SELECT id, u + v FROM t WHERE u < -95 AND lower(host) = ' . host_name($case));
	my $other = "SELECT set_config('search_path', 'twin_other, pg_catalog, ' || current_setting('search_path'), true) IS NULL; ";

	return "BEGIN; PREPARE q AS $sql; EXECUTE q; SAVEPOINT a; ${other}EXECUTE q; ROLLBACK TO a; EXECUTE q; $other$sql; EXECUTE q; COMMIT; DEALLOCATE q";
}

# Many groups with states that grow, in little memory.
sub growing
{
	my ($case) = @_;
	my $keys = pick([ 'id' ], [ 'id / 3' ], [ 'id % 100', 'host' ], [ 'host', 'i2' ], ['x'], [ bucket($case) ], ['i4']);
	my @aggregates = some_of(3, sub { pick("cardinality(array_agg(i4))", "length(string_agg(host, ''))", 'list_total(i4)', 'text_length(s)', 'md5_length(s)', 'count(DISTINCT i2)', 'count(DISTINCT s)', 'count(DISTINCT u)', 'percentile(v, 0.5)',
		'percentile(u, ' . pick(0, 1, 0.25) . ')', 'histogram(u, -50, 50, 4)', 'last(s, id)', 'max(big)', "md5(array_agg(u ORDER BY id)::text)", 'jsonb_object_agg(id, i2)::text', "(array_agg(x ORDER BY id))[1]", 'count(DISTINCT x)', 'sum(n)', user_aggregate($case), "max(s)", "list_combined(i4)") });
	my $list = join ', ', map { "($aggregates[$_])::text AS a$_" } 0 .. $#aggregates;
	my $by = join ', ', 1 .. @$keys;
	my $sql = 'SELECT ' . join(', ', map { "$keys->[$_] AS k$_" } 0 .. $#$keys) . ", $list FROM t GROUP BY $by";

	$sql = pick("SELECT count(*), md5(string_agg(q::text, ',' ORDER BY q::text)) FROM ($sql) q", "SELECT count(*), min(a0), max(a0), count(a0), sum(hashtext(q::text)::bigint) FROM ($sql) q", "$sql ORDER BY $by LIMIT 5");
	return "BEGIN; SET LOCAL work_mem = '64kB'; " . (chance(0.4) ? "$CHEAP; " : '') . "$sql; COMMIT";
}

# What a scan says it read is the same whoever runs the plan.
sub explained
{
	my ($case) = @_;
	my $sql = pick('SELECT host, sum(u) FROM t GROUP BY host', 'SELECT count(*), max(v) FROM t WHERE u > ' . rint(80), 'SELECT id, u FROM t WHERE v > ' . rint(20), 'SELECT max(u), min(i4) FROM t WHERE host = ' . host_name($case));
	my $quoted = $sql =~ s/'/''/gr;

	return "BEGIN; SET LOCAL max_parallel_workers_per_gather = 2; SET LOCAL min_parallel_table_scan_size = '1GB'; SELECT twin_scan_line('$quoted', 'off') = twin_scan_line('$quoted', 'on'); COMMIT";
}

1;
