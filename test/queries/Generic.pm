# Generic.pm: statements that are planned once and executed with other values.
#
#   generic($case)     a prepared statement, or a function's, executed several
#                      times
#
# What changes between executions are parameters, settings that
# current_setting reads (twin.pN) and rows of a temporary table that
# sub-selects read (knobs): nothing that a planner may take for known.  They
# stand for values in conditions and aggregates, and for LIMIT, OFFSET, WITH
# TIES, bucket widths, origins, offsets and time zones.
package Generic;

use strict;
use warnings;

use Exporter 'import';
use Types qw(pick chance rint);
use Expressions qw(condition host_name instant range some_of bucket aggregate);

our @EXPORT_OK = qw(generic);

# A value of type $type that $make makes anew for each execution, as it is
# written in the statement.
sub value
{
	my ($q, $type, $make) = @_;
	my $roll = rand;

	if ($roll < 0.2 && @{ $q->{changes} } < 8)
	{
		my $n = push @{ $q->{changes} }, sub { "SELECT set_config('twin.p" . $_[0] . "', coalesce((" . $make->() . ")::$type\::text, ''), false)" };
		return "nullif(current_setting('twin.p$n'), '')::$type";
	}
	if ($roll < 0.32 && @{ $q->{changes} } < 8)
	{
		my $n = push @{ $q->{changes} }, sub { "UPDATE knobs SET v = (" . $make->() . ")::$type\::text WHERE k = $_[0]" };
		return "(SELECT v::$type FROM knobs WHERE k = $n)";
	}
	push @{ $q->{types} }, $type;
	push @{ $q->{values} }, $make;
	return '$' . @{ $q->{types} };
}

sub count_of { return pick(0, 1, 2, 3, 10, 500, 'NULL', 100000); }

sub count_value
{
	my ($q) = @_;
	return value($q, 'bigint', \&count_of);
}

sub limit
{
	my ($q) = @_;
	my $roll = rand;

	return ' LIMIT ' . count_value($q) if $roll < 0.5;
	return ' LIMIT ' . count_value($q) . ' OFFSET ' . count_value($q) if $roll < 0.7;
	return ' OFFSET ' . count_value($q) if $roll < 0.8;
	return ' FETCH FIRST (' . count_value($q) . ') ROWS ONLY' if $roll < 0.9;
	return ' LIMIT ' . pick('twin_setting()', "current_setting('twin.n')::int", '(SELECT count(*) FROM lim)', '(SELECT max(n) / 5 FROM lim)', 'length(current_setting(\'twin.s\'))');
}

# A condition with values in it.
sub value_condition
{
	my ($case, $q) = @_;
	my $time = sub { value($q, $case->{type}, sub { instant($case) }) };
	my $host = sub { value($q, 'text', sub { host_name($case) }) };
	my $float = sub { value($q, 'float8', sub { pick(0, 90, rint(100), -95.5, "'NaN'", 'NULL', "'-Infinity'") }) };
	my $int = sub { value($q, 'int', sub { pick(0, 1, 2, 3, 4, rint(100), 'NULL') }) };

	return pick((sub { 'ts >= ' . $time->() . ' AND ts < ' . $time->() }) x 2, sub { 'ts > ' . $time->() }, sub { 'ts BETWEEN ' . $time->() . ' AND ' . $time->() }, sub { 'host = ' . $host->() }, sub { 'host = ' . $host->() },
		sub { 'host IN (' . $host->() . ', ' . $host->() . ')' }, sub { 'host = ANY (' . value($q, 'text[]', sub { pick("'{host_1,host_2}'", "'{}'", "'{NULL}'", 'NULL', "ARRAY[" . host_name($case) . "]") }) . '::text[])' },
		sub { 'u > ' . $float->() }, sub { 'v < ' . $float->() }, sub { 'w >= ' . $float->() }, sub { 'u + v > ' . $float->() }, sub { 'i2 = ' . $int->() }, sub { 'i4 BETWEEN ' . $int->() . ' AND ' . $int->() }, sub { 'i2 <> ' . $int->() . ' + 1' },
		sub { 's LIKE ' . value($q, 'text', sub { pick("'a%'", "'%'", "''", 'NULL', "'_'") }) }, sub { '(u, i2) > (' . $float->() . ', ' . $int->() . ')' }, sub { $int->() . ' = 1' }, sub { '(' . $int->() . ' IS NULL OR i2 = 2)' },
		sub { 'd >= ' . value($q, 'date', sub { "'2024-01-0" . (1 + rint(9)) . "'" }) }, sub { 'id = ' . value($q, 'bigint', sub { rint($case->{rows} + 2) }) }, sub { 'b = ' . value($q, 'boolean', sub { pick('true', 'false', 'NULL') }) },
		sub { 'region IS NOT DISTINCT FROM ' . value($q, 'text', sub { pick("'eu'", 'NULL') }) }, sub { 'CASE WHEN ' . $int->() . ' > 2 THEN host = ' . $host->() . ' ELSE u > ' . $float->() . ' END' },
		sub { '(' . $host->() . " = '' OR host = " . $host->() . ')' }, sub { 'coalesce(host = ' . $host->() . ', true)' }, sub { 'NOT (u > ' . $float->() . ' OR i2 = ' . $int->() . ')' })->();
}

sub where
{
	my ($case, $q) = @_;
	my @conditions = map { chance(0.85) ? value_condition($case, $q) : condition($case, 0) } 1 .. pick(0, 1, 1, 2, 3);
	return @conditions ? ' WHERE ' . join(' AND ', @conditions) : '';
}

my %WIDTHS = (timestamptz => "'1 minute' '7 minutes' '1 hour' '1 day' '1 month'", timestamp => "'1 minute' '1 hour' '1 day' '1 month'", date => "'1 day' '7 days' '1 month'");

# A bucket whose width, origin, offset or time zone is a value.
sub value_bucket
{
	my ($case, $q) = @_;
	my $type = $case->{type};
	my $width = sub { value($q, 'interval', sub { pick($WIDTHS{$type} =~ /'[^']*'/g) }) };
	my $fixed = sub { value($q, 'interval', sub { pick("'1 day'", "'7 days'", $type eq 'date' ? () : "'1 hour'") }) };

	return 'time_bucket(' . value($q, 'bigint', sub { pick('60000000000', '3600000000000', '7000000000') }) . ', ts)' if $type eq 'bigint';
	return pick((sub { 'time_bucket(' . $width->() . ', ts)' }) x 3,
		sub { 'time_bucket(' . $fixed->() . ', ts, ' . value($q, $type, sub { pick("'2000-01-01'", "'2024-01-02'", 'NULL') }) . ')' },
		$type eq 'date' ? () : (sub { "time_bucket('1 hour', ts, " . value($q, 'interval', sub { pick("'5 minutes'", "'-1 hour'", "'0'") }) . ')' },
			sub { 'date_trunc(' . value($q, 'text', sub { pick("'minute'", "'hour'", "'day'", "'month'") }) . ', ts)' }, sub { 'date_bin(' . $fixed->() . ', ts, ' . value($q, $type, sub { pick("'2000-01-01'", "'2024-01-02 03:04'") }) . ')' },
			sub { 'extract(' . pick('hour', 'minute') . ' FROM ts + ' . value($q, 'interval', sub { pick("'30 minutes'", "'1 day'") }) . ')' }),
		$type eq 'timestamptz' ? (sub { 'time_bucket(' . $width->() . ', ts, ' . value($q, 'text', sub { pick("'Europe/Berlin'", "'UTC'", "'Asia/Kathmandu'") }) . ')' },
			sub { "date_trunc('day', ts, " . value($q, 'text', sub { pick("'Europe/Berlin'", "'UTC'") }) . ')' }, sub { "date_trunc('day', ts AT TIME ZONE " . value($q, 'text', sub { pick("'Europe/Berlin'", "'UTC'") }) . ')' }) : ())->();
}

sub value_aggregate
{
	my ($case, $q) = @_;
	my $float = sub { value($q, 'float8', sub { pick(0, 0.5, 2, -1, 'NULL') }) };
	my $int = sub { value($q, 'int', sub { pick(0, 1, 2, 3, 'NULL') }) };

	return pick(sub { 'sum(u * ' . $float->() . ')' }, sub { 'count(*) FILTER (WHERE v > ' . $float->() . ')' }, sub { 'max(coalesce(i4, ' . $int->() . '))' }, sub { 'count(nullif(i2, ' . $int->() . '))' },
		sub { 'percentile(u, ' . value($q, 'float8', sub { pick(0, 0.5, 0.9, 1) }) . ')' }, sub { 'histogram(u, ' . value($q, 'float8', sub { pick(-100, -10) }) . ', 100, ' . value($q, 'int', sub { pick(1, 5, 8) }) . ')' },
		sub { 'max(u) + ' . $int->() }, sub { 'sum(' . $int->() . ')' }, sub { 'sum_or_zero(u + ' . $float->() . ')' }, sub { 'max(CASE WHEN i2 = ' . $int->() . ' THEN u END)' }, sub { aggregate($case) }, sub { 'count(*)' })->();
}

# Rows in an order that is unique.
sub rows
{
	my ($case, $q) = @_;
	my $list = pick('id', 'id, host, u', 'ts, host', '*', 'id, v, ts');
	my $order = pick('ts DESC, host', 'ts DESC, host DESC', 'ts, host', 'id', 'id DESC', 'host, ts', 'host, ts DESC', 'u, id');

	return "SELECT $list FROM t" . where($case, $q) . " ORDER BY $order" . limit($q);
}

# Only what it is ordered by is shown.
sub newest
{
	my ($case, $q) = @_;
	my $column = pick('ts', 'ts', 'u', 'host, ts', 'host');
	my $dir = pick('', ' DESC');
	my $order = join ', ', map { "$_$dir" } split /, /, $column;

	return "SELECT $column FROM t" . where($case, $q) . " ORDER BY $order" . limit($q);
}

# Rows that are equal to the last one come all of them, in any order.
sub with_ties
{
	my ($case, $q) = @_;
	my $order = pick('ts DESC', 'ts', 'host', 'u', 'region, ts', 'i2 DESC', 'host, i2');

	$q->{unordered} = 1;
	return 'SELECT ' . pick('id', 'id, host, u', 'ts, u') . ' FROM t' . where($case, $q) . " ORDER BY $order FETCH FIRST (" . value($q, 'bigint', sub { pick(0, 1, 3, 20, 700) }) . ') ROWS WITH TIES';
}

sub grouped
{
	my ($case, $q) = @_;
	my $keys = pick(sub { [] }, sub { [ value_bucket($case, $q) ] }, sub { [ value_bucket($case, $q), 'host' ] }, sub { ['host'] }, sub { [ 'host', 'i2' ] }, sub { [ bucket($case) ] },
		sub { [ 'u > ' . value($q, 'float8', sub { rint(90) }) ] })->();
	my $sql = 'SELECT ' . join(', ', @$keys, some_of(3, sub { value_aggregate($case, $q) })) . ' FROM t' . where($case, $q);

	return $sql unless @$keys;
	$sql .= ' GROUP BY ' . join ', ', 1 .. @$keys;
	$sql .= ' HAVING ' . pick('count(*) > ', 'max(u) > ', 'min(i4) + count(v) <> ') . value($q, 'int', sub { pick(0, 1, 50, 'NULL') }) if chance(0.3);
	return "$sql ORDER BY " . join(', ', map { $_ . pick('', '', ' DESC') } 1 .. @$keys) . (chance(0.5) ? limit($q) : '');
}

sub around
{
	my ($case, $q) = @_;
	return pick(sub { 'SELECT count(*), max(ts), sum(u) FROM (' . rows($case, $q) =~ s/SELECT .*? FROM t\b/SELECT * FROM t/r . ') q' },
		sub { 'SELECT DISTINCT ON (host) host, ts, u FROM t' . where($case, $q) . ' ORDER BY host, ts DESC' . limit($q) },
		sub { 'SELECT h.host, q.* FROM hosts h, LATERAL (SELECT ts, u FROM t WHERE t.host = h.host ORDER BY ts DESC LIMIT ' . (chance(0.5) ? 'h.rack' : count_value($q)) . ') q ORDER BY 1, 2' },
		sub { 'SELECT n, (SELECT count(*) FROM (SELECT id FROM t ORDER BY ts DESC, host LIMIT l.n) q) FROM lim l ORDER BY n' },
		sub { 'SELECT (SELECT max(id) FROM (' . rows($case, $q) =~ s/SELECT .*? FROM t\b/SELECT * FROM t/r . ') q), count(*) FROM t' . where($case, $q) },
		sub { 'SELECT id FROM (SELECT id, ts, host FROM t' . where($case, $q) . ' UNION ALL SELECT id, ts, host FROM t' . where($case, $q) . ') q ORDER BY ts DESC, host, id' . limit($q) },
		sub { 'SELECT ts, host, u FROM p ORDER BY ts DESC, host' . limit($q) },
		sub { 'SELECT DISTINCT host FROM t' . where($case, $q) . ' ORDER BY host' . limit($q) },
		sub { 'WITH c AS (SELECT id, host, ts FROM t ORDER BY ts DESC, host LIMIT ' . count_value($q) . ') SELECT host, count(*) FROM c GROUP BY host ORDER BY host' })->();
}

# Executions in a function: its variables are the parameters.
sub in_function
{
	my ($q, $sql, $times) = @_;
	my $n = 0;
	my $arguments = join ', ', map { 'a' . ++$n . " $_" } @{ $q->{types} };
	my $language = pick('plpgsql', 'plpgsql', 'sql');
	my $types = join ', ', @{ $q->{types} };
	my $body = "SELECT x::text FROM ($sql) x";

	$body = 'BEGIN RETURN QUERY ' . $body =~ s/\$(\d+)/a$1/gr . '; END' if $language eq 'plpgsql';
	return "CREATE FUNCTION pg_temp.q($arguments) RETURNS SETOF text LANGUAGE $language AS \$\$ $body \$\$; "
	  . join('', map { changes($q) . 'SELECT pg_temp.q(' . join(', ', typed_values($q)) . '); ' } 1 .. $times) . "DROP FUNCTION pg_temp.q($types)";
}

sub changes
{
	my ($q) = @_;
	my $n = 0;
	return join '', map { $_->(++$n) . '; ' } @{ $q->{changes} };
}

sub typed_values
{
	my ($q) = @_;
	return map { '(' . $q->{values}[$_]->() . ")::$q->{types}[$_]" } 0 .. $#{ $q->{types} };
}

sub generic
{
	my ($case) = @_;
	my $q = { types => [], values => [], changes => [] };
	my $mode = pick(('force_generic_plan') x 4, 'auto', 'force_custom_plan');
	my $sql = pick((\&rows) x 3, (\&newest) x 3, \&with_ties, (\&grouped) x 5, (\&around) x 3)->($case, $q);
	my $times = $mode eq 'auto' ? 7 : pick(2, 3);
	my $text = 'SET plan_cache_mode = ' . $mode . '; SET twin.n = \'' . pick(0, 2, 5) . "'; ";

	if (chance(0.2)) { $text .= in_function($q, $sql, $times) }
	else
	{
		my $types = @{ $q->{types} } ? ' (' . join(', ', @{ $q->{types} }) . ')' : '';

		$text .= "PREPARE q$types AS $sql; ";
		foreach (1 .. $times)
		{
			$text .= "SET twin.n = '" . pick(1, 3, 200) . "'; " if chance(0.4);
			$text .= changes($q) . 'EXECUTE q' . ($types ? '(' . join(', ', typed_values($q)) . ')' : '') . '; ';
		}
		$text .= 'DEALLOCATE q';
	}
	return { sql => "$text; RESET plan_cache_mode", unordered => $q->{unordered} };
}

1;
