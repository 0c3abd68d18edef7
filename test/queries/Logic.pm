# Logic.pm: queries that check themselves, and conditions that are volatile.
#
#   ternary($case)     rows for which p, NOT p and p IS NULL are all the rows
#   rewritten($case)   the same question, asked so that no engine sees through
#   volatile($case)    a volatile condition or value is evaluated for each row
#                      that gets there, and once
#
# The first two also show, for the table alone, whether the parts agree, so
# that they would find a fault without a heap beside them.  The answers of the
# third do not depend on the order of rows.
package Logic;

use strict;
use warnings;

use Exporter 'import';
use Types qw(pick chance rint);
use Expressions qw(number condition aggregate bucket key host_name);
use Routines qw(function_condition);
use Guards qw(guarded_condition);

our @EXPORT_OK = qw(ternary rewritten volatile);

# A predicate that is worth the trouble.
sub predicate
{
	my ($case) = @_;
	my $roll = rand;

	return guarded_condition($case) if $roll < 0.2;
	return function_condition() if $roll < 0.25;
	return condition($case, pick(0, 1, 1, 2)) =~ s/\brandom\(\) >= 0\b/i2 > 1/gr;
}

sub ternary
{
	my ($case) = @_;
	my $p = predicate($case);
	my $by = pick('host', 'i2', 'region', 'b');

	return { raises => 2, sql => pick(
		"SELECT a + b + c = n, a, b, c FROM (SELECT (SELECT count(*) FROM t WHERE $p) AS a, (SELECT count(*) FROM t WHERE NOT ($p)) AS b, (SELECT count(*) FROM t WHERE ($p) IS NULL) AS c, (SELECT count(*) FROM t) AS n) q",
		"SELECT count(*) FILTER (WHERE $p) + count(*) FILTER (WHERE NOT ($p)) + count(*) FILTER (WHERE ($p) IS NULL) = count(*), count(*) FILTER (WHERE $p), sum(u) FILTER (WHERE NOT ($p)) FROM t",
		"SELECT $by, count(*) FILTER (WHERE $p), count(*) FILTER (WHERE ($p) IS NOT TRUE), count(*) FROM t GROUP BY $by ORDER BY $by",
		"SELECT count(*), sum(id), max(ts), count(DISTINCT id) FROM (SELECT * FROM t WHERE $p UNION ALL SELECT * FROM t WHERE NOT ($p) UNION ALL SELECT * FROM t WHERE ($p) IS NULL) q",
		"SELECT k, count(*), sum(u) FROM (SELECT ($p) AS k, u FROM t) q GROUP BY k",
		"SELECT max(m), min(l), sum(n) FROM (SELECT max(u) AS m, min(u) AS l, count(*) AS n FROM t WHERE $p UNION ALL SELECT max(u), min(u), count(*) FROM t WHERE ($p) IS NOT TRUE) q",
		"SELECT count(*) - count(($p) OR NULL), count(*) - count(NOT ($p) OR NULL), count($p), bool_and($p), bool_or($p) FROM t") };
}

# The same, for which no node of ours has a way.
sub opaque
{
	my ($p) = @_;
	return pick("twin_same($p)", "(CASE WHEN $p THEN true ELSE false END)", "coalesce(($p), false)", "NOT (($p) IS NOT TRUE)", "(SELECT $p)", "twin_same(" . ($p =~ s/(?<![.'\w])(u|v|host|i4|i2|id|ts)\b(?!')/twin_same($1)/gr) . ')');
}

sub rewritten
{
	my ($case) = @_;
	my $p = predicate($case);
	my $what = pick('count(*), sum(id)', 'count(*), max(ts), min(u)', 'sum(u), sum(v), count(i4)', 'count(DISTINCT host), max(host)', 'md5(string_agg(id::text, \',\' ORDER BY id))');
	my $one = pick('t', 't', '(SELECT * FROM t OFFSET 0) t');
	my $other = pick('(SELECT * FROM t OFFSET 0) t', '(SELECT * FROM t UNION ALL SELECT * FROM t WHERE false) t', 't');
	my $rewritten = $other eq 't' ? opaque($p) : pick($p, opaque($p));
	my $cell = $what =~ /,/ ? "row($what)::text" : "($what)::text";

	if (chance(0.3))
	{
		my $by = pick('host', 'i2', bucket($case), key($case));

		# 0 and -0 are one group, which shows one of them
		$by = 'host' if $by eq 'w';
		return { raises => 2, sql => "SELECT * FROM (SELECT $by AS k, $cell AS a FROM t WHERE $p GROUP BY 1) a FULL JOIN (SELECT $by AS k, $cell AS a FROM $other WHERE $rewritten GROUP BY 1) b ON coalesce(a.k::text, '~') = coalesce(b.k::text, '~') AND a.a = b.a WHERE a.a IS NULL OR b.a IS NULL" };
	}
	return { raises => 2, sql => "SELECT (SELECT $cell FROM $one WHERE $p) IS NOT DISTINCT FROM (SELECT $cell FROM $other WHERE $rewritten), (SELECT $cell FROM t WHERE $p)" };
}

# A share of the rows of each host, within bounds that only a few of 10^12
# fair samples pass (7 standard deviations and 3 rows).
sub random_share
{
	my ($case) = @_;
	my $host = host_name($case);
	my $p = '(' . pick("CASE host WHEN $host THEN 0.5 ELSE 0.1 END", "CASE WHEN host = $host THEN 0.5 ELSE 0.1 END", '0.1 + 0.4 * (right(host, 1) = \'1\')::int', 'CASE region WHEN \'eu\' THEN 0.5 ELSE 0.1 END') . ')';
	my $by = $p =~ /region/ ? 'region' : 'host';
	my $condition = pick("random() < $p", "NOT (random() >= $p)", "$p > random()", "random() < $p AND host IS NOT NULL");
	my $fair = 'abs(n - e) <= 7 * sqrt(s) + 3';
	my $sums = "sum($p) AS e, sum($p * (1 - $p)) AS s";

	return pick(
		"SELECT a.k, $fair FROM (SELECT $by AS k, $sums FROM t GROUP BY 1) a LEFT JOIN (SELECT $by AS k, count(*) AS n FROM t WHERE $condition GROUP BY 1) b ON coalesce(a.k, '~') = coalesce(b.k, '~') WHERE n IS NOT NULL AND NOT ($fair) OR n IS NULL AND e > 60",
		"SELECT k FROM (SELECT $by AS k, $sums, count(*) FILTER (WHERE $condition) AS n FROM t GROUP BY 1) a WHERE NOT ($fair)",
		"SELECT a.k FROM (SELECT $by AS k, $sums FROM t GROUP BY 1) a WHERE k IS NOT NULL AND NOT ((SELECT count(*) FROM t WHERE $condition AND $by = a.k) - e BETWEEN -7 * sqrt(s) - 3 AND 7 * sqrt(s) + 3)");
}

sub volatile
{
	my ($case) = @_;
	my $n = pick(2, 3, 7);
	my $first = pick('', '', 'u > 50 AND ', "host = " . host_name($case) . ' AND ', "region = 'eu' AND ", 'ts IS NOT NULL AND i2 <> 2 AND ');
	my $tick = pick('twin_tick()', 'twin_tick_of(host)', 'twin_tick_of(region)', 'twin_tick_of(u)', 'twin_tick_of(ts)');

	return { sql => random_share($case) } if chance(0.35);
	return { sql => 'SELECT twin_tick_start(); ' . pick(
		"SELECT count(*) FROM t WHERE $first$tick % $n = 0", "SELECT count(*) FROM t WHERE $first$tick % $n = 0", "SELECT count(*) FROM t WHERE $first" . "NOT ($tick % $n <> 0)",
		"SELECT count(DISTINCT $tick), max($tick) > 0 FROM t WHERE ${first}true", "SELECT max(n) FROM (SELECT $tick AS n FROM t WHERE ${first}true) q",
		"SELECT $tick % $n, count(*) FROM t WHERE ${first}true GROUP BY 1", "SELECT count(*) FILTER (WHERE $tick % $n = 0) FROM t WHERE ${first}true",
		"SELECT sum(c), count(*) <= 400 FROM (SELECT host, i2, count($tick) AS c FROM t WHERE ${first}true GROUP BY 1, 2) q",
		"SELECT count(*) FROM t WHERE $first(CASE WHEN host IS NOT NULL THEN $tick ELSE 0 END) % $n = 1", "SELECT count(*) FROM (SELECT DISTINCT host, $tick FROM t) q",
		"SELECT count(*), count(DISTINCT r), count(DISTINCT g) FROM (SELECT random() AS r, gen_random_uuid() AS g FROM t) q", "SELECT count(DISTINCT gen_random_uuid()) FROM t WHERE ${first}true",
		"SELECT count(*), max(k) FROM (SELECT id, $tick AS k FROM t WHERE ${first}true ORDER BY ts DESC, host LIMIT 100) q" =~ s/, max\(k\)//r,
		"SELECT host, sum(twin_volatile(i2)), count(*) FILTER (WHERE twin_volatile(i2) > 4) FROM t WHERE ${first}twin_volatile(i2) <> 6 GROUP BY host ORDER BY host") };
}

1;
