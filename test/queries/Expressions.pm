# Expressions.pm: random expressions over the query twin's table.
#
# All of them have one right answer, whatever the order of rows and of
# additions, except those that set $approximate (stddev and its family), and
# none of them can fail: conjuncts may be evaluated in any order.
package Expressions;

use strict;
use warnings;

use Exporter 'import';
use Types qw(pick chance rint);

our @EXPORT_OK = qw(number condition bucket key aggregate instant range host_name ordered_column some_of $approximate);
our $approximate;

my %UNITS = (
	timestamptz => [ '1 minute', '5 minutes', '15 minutes', '1 hour', '1 day', '1 week', '1 month', '90 seconds' ],
	timestamp => [ '1 minute', '10 minutes', '1 hour', '1 day', '1 month' ],
	date => [ '1 day', '7 days', '1 month', '1 year', '10 days' ]);

# Between one and $max of the things that a function makes.
sub some_of
{
	my ($max, $make) = @_;
	return map { $make->() } 1 .. 1 + rint($max);
}

sub host_name
{
	my ($case) = @_;
	return "'host_" . rint($case->{hosts} + 1) . "'";
}

# Two instants, the earlier one first as a rule.
sub range
{
	my ($case) = @_;
	my @steps = sort { $a <=> $b } map { rint($case->{steps} + 2) } 1 .. 2;

	return (instant($case), instant($case)) if chance(0.15);
	return map { instant($case, $_) } @steps;
}

# A literal of the time column's type, inside the rows' span or a bit outside.
sub instant
{
	my ($case, $step) = @_;

	$step //= pick((map { rint($case->{steps} + 2) } 1 .. 6), -5, 0, $case->{steps} + 1000);
	my $seconds = $step * 10 + pick(0, 0, rint(10));

	return 1704067200000000000 + $seconds * 1000000000 . '::bigint' if $case->{type} eq 'bigint';
	return "(date '2001-01-01' + $step)" if $case->{type} eq 'date';
	my $sign = $seconds < 0 ? '-' : '';
	my @hms = map { abs } int($seconds / 3600), int($seconds / 60) % 60, $seconds % 60;
	return "($case->{type} '$case->{day}' + interval '$seconds seconds')" if chance(0.15) || $seconds < 0 || $hms[0] > 23;
	return sprintf "%s'%s %02d:%02d:%02d'", pick('', "$case->{type} "), $case->{day}, @hms;
}

# Multiples of 1/8 (or whole), of moderate size.
sub number
{
	my ($case, $depth) = @_;
	my @leaves = ('u', 'u', 'v', 'v', 'i4', 'i2', 'r', 'u::int', 'id % 10', 'length(s)', 'length(x)');

	push @leaves, 'late' if $case->{late};
	push @leaves, 'w' if chance(0.2);
	return pick(@leaves) if $depth <= 0 || chance(0.3);
	my ($a, $b) = (number($case, $depth - 1), number($case, $depth - 1));
	return pick("($a + $b)", "($a - $b)", "$a * " . pick(2, 3, -1, '0.5::float8', 0), "(- $a)", "abs($a)", "coalesce($a, " . pick(0, 1, -7) . ')',
		"(CASE WHEN " . condition($case, 0) . " THEN $a ELSE $b END)", "(CASE WHEN " . condition($case, 0) . " THEN $a END)",
		"greatest($a, $b)", "least($a, 5)", "nullif($a, 0)", "u * v", "($a)::float8 / 2", "($a)::float8");
}

sub constant
{
	return pick(rint(200) - 100, (rint(1600) - 800) / 8, 0, 90, -95.5, '1e3', "'12.5'::float8");
}

my @COMPARE = ('=', '<', '<=', '>', '>=', '<>', '>', '<');

sub text_pattern
{
	my $column = pick('host', 'host', 's', 'x', 'region', 'bc::text', 'lower(s)', 'm::text');
	return pick("$column LIKE " . pick("'host_1%'", "'%a%'", "'_b%'", "''", "'a'", "'%'", "'%\\_%'"),
		"$column NOT LIKE '%a%'", "$column ILIKE " . pick("'HOST\\_2%'", "'z%'", "'%A'"),
		"$column ~ " . pick("'^host_[12]'", "'a+'", "'^\$'"), "$column !~ '[0-4]\$'", "$column ~* 'HOST_3|z'",
		"starts_with($column, 'host_1')", "$column SIMILAR TO '(host|a)%'", "upper($column) = " . pick("'HOST_1'", "'AA'"),
		"$column || 'x' = 'ax'", "position('a' in $column) > 0", "substr($column, 1, 1) < 'h'");
}

sub time_condition
{
	my ($case) = @_;
	my ($a, $b) = range($case);
	my @more = (("ts >= $a AND ts < $b") x 4, "ts > $a", "ts <= $a", "ts BETWEEN $a AND $b",
		"ts IN ($a, $b)", "ts = $a", "ts <> $a", "NOT ts < $a", "$a < ts", "ts = (SELECT max(ts) FROM t)", "ts >= (SELECT min(ts) FROM t)");

	push @more, "(host, ts) " . pick('>', '<=') . ' (' . host_name($case) . ", $a)";
	return pick(@more) if $case->{type} eq 'bigint';
	push @more, "extract(hour FROM ts) " . pick('= 3', '< 12', 'IN (0, 5)'), "ts::time < '01:30'", "extract(minute FROM ts) % 2 = 0" if $case->{type} ne 'date';
	return pick(@more, bucket($case, 1) . " >= $a", bucket($case, 1) . " < $b", bucket($case, 1) . " = $a", bucket($case, 1) . " BETWEEN $a AND $b",
		bucket($case, 1) . ' = ' . bucket($case, 1), "ts::date = '$case->{day}'", "ts::date > '$case->{day}'", "date_trunc('day', ts) = '$case->{day}'", "extract(dow FROM ts) = 0",
		"ts < now()", "ts > now() - (now() - $a)", "ts >= '2024-01-01'::date", "ts < localtimestamp", "extract(epoch FROM ts) > 1704068000",
		"ts + interval '1 minute' > $a", "ts - interval '1 hour' < $a");
}

# Conditions on the columns of the other types.
sub other_condition
{
	my ($case) = @_;
	my @conditions = (
		(map { "b$_" } '', ' IS NULL', ' IS NOT TRUE', ' IS FALSE', ' IS UNKNOWN', ' = (u > 0)'), 'NOT b',
		"d " . pick(@COMPARE) . " '2024-01-0" . (1 + rint(9)) . "'", "d >= timestamp '2024-01-03 12:00'", "t2 < '2024-01-01 15:00'", "t2 >= d", "t2 IS NULL",
		"iv " . pick(@COMPARE) . " '" . rint(100) . " minutes'", "m " . pick(@COMPARE) . " 'ok'", "m IN ('sad', 'happy')", "m IS NOT NULL",
		"g < '80000000-0000-0000-0000-000000000000'", "bc = " . pick("'a'", "'a  '", "'bb'", "''"), "bc <> 'bb'",
		"j \@> '{\"k\": 1}'", "j->>'k' = '2'", "(j->>'h')::int < 2", "j ? 'k'", "j IS NULL",
		"n " . pick(@COMPARE) . ' ' . constant(), "n = ANY ('{1.50,2.25}')", "n BETWEEN -20 AND 20.5", "n + i4 > 3.5", "-n < 4",
		"i2 " . pick(@COMPARE) . ' ' . pick(2, '2::int8', '1.5', '2::int2', '3.0::float8'), "i4 " . pick(@COMPARE) . ' ' . pick('5::int8', '7.5', '0::int2', -100),
		"i8 " . pick(@COMPARE) . ' ' . pick(0, '100::int2', '9223372036854775807', '12.5'), "i2 IN (1, 3)", "i4 = ANY (ARRAY[1, 2, NULL, 50])", "i4 NOT IN (1, 2, 3)",
		"i4 > ALL (ARRAY[-50, 3])", "i2 % 2 = 1", "w " . pick(@COMPARE) . ' ' . pick("'NaN'", "'Infinity'", '0', "'-0'", '2.5'), "w BETWEEN -1 AND 'Infinity'", "r " . pick(@COMPARE) . ' ' . pick('1.25', '1.25::float4', 0),
		"region IS NULL", "region = 'eu'", "region IN ('us', 'xx')", "region <> 'eu'", "coalesce(region, 'none') = 'none'", "s IS DISTINCT FROM 'a'", "s = ''", "s IN ('a', 'Zebra', NULL)",
		"x = md5('7')", "x > 'a'", "twin_odd(i4)", "twin_even(i4)", 'true', '1 = 0', 'NULL::boolean', 'random() >= 0', 'id % 3 = 0', "id < 100", "id BETWEEN 50 AND 1500",
		"u = v", "u < v", "i4 > i2", "i8 > i4", "u > r", "(u > 0) IS NOT DISTINCT FROM b", "num_nulls(v, s, i4) = 1", "ar \@> ARRAY[1]", "ar[1] = 2", "3 = ANY (ar)", "ip << '10.0.3.0/24'", "ip > '10.0.4.1'", "y = '\\x00'", "big IS NOT NULL", "length(big) > 100", "big > '8'", "hashtext(s) % 2 = 0", "hashtext(s) < 0", "i8 > hashint4(i4)", "(u, i2) < (10, 3)", "ARRAY[i2] && ARRAY[1,2]::int2[]");
	push @conditions, 'late = 42', 'late IS NULL', 'late < 20' if $case->{late};
	return pick(@conditions);
}

sub subquery_condition
{
	my ($case) = @_;
	return pick("host IN (SELECT host FROM hosts WHERE dc = 'a')", "host NOT IN (SELECT host FROM hosts WHERE rack = 1)",
		"u > (SELECT avg(u) FROM t)", "EXISTS (SELECT 1 FROM hosts h WHERE h.host = t.host AND h.weight > 0.5)", "NOT EXISTS (SELECT FROM hosts h WHERE h.host = t.host AND h.rack = 2)",
		"i4 = ANY (SELECT rack FROM hosts)", "host = (SELECT min(host) FROM hosts WHERE rack = 1)", "id IN (SELECT id FROM t WHERE u > 95)");
}

# A condition on a row of t.
sub condition
{
	my ($case, $depth) = @_;
	my $roll = rand;

	if ($depth > 0 && $roll < 0.35)
	{
		my @parts = map { condition($case, $depth - 1) } 1 .. pick(2, 2, 3);
		return '(' . join(chance(0.5) ? ' AND ' : ' OR ', @parts) . ')';
	}
	return 'NOT (' . condition($case, $depth - 1) . ')' if $depth > 0 && $roll < 0.42;
	return '(' . time_condition($case) . ')' if $roll < 0.55;
	return pick('host = ' . host_name($case), 'host IN (' . join(', ', some_of(4, sub { host_name($case) })) . ')',
		'host = ANY (ARRAY[' . join(', ', some_of(3, sub { host_name($case) })) . '])', 'host <> ' . host_name($case), 'host > ' . host_name($case)) if $roll < 0.66;
	return text_pattern() if $roll < 0.74;
	return number($case, $depth) . ' ' . pick(@COMPARE) . ' ' . pick(constant(), constant(), number($case, $depth - 1)) if $roll < 0.84;
	return number($case, 0) . ' BETWEEN ' . constant() . ' AND ' . constant() if $roll < 0.87;
	return subquery_condition($case) if $depth > 1 && $roll < 0.9;
	return other_condition($case);
}

# A time bucket of ts; $same when it must be of the type of ts.
sub bucket
{
	my ($case, $same) = @_;
	my $type = $case->{type};
	my $unit = pick(@{ $UNITS{$type} || [] });
	my @buckets;

	return pick("time_bucket(60000000000, ts)", "time_bucket(3600000000000, ts)", "time_bucket(7000000000, ts, 3)", "ts / 60000000000 * 60000000000")
	  if $type eq 'bigint';
	@buckets = ("time_bucket('$unit', ts)") x 4;
	push @buckets, "time_bucket('$unit', ts, $type '2000-01-01')" if $unit !~ /month|year/;
	push @buckets, "time_bucket('1 hour', ts, interval '17 minutes')" if $type ne 'date';
	push @buckets, "time_bucket('$unit', ts, 'Europe/Berlin')", "date_trunc('hour', ts, 'Asia/Kolkata')" if $type eq 'timestamptz';
	push @buckets, "date_trunc('" . pick(qw(second minute hour day month)) . "', ts)", "date_bin('15 minutes', ts, '2024-01-01')", "date_bin('7 minutes', ts, '2001-01-01 00:00:03')"
	  if $type ne 'date';
	push @buckets, "to_timestamp(floor(extract(epoch FROM ts) / 60) * 60)" if $type eq 'timestamptz';
	push @buckets, "floor(extract(epoch FROM ts) / 300) * 300", 'extract(' . ($type eq 'date' ? pick('month', 'dow', 'year') : pick('hour', 'minute', 'dow', 'second', 'epoch')) . ' FROM ts)', 'ts::date', "floor((extract(epoch FROM ts)) / 60) * 60", "to_char(ts, 'YYYY-MM-DD HH24')"
	  unless $same;
	return pick(@buckets);
}

# What to group by beside a bucket.
sub key
{
	my ($case) = @_;
	my @keys = ('host', 'host', 'host', 'host', 'region', 'region', 'i2', 'm', 'b', 's', 'd', 'g', 'bc', 'x', 'n', 'r', 'iv', 'i4', 'i8', 't2', 'w', 'v',
		"coalesce(region, 'none')", 'upper(s)', 'i4 % 5', 'hashtext(s)', 'u > 0', "CASE WHEN u > 50 THEN 'hot' WHEN u > 0 THEN 'warm' END", "j->>'k'", 'j', 'length(s)',
		'substr(host, 1, 6)', 'i2 + i4', 'twin_odd(i4)', 'floor(u / 10)', 'width_bucket(u, -100, 100, 5)', 'id % 7', "host || '-' || region", 'ar', 'ip', 'y', 'md5(big)', 'ar[2]', 'u::int');

	push @keys, 'late' if $case->{late};
	return pick(@keys);
}

# A column with an order of its own; two equal values look the same.
sub ordered_column
{
	return pick(qw(u v w i2 i4 i8 n d ts t2 s x host iv m bc r region id b::int ip ar md5(big)));
}

sub exact_sum
{
	my ($case) = @_;
	return pick(map { "$_(" . number($case, 2) . ')' } qw(sum avg sum avg)) if chance(0.6);
	return pick('sum(n)', 'avg(n)', 'avg(i8)', 'sum(i8)', 'sum(i2)', 'avg(i4)', 'sum(iv)', 'avg(iv)', 'sum(r)', 'avg(r)', 'mean(u)', 'mean(v)', 'sum(u)', 'avg(v)', 'sum(w)',
		'sum(DISTINCT i2)', 'sum(n * i4)', 'sum(CASE WHEN b THEN 1 ELSE 0 END)', 'sum((u > 0)::int)', 'avg(i4 * 2 + 1)', 'sum(i4::bigint)', 'sum(u::numeric)');
}

sub spread
{
	$approximate = 1;
	return pick((map { "$_(" . pick('u', 'v', 'w', 'i4', 'n', 'i2', 'u + v') . ')' } qw(stddev stddev_pop variance var_pop stddev_samp var_samp)), 'corr(u, v)', 'covar_pop(u, v)', 'regr_slope(u, i4)');
}

# Aggregates that no columnar engine is likely to have a kernel for.
sub unusual
{
	return pick(q{md5(string_agg(s, ',' ORDER BY id))}, q{md5(array_agg(i4 ORDER BY id)::text)}, 'percentile_cont(0.5) WITHIN GROUP (ORDER BY v)', 'percentile_disc(0.9) WITHIN GROUP (ORDER BY host)',
		'mode() WITHIN GROUP (ORDER BY i2)', 'bit_or(i4)', 'bit_and(i2)', 'bit_xor(i4)', 'regr_count(u, v)', 'count(DISTINCT (host, i2))', 'max(g::text)', 'array_length(array_agg(host), 1)', 'max(u) FILTER (WHERE i2 = 9)',
		'(SELECT count(*) FROM hosts)', 'rank(0.5) WITHIN GROUP (ORDER BY v)', 'range_agg(int8range(id, id + 1))');
}

sub aggregate
{
	my ($case) = @_;
	my $roll = rand;
	my $call;

	return unusual() if $roll < 0.06;
	return spread() if $roll < 0.12;
	$call = $roll < 0.26 ? pick('count(*)', 'count(*)', 'count(v)', 'count(' . pick('s', 'big', 'ar', 'b', 'i4', 'j', 'region', 'late', 'm') . ')', 'count(DISTINCT ' . pick('host', 'region', 'i2', 's', 'i4', 'u', 'm', 'x') . ')')
	  : $roll < 0.5 ? exact_sum($case)
	  : $roll < 0.72 ? pick('min', 'max') . '(' . ordered_column() . ')'
	  : $roll < 0.78 ? pick('min', 'max') . '(' . number($case, 2) . ')'
	  : $roll < 0.84 ? pick('bool_and', 'bool_or', 'every') . '(' . pick('b', 'u > -99', 'v > 0', condition($case, 1)) . ')'
	  : $roll < 0.92 ? pick('first', 'last') . '(' . pick('u', 'v', 'host', 's', 'i4', 'n', 'ts', 'm', 'u + v', 'b') . ', id)'
	  : pick('percentile(u, 0.5)', 'percentile(v, 0.95)', 'percentile(u, 0)', 'histogram(u, -100, 100, 8)', 'histogram(v, 0, 50, 3)', 'max(ts) - min(ts)', 'sum(u) + count(*)', 'round(avg(u)::numeric, 3)', 'coalesce(sum(v), 0)', 'min(u + 1) * 2', 'max(length(s))', 'min(hashtext(s))', 'sum(hashint4(i4)::bigint)');
	$call =~ s/\blate\b/id/ unless $case->{late};
	return $call if chance(0.82) || $call !~ /^[a-z_]+\((?:[^()]|\([^()]*\))*\)$/ || $call =~ /^(?:round|coalesce)/;
	return "$call FILTER (WHERE " . condition($case, 1) . ')';
}

1;
