# Guards.pm: expressions that would fail, behind conditions that spare them.
#
#   guarded($case)       a query whose guards spare every row that would fail
#   unguarded($case)     the same without a guard: it may fail
#   guarded_condition    a condition with its guard
#
# A guard and what it guards speak of X, which is a column, a parameter, a
# setting or a sub-select: nothing in the guarded part need be a column, and
# what has no columns tempts an engine to evaluate it first.
package Guards;

use strict;
use warnings;

use Exporter 'import';
use Types qw(pick chance rint);
use Expressions qw(condition host_name instant some_of bucket);

our @EXPORT_OK = qw(guarded unguarded guarded_parameters guarded_condition);

# [what X must be, what fails if it is not (a number), another value]
my @WHOLE = (
	[ 'X <> 0', '100 / X', 0 ], [ 'X <> 0', '7 % X', 0 ], [ 'X > 0', 'ln(X::float8)', 0 ], [ 'X >= 0', 'sqrt(X::float8)', 0 ],
	[ 'X BETWEEN 1 AND 12', 'extract(month FROM make_date(2024, X, 1))', 0 ], [ 'X BETWEEN -50 AND 50', '(X * 600)::int2', 0 ], [ 'X > 0', 'width_bucket(5, 0, 10, X)', 0 ],
	[ 'X >= 0', "length(substr('abcdef', 1, X))", -1 ], [ 'X % 2 = 0', 'twin_picky(X)', 1 ], [ 'X <> 3', '1.0 / (X - 3)', 3 ], [ 'X <> 0', '(1 / X::float8)', 0 ],
	[ 'X BETWEEN 0 AND 5', '(2147483647 - 5 + X)', 77 ], [ 'X > 0', 'extract(epoch FROM time_bucket(X * interval \'1 minute\', timestamp \'2024-01-01 12:34:56\'))', 0 ],
	[ 'X <> 0', '(5::int8 / X)', 0 ], [ 'X <> 0', '(5::int2 / X)', 0 ], [ 'X > 0', 'extract(day FROM (\'2024-01-\' || X + 1)::date)', -9 ]);
# X and a column
my @MIXED = (
	[ 'X <> 0', 'i4 / X', 0 ], [ 'X <> 0', '(v / X)', 0 ], [ 'X <> 0', 'id % X', 0 ], [ 'X > 0', 'width_bucket(u, -100, 100, X)', 0 ], [ 'X >= 0', 'length(substr(x, 1, X))', -1 ],
	[ 'X <> 0', 'round(u / X)', 0 ], [ 'X % 2 = 0', 'i2 + twin_picky(X)', 5 ], [ 'X BETWEEN 0 AND 5', '(i2 * 6000 + X)::int2', 30000 ], [ 'X <> 0', 'n / X', 0 ]);
my @TEXT = (
	[ q{X ~ '^[0-9]+$'}, 'X::int', q{''} ], [ q{X ~ '^[0-9]+$'}, 'X::float8', q{'none'} ], [ q{X <> ''}, q{extract(epoch FROM (CASE X WHEN '' THEN '' ELSE '2024-01-02' END)::timestamptz)}, q{''} ],
	[ q{X ~ '^[0-9]+$'}, '(X || \'1\')::numeric', q{'a'} ], [ q{X ~ '^[0-9]+$'}, "('2024-01-01'::date + X::int - '2024-01-01'::date)", q{'x'} ], [ q{X ~ '^[0-9]+$'}, "(('{' || X || '}')::int[])[1]", "'{'" ]);

my @COLUMNS = ('i2', 'i2', 'i4', 'i2 - 1', 'length(s)', 'ar[1]', "(j->>'h')::int");
my @TEXT_COLUMNS = ('s', 'left(x, 2)', "substr(host, 6)", 'region', "j->>'k'", 'trim(bc)');

# Something for X; a parameter is "P", for the caller to replace.
sub operand
{
	my ($kind, $text) = @_;

	return $text ? pick(@TEXT_COLUMNS) : pick(@COLUMNS) if $kind eq 'column';
	return $text ? "current_setting('twin.s')" : "current_setting('twin.n')::int" if $kind eq 'setting';
	return $text ? pick('(SELECT min(label) FROM lim)', '(SELECT max(label) FROM lim)') : pick('(SELECT min(n) FROM lim)', '(SELECT max(rack) FROM hosts)', 'twin_setting()') if $kind eq 'query';
	return 'P';
}

# [guard, guarded number, text?]
sub pair
{
	my ($kind) = @_;
	my $text = chance(0.25);
	my ($guard, $number) = @{ $text ? pick(@TEXT) : $kind ne 'column' && chance(0.5) ? pick(@MIXED) : pick(@WHOLE) };
	my $x = operand($kind, $text);

	$x = "($x)" if $x =~ /[-+ ]/ && $x !~ /^\(/;
	$guard =~ s/\bX\b/$x/g;
	$number =~ s/\bX\b/$x/g;
	return ($guard, $number, $text);
}

# Ways to put a guard in front of a number.
sub guard_number
{
	my ($guard, $number) = @_;
	return pick("CASE WHEN $guard THEN $number END", "CASE WHEN $guard THEN $number ELSE -1 END", "CASE WHEN NOT ($guard) THEN 0 WHEN $guard THEN $number END",
		"coalesce(CASE WHEN ($guard) IS NOT TRUE THEN 5 END, $number)", "CASE WHEN ($guard) IS NOT TRUE THEN NULL ELSE $number END",
		"nullif(CASE WHEN $guard THEN $number ELSE 0 END, 0)", "CASE ($guard) WHEN true THEN $number ELSE 3 END", "CASE WHEN $guard THEN u + $number ELSE v END", "i4 + CASE WHEN $guard THEN $number END");
}

# The guarded number alone, or with a column: that is what is pruned by.
sub test
{
	my ($number) = @_;
	my $column = pick('u', 'v', 'i4', 'i2', 'id', 'w', 'n', 'u + v');

	return pick("$number " . pick('> 3', '< 20', '<> 1', 'IS NOT NULL', 'BETWEEN 1 AND 30', 'IN (1, 2, 50)')) if chance(0.35);
	return pick(("$column " . pick('>', '<', '>=', '<=', '=', '<>') . " $number") x 4, "$number " . pick('>', '<', '>=') . " $column", "$column BETWEEN -5 AND $number", "$column IN (1, $number)", "$column + $number > 10", "coalesce(v, $number) > 0",
		"$column IS DISTINCT FROM $number", "NOT ($column < $number)", "greatest($column, $number) > 20", "(u, $number) > (10, 3)");
}

# Ways to put a guard in front of a condition.  AND and OR are left where
# PostgreSQL evaluates them from the left.
sub guard_condition
{
	my ($guard, $number, $test) = @_;

	$test //= test($number);
	return pick("(NOT ($guard) OR $test)", "(NOT ($guard) OR $test)", "(($guard) IS NOT TRUE OR $test)", "CASE WHEN $guard THEN $test ELSE " . pick('true', 'false', 'i2 > 1') . ' END', "(($guard AND $test) OR i2 = 1)",
		"coalesce(CASE WHEN ($guard) IS NOT TRUE THEN true END, $test)", "($guard AND $test)", "NOT ($guard AND $test)", "($guard AND ($test OR b))", "(" . guard_number($guard, $number) . ") > 2", "u > (" . guard_number($guard, $number) . ')',
		"(CASE WHEN $guard THEN $test END) IS NOT FALSE");
}

# A time in a text that may be empty, as forms send it.
sub time_guard
{
	my ($case, $kind) = @_;
	my $x = operand($kind, 1);
	my $test = 'ts ' . pick('>=', '>=', '<', '>', '<=') . " $x\::$case->{type}";

	return guard_condition("$x <> ''", "extract(epoch FROM $x\::$case->{type}) / 1e9", $test);
}

sub guarded_condition
{
	my ($case, $kind) = @_;
	my ($guard, $number) = pair($kind // pick('column', 'column', 'setting', 'query'));
	return guard_condition($guard, $number);
}

# A query around a guard and what it guards.
sub around
{
	my ($case, $guard, $number) = @_;
	my $value = guard_number($guard, $number);
	my $where = chance(0.5) ? '' : ' WHERE ' . condition($case, 0);
	my $both = $where eq '' ? ' WHERE' : "$where AND";

	return pick(
		("SELECT count(*), sum(id) FROM t$both " . guard_condition($guard, $number)) x 4,
		"SELECT host, count(*) FROM t$both " . guard_condition($guard, $number) . ' GROUP BY host ORDER BY host',
		"SELECT id, $value FROM t$where ORDER BY id LIMIT 40",
		"SELECT sum($value), count($value), max($value) FROM t$where",
		"SELECT host, min($value), max(coalesce($value, 9)) FROM t$where GROUP BY host ORDER BY host",
		"SELECT count($number) FILTER (WHERE $guard), max(i2) FROM t$where",
		"SELECT host, max($number) FILTER (WHERE $guard), count(*) FILTER (WHERE " . guard_condition($guard, $number) . ") FROM t$where GROUP BY host ORDER BY host",
		"SELECT $value, count(*) FROM t$where GROUP BY 1",
		"SELECT host, $value, count(*), sum(u) FROM t$where GROUP BY 1, 2",
		"SELECT count(*), max($number), sum(u) FROM t$both $guard",
		"SELECT $number AS k, count(*) FROM t$both $guard GROUP BY 1",
		"SELECT count(*) FROM t WHERE host = 'none' AND " . test($number),
		"SELECT count(*) FROM t WHERE id < 0 AND u > 1000 AND " . test($number), "SELECT host, sum(u) FROM t WHERE i2 > 90 AND " . test($number) . " GROUP BY host",
		"SELECT host, count(*) FROM t GROUP BY host HAVING count(*) > 1000000 AND 100 / (count(*) - count(id)) > 0",
		"SELECT host, CASE WHEN count(b) > 0 THEN 100 / count(b) END FROM t$where GROUP BY host HAVING count(b) = 0 OR 1000 / count(b) > 0 ORDER BY host",
		"SELECT DISTINCT ON (host) host, ts, $value FROM t$where ORDER BY host, ts DESC",
		"SELECT count(*) FROM t JOIN hosts USING (host) WHERE rack > 0 AND " . guard_condition($guard, $number) =~ s/\bhost\b/t.host/gr,
		"SELECT bool_and(" . guard_condition($guard, $number) . "), count(DISTINCT $value) FROM t$where");
}

# Times need a type that has a text of its own.
sub timed { return $_[0]{type} ne 'bigint' && chance(0.35); }

my @TIMES = ("''", "''", "'2024-01-01 03:00'", "'2024-03-31'", "'2001-05-05'");

sub guarded
{
	my ($case) = @_;
	my $kind = pick('column', 'column', 'setting', 'setting', 'query');
	my ($guard, $number, $text) = pair($kind);
	my $set = $text ? 'SET twin.s = ' . pick("''", "''", "'none'", "'7'", "'12'") : "SET twin.n = '" . pick(0, 0, -3, 2, 7) . "'";

	return { sql => 'SET twin.s = ' . pick(@TIMES) . '; SELECT count(*), sum(id) FROM t WHERE ' . time_guard($case, 'setting'), raises => 2 } if timed($case);
	return { sql => "$set; " . around($case, $guard, $number), raises => 2, approximate => 1 };
}

# What fails, and nothing in front of it.
sub unguarded
{
	my ($case) = @_;
	my (undef, $number) = pair(pick('column', 'column', 'column', 'setting'));
	my $sql = pick("SELECT count(*) FROM t WHERE $number > 2", "SELECT max($number) FROM t", "SELECT $number, count(*) FROM t GROUP BY 1", "SELECT id, $number FROM t ORDER BY id",
		"SELECT host, count(*) FILTER (WHERE $number > 0) FROM t GROUP BY host ORDER BY host", "SELECT count(*) FROM t WHERE i2 > 1 AND $number > 2", "SELECT host, add_picky(i4), sum($number) FROM t GROUP BY host ORDER BY host",
		"SELECT add_picky(i4) FROM t WHERE " . condition($case, 0));

	return { sql => "SET twin.n = '" . pick(0, -3, 7) . "'; $sql", raises => 2, approximate => 1 };
}

# The guarded part has parameters only, or parameters and columns.  P becomes
# $1 there, and what makes it fail is among its values.
sub guarded_parameters
{
	my ($case) = @_;
	my ($guard, $number, $text) = pair('parameter');
	my $timed = timed($case);
	my $sql = $timed ? 'SELECT host, count(*), max(u) FROM t WHERE ' . time_guard($case, 'parameter') . ' GROUP BY host ORDER BY host' : around($case, $guard, $number);
	my @values = $timed ? @TIMES : $text ? ("''", "'none'", "'7'", "'12'", 'NULL') : (0, 0, -3, 2, 7, 'NULL', 3, 30000);
	my $mode = pick(('force_generic_plan') x 3, 'auto', 'force_custom_plan');
	my $type = $text || $timed ? 'text' : 'int';

	$sql =~ s/\bP\b/\$1/g;
	return { sql => "SET plan_cache_mode = $mode; PREPARE q ($type) AS $sql; " . join('', map { 'EXECUTE q(' . pick(@values) . '); ' } 1 .. ($mode eq 'auto' ? 7 : 3)) . 'DEALLOCATE q; RESET plan_cache_mode',
		raises => 2, approximate => 1 };
}

1;
