# Values.pm: SQL expressions of a type, often at its ends.
package Values;

use strict;
use warnings;

use Exporter 'import';
our @EXPORT_OK = qw(value any_type table_columns table_rows @RELATIONS);

use FindBin;
use lib "$FindBin::Bin/../lib";
use Types qw(pick chance rint);

# Not the tables that are compared: some functions change what they are called for.
our @RELATIONS = qw(fuzz_changed fuzz_heap fuzz_empty fuzz_hot fuzz_parts fuzz_part fuzz_view
  fuzz_matview fuzz_sequence fuzz_type fuzz_index fuzz_rusts_index pg_class pg_class_oid_index);

our $huge = 0.05;				# chance of a 1 MB value

my @zones = ('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Kiritimati',
	'+05:45', '-167:59', 'EST5EDT', 'nowhere', '', ' ', '+99:99', '../x', 'posixrules');

# units of timestamps in line protocol, and lines of it
my @precisions = qw(ns u ms s m h);
my @line_protocol = ("cpu,host=a\\ b usage=1.5,n=-3i,u=18446744073709551615u,s=\"x\\\"y\ny\",up=t 17\r\nbad\n# x=\"\n",
	join("\n", map { "cpu,host=h$_ usage=$_.25,n=${_}i 170000000$_" } 1 .. 9));

my %ends = (
	smallint => [ -32768, -32767, -1, 0, 1, 7, 32766, 32767 ],
	integer => [ -2147483648, -2147483647, -65536, -1, 0, 1, 5, 1000, 1073741824, 2147483646, 2147483647 ],
	bigint => [
		'-9223372036854775808', '-9223372036854775807', '-4294967296', -1, 0, 1, 1000, '60000000000',
		'4611686018427387904', '9223372036854775806', '9223372036854775807' ],
	'double precision' => [
		qw(NaN Infinity -Infinity 0 -0 5e-324 -5e-324 2.2250738585072014e-308 1 -1 0.5 0.95 100
		  0.9999999999999999 1.0000000000000002 9007199254740993 1e290
		  8.98846567431158e307), (qw(1.7976931348623157e308 -1.7976931348623157e308 1e308 -1e308)) x 3 ],
	date => [
		'-infinity', 'infinity', '4714-11-24 BC', '4714-11-25 BC', '5874897-12-31', '5874897-12-30',
		'0001-12-31 BC', '1970-01-01', '1999-12-31', '2000-01-01', '2000-02-29', '2024-03-31' ],
	'timestamp without time zone' => [
		'-infinity', 'infinity', '4714-11-24 00:00:00 BC', '4714-11-24 00:00:00.000001 BC',
		'294276-12-31 23:59:59.999999', '294276-12-31 00:00:00', '1999-12-31 23:59:59.999999',
		'2000-01-01', '2000-01-03', '2024-02-29 12:00', '2024-10-27 02:30', '2024-03-31 02:30' ],
	interval => [
		'0', '1 us', '-1 us', '1 day', '-1 day', '7 days', '1 month', '-1 month', '5 months', '1 year',
		'2147483647 months', '-2147483648 months', '2147483647 days', '-2147483648 days',
		'9223372036854.775807 s', '-9223372036854.775808 s', '106751991 days', '106751992 days',
		'106751991 days 04:00:54.775807', '1 mon 1 day', '1 mon -30 days', '1 day -24:00:00',
		'178000000 years', '2147483647 mons 2147483647 days 2562047788:00:54.775807' ],
	numeric => [qw(NaN Infinity -Infinity 0 1e131071 1e-16383 -1 0.1)],
	boolean => [qw(true false)],
	bytea => [ '', '\\x00', '\\xffffffffffffffff', '\\x0000000100000000' ],
	text => [ @zones, @precisions, @line_protocol, 'a', 'infinity', "\xc3\xa9\xf4\x8f\xbf\xbf" ],
);
$ends{'timestamp with time zone'} = $ends{'timestamp without time zone'};

my %random = (
	smallint => sub { rint(65536) - 32768 },
	integer => sub { whole(20) },
	bigint => sub { whole(63) },
	'double precision' => \&float,
	date => sub { sprintf '%04d-%02d-%02d%s', 1 + rint(4000), 1 + rint(12), 1 + rint(28), chance(0.2) ? ' BC' : '' },
	'timestamp without time zone' => \&moment,
	'timestamp with time zone' => \&moment,
	interval => sub {
		my @parts = map { whole(pick(4, 12, 31)) . " $_" } qw(months days);
		pick(@parts, whole(52) . ' us', "$parts[1] " . whole(45) . ' us', join(' ', @parts));
	},
	numeric => sub { float() =~ s/e.*//r },
	boolean => sub { pick(qw(true false)) },
	bytea => sub { '\\x' . join '', map { sprintf '%02x', rint(256) } 1 .. rint(200) },
	text => sub { join '', map { chr(32 + rint(95)) } 1 .. rint(80) },
);

# Values that most functions have an answer for.
my %calm = (
	smallint => sub { 1 + rint(100) },
	integer => sub { 1 + rint(1000) },
	bigint => sub { 1 + rint(1000000) },
	'double precision' => sub { rint(1000) / 1000 },
	date => sub { sprintf '20%02d-%02d-%02d', rint(40), 1 + rint(12), 1 + rint(28) },
	'timestamp without time zone' => \&calm_moment,
	'timestamp with time zone' => \&calm_moment,
	interval => sub { pick('1 day', '7 days', '1 month', '3 months', '1 year', 1 + rint(90) . ' days', rint(2) ? '1 hour' : '15 min') },
	text => sub { pick(@zones[ 0 .. 7 ], @precisions[ 0 .. 2 ]) },
);

sub calm_moment { return sprintf '20%02d-%02d-%02d %02d:%02d:%02d', rint(40), 1 + rint(12), 1 + rint(28), rint(24), rint(60), rint(60); }

sub whole
{
	my ($bits) = @_;
	my $number = int(rand(2**(1 + rint($bits))));

	return sprintf '%s%d', chance(0.4) ? '-' : '', $number;
}

# Any bits at all, or a plain number.
sub float
{
	my $number = chance(0.5) ? unpack('d', pack 'NN', rint(2**32), rint(2**32)) : (rand() - 0.5) * 10**rint(12);

	return 'NaN' if $number != $number;
	return $number > 0 ? 'Infinity' : '-Infinity' if abs($number) == 9**9**9;
	return sprintf '%.17g', $number;
}

sub moment
{
	my $far = chance(0.1);

	return sprintf '%04d-%02d-%02d %02d:%02d:%02d.%06d%s', 1 + rint($far ? 290000 : 4000), 1 + rint(12), 1 + rint(28),
	  rint(24), rint(60), rint(60), chance(0.5) ? 0 : rint(1000000), !$far && chance(0.1) ? ' BC' : '';
}

sub literal
{
	my ($text, $type) = @_;

	$text =~ s/'/''/g;
	return "'$text'::$type";
}

sub relation
{
	my ($type) = @_;

	return pick('0', '1', '4294967295', rint(2**32)) . "::oid::$type" if chance(0.15);
	return "(SELECT oid FROM fuzz_dropped)::$type" if chance(0.05);
	return "(SELECT reltoastrelid FROM pg_class WHERE relname = 'fuzz_rusts')::$type" if chance(0.05);
	return "'" . (chance(0.5) ? 'fuzz_changed' : pick(@RELATIONS)) . "'::regclass::$type";
}

sub any_type { return pick(grep { $_ ne 'bytea' || chance(0.3) } sort keys %ends); }

sub value
{
	my ($type, $calm) = @_;

	return pick('NULL', "'x'") if $type eq 'internal';
	return value(any_type(), $calm) if $type =~ /^(?:"any"|any.*)$/;
	return literal($calm{$type}->(), $type) if $calm && $calm{$type};
	return "NULL::$type" if chance(0.04);
	return relation($type) if $type =~ /^(?:regclass|oid)$/;
	return value(substr($type, 0, -2)) =~ s/^(.*)$/ARRAY[$1]/sr if $type =~ /\[\]$/;
	return "repeat('x', 1000000)::$type" if $type eq 'text' && chance($huge);
	return "decode(repeat('ff', 1000000), 'hex')" if $type eq 'bytea' && chance($huge);
	die "values of type $type: add some to Values.pm\n" unless $ends{$type};
	return literal(chance(0.6) ? pick(@{ $ends{$type} }) : $random{$type}->(), $type);
}

# A table with a column of each type, called as the type is, and rows for it.
sub column { return 'c_' . ($_[0] =~ s/\W/_/gr); }

sub table_columns
{
	return { map { $_ => column($_) } keys %ends };
}

sub table_rows
{
	my ($count, $calm) = @_;
	my @types = sort keys %ends;

	local $huge = 0.003;
	return join ",\n", map {
		'(' . join(', ', value('timestamp with time zone', 1), literal('h' . rint(5), 'text'), map { value($_, $calm) } @types) . ')'
	} 1 .. $count;
}

1;
