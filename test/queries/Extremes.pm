# Extremes.pm: arguments at the ends of their types, for the query twin.
#
#   extremes($case)    our functions and aggregates, and PostgreSQL's that have
#                      kernels, with such arguments
#   overflows($case)   sums and variances beyond the largest float
#
# Many of these are errors on the heap; what must not come of them is another
# answer, the end of the server, or NaN from numbers that are finite.
package Extremes;

use strict;
use warnings;

use Exporter 'import';
use Types qw(pick chance rint);
use Expressions qw(host_name);

our @EXPORT_OK = qw(extremes overflows);

my @FLOATS = ('0', "'-0'", '1', '-1', "'NaN'", "'Infinity'", "'-Infinity'", '1e308', '-1e308', '1.7e308', '-1.7e308', '5e-324', '1e-300', '100', '-100', 'NULL', '0.5', '1e17');
my @COUNTS = (0, 1, 2, 10, -1, 1000, 2147483647, '-2147483648', 'NULL', 100000);
my @INTERVALS = ("'0'", "'1 microsecond'", "'-1 hour'", "'1 month'", "'1 month 1 day'", "'178000000 years'", "'-178000000 years'", "'100000000 days'", "'1 year'", "'99 years'", "'2562047788 hours'", 'NULL', "'1 hour'", "'1 hour'");
my %TIMES = (timestamptz => [ "'-infinity'", "'infinity'", "'4714-11-24 00:00+00 BC'", "'294276-12-31 23:59+00'", "'2000-01-01'", 'NULL' ], timestamp => [ "'-infinity'", "'infinity'", "'4714-11-24 BC'", "'294276-12-31'", 'NULL' ],
	date => [ "'-infinity'", "'infinity'", "'4714-11-24 BC'", "'5874897-12-31'", 'NULL' ], bigint => [ '9223372036854775807', '-9223372036854775808', '0', '1', '-1', 'NULL' ]);

sub float { return pick(@FLOATS) . '::float8'; }

sub value { return pick('u', 'v', 'w', 'u * 1e306', 'i4', 'w * 1e307', 'r'); }

sub call
{
	my ($case) = @_;
	my $type = $case->{type};
	my $time = pick(@{ $TIMES{$type} }) . "::$type";
	my $interval = pick(@INTERVALS) . '::interval';
	my @calls = (('histogram(' . value() . ', ' . float() . ', ' . float() . ', ' . pick(@COUNTS) . ')') x 3, 'histogram(' . value() . ', -1e308, 1e308, ' . pick(1, 2, 10, 1000) . ')', 'percentile(' . value() . ', ' . float() . ')', 'percentile(' . value() . ', ' . float() . ')', "first(u, NULL::$type)", "last(s, CASE WHEN id % 2 = 0 THEN id END)",
		'mean(' . value() . ')', 'first(v, CASE WHEN id % 2 = 0 THEN id END)', 'last(NULL::text, id)', 'max(greatest(' . value() . ', ' . float() . '))', 'min(width_bucket(' . value() . '::float8, ' . float() . ', ' . float() . ', ' . pick(1, 5, 1000, 2147483647) . '))', "count(*) FILTER (WHERE ts < $time)", "max(least(ts, $time))",
		'sum(i4 + ' . pick(2147483600, '-2147483600', 0) . ')', 'sum(i2 * ' . pick('32767::int2', '10000::int2', '1::int2') . ')', 'sum(i8 - ' . pick('9223372036854775807', 5) . ')', 'max(i4 * i4 * ' . pick(1, 214800) . ')', 'min(i8 / ' . pick(-1, 7) . ')', 'sum(abs(i8))', 'max(-i2)', 'max(i8 % ' . pick(-1, 3) . ')', 'max(r::float4 * ' . pick('1e38::float4', '2::float4') . ')', 'count(DISTINCT ' . value() . ')',
		'sum((u * 1e10)::int)', 'sum((i4 * 1000)::int2)', 'max(i8::int)', 'sum(u::int2)', 'max((w)::int)');

	push @calls, 'max(time_bucket(' . pick('9223372036854775807', 1, '-1', 0, 3) . '::bigint, ts))', 'min(time_bucket(7, ts, ' . pick('9223372036854775807', '-9223372036854775808', 3) . "::bigint))", "max(ts + $time)" if $type eq 'bigint';
	return pick(@calls) if $type eq 'bigint';
	push @calls, "max(time_bucket($interval, ts))", "min(time_bucket($interval, ts))", "min(time_bucket($interval, ts, $time))", "max(time_bucket('1 day', ts, $interval))", "max(time_bucket($interval, $time))", "max(ts + $interval)", "min(ts - $interval)", "count(*) FILTER (WHERE time_bucket('1 hour', ts) >= $time)";
	push @calls, "max(date_trunc('" . pick('millennium', 'microseconds', 'century', 'week', 'nonsense') . "', ts))", "max(date_bin($interval, ts, $time))" if $type ne 'date';
	push @calls, "max(time_bucket($interval, ts, " . pick("'Europe/Berlin'", "'nowhere'", "''", 'NULL') . '))' if $type eq 'timestamptz';
	push @calls, 'max(ts + ' . pick('2147483647', '-2147483648', '5', '2147483647 - i4') . ')' if $type eq 'date';
	return pick(@calls);
}

sub extremes
{
	my ($case) = @_;
	my $call = call($case);
	my $sql = pick("SELECT $call FROM t", "SELECT $call FROM t", "SELECT host, $call FROM t GROUP BY host ORDER BY host", "SELECT i2, $call, count(*) FROM t WHERE u > 20 GROUP BY i2 ORDER BY i2", "SELECT $call FROM t WHERE host = " . host_name($case), "SELECT ($call)::text FROM t WHERE id < 0");
	my ($inner) = $call =~ /^(?:max|min)\((time_bucket\(.*\)|date_bin\(.*\))\)$/;

	$sql = pick($sql, "SELECT $inner, count(*) FROM t GROUP BY 1 ORDER BY 1", "SELECT count(*) FROM t WHERE $inner IS NOT NULL") if defined $inner;
	return { sql => $sql, raises => 2, finite => $sql =~ /\bw\b|'NaN'|Infinity|\br\b/ ? 0 : 1 };
}

# Sums beyond the range, or near its end: what they pass on the way depends on
# the order of rows, so that an overflow may stand beside a number either way.
sub overflows
{
	my ($case) = @_;
	my $value = pick('u * 1.5e306', 'v * 3e306', '(CASE WHEN id % 2 = 0 THEN 1.5e308 ELSE -1.5e308 END)::float8', 'abs(u) * 1.7e306', 'u * 1e200');
	my $name = pick('sum', 'avg', 'stddev', 'stddev', 'variance', 'var_pop', 'stddev_pop', 'mean', 'covar_pop');
	my $call = $name eq 'covar_pop' ? "covar_pop($value, $value)" : "$name($value)";

	return { sql => pick("SELECT $call FROM t", "SELECT $call, count(*) FROM t WHERE u > 0", "SELECT host, $call FROM t GROUP BY host ORDER BY host"), raises => 2, or_error => '22003', finite => 1, approximate => 1 };
}

1;
