# Types.pm: column types and values for the random suites.
#
# Each type has a name as SQL writes it, flags and a generator that returns
# one value as input text (never NULL: the table decides on NULLs).  Generators
# prefer the edges: empty, smallest, largest, equal but spelt differently.
#
# Flags:  o  sorts (default btree order)      m  has min() and max()
#         s  has an exact sum()               f  floating point
#         t  text-like (LIKE)                 b  can be a megabyte
#         gin, gist: indexes of that kind apply
package Types;

use strict;
use warnings;

use Exporter 'import';
our @EXPORT_OK = qw(all_types pick chance rint big_value);

sub rint { return int(rand($_[0])); }
sub pick { return $_[ rint(scalar @_) ]; }
sub chance { return rand() < $_[0]; }

# A number of at most $bits bits, often near a power of two or a decimal.
sub signed
{
	my ($bits) = @_;
	my $max = $bits == 64 ? 9223372036854775807 : 2**($bits - 1) - 1;
	my $value;

	return $max if chance(0.05);
	return -$max - 1 if chance(0.05);
	return pick(0, 1, -1) if chance(0.1);
	$value = (rint(2**31) << 32 | rint(2**31) << 1) >> (64 - 1 - rint($bits));
	$value &= $max;
	return chance(0.5) ? $value : -$value;
}

sub digits
{
	my ($n) = @_;
	return join '', map { rint(10) } 1 .. $n;
}

sub hex_string
{
	my ($n) = @_;
	return join '', map { sprintf '%02x', rint(256) } 1 .. $n;
}

my @WORDS = (
	'', ' ', '  trailing  ', 'NULL', '\\N', '\\', "tab\there", "new\nline",
	"it's", '"quoted"', 'a,b', '{x}', "\xc3\xa5ngstr\xc3\xb6m",
	"\xe2\x82\xac", "\xf0\x9f\x90\x98", 'A', 'a', 'aa', 'Zebra', '%', '_');

sub word
{
	return pick(@WORDS) if chance(0.5);
	return 'host_' . rint(50) if chance(0.5);
	return join '', map { chr(33 + rint(90)) } 1 .. rint(40);
}

sub long_word
{
	return word() if chance(0.8);
	return word() x rint(200) if chance(0.5);
	return hex_string(rint(3000));
}

# Characters that are a digit, a letter or a few bytes wide: for short types.
sub plain_word
{
	my ($max) = @_;
	return join '', map { pick('a' .. 'f', 0 .. 9, ' ') } 1 .. rint($max + 1);
}

sub float
{
	my ($digits, $max_exponent, @edges) = @_;
	my $roll = rand();

	return pick('NaN', 'Infinity', '-Infinity', '-0', '0', @edges) if $roll < 0.15;
	return sprintf('%.2f', rand(200) - 100) if $roll < 0.6;
	return rint(2000) - 1000 if $roll < 0.75;
	return sprintf("%.${digits}ge%d",
		rand(2) - 1, rint(2 * $max_exponent) - $max_exponent);
}

sub numeric
{
	my $roll = rand();

	return pick('NaN', 'Infinity', '-Infinity', '0', '-0.00', '1.0', '1.00', '1',
		'-1', '0.0000000000000000000000000000000001') if $roll < 0.3;
	return sprintf('%.2f', rand(2000) - 1000) if $roll < 0.7;
	return (chance(0.5) ? '-' : '') . digits(1 + rint(40)) . '.' . digits(1 + rint(30));
}

sub clock
{
	return pick('00:00:00', '24:00:00', '23:59:59.999999', '12:00:00') if chance(0.3);
	return sprintf '%02d:%02d:%02d.%06d', rint(24), rint(60), rint(60), rint(1000000);
}

sub day
{
	return sprintf '%04d-%02d-%02d', pick(1, 44, 1582, 1900, 1969, 1970, 2000, 2023, 2024,
		2038, 2262, 2263, 9999), 1 + rint(12), 1 + rint(28);
}

sub timestamp
{
	return pick('infinity', '-infinity', '4714-11-24 00:00:00 BC', '0001-12-31 23:59:59 BC',
		'1969-12-31 23:59:59.999999', '1970-01-01 00:00:00', '2000-01-01 00:00:00',
		'2262-04-11 23:47:16.854775', '2262-04-11 23:47:16.854776',
		'294276-12-31 23:59:59.999999') if chance(0.15);
	return day() . ' ' . clock() if chance(0.3);
	return sprintf '2024-01-%02d %02d:%02d:%02d', 1 + rint(28), rint(24), rint(60), rint(60);
}

sub date
{
	return pick('infinity', '-infinity', '4714-11-24 BC', '5874897-12-31', '1970-01-01',
		'1969-12-31', '2000-01-01', '294277-01-01') if chance(0.2);
	return day();
}

sub interval
{
	return pick('0', '1 mon', '30 days', '720 hours', '1 day', '24 hours', '-1 day +25:00:00',
		'178000000 years', '-178000000 years', '1 us', '-1 year 2 mons', '1.5 days')
	  if chance(0.6);
	return sprintf '%d mons %d days %d seconds', rint(50) - 25, rint(100) - 50, rint(200000) - 100000;
}

sub address
{
	return join('.', map { rint(256) } 1 .. 4) if chance(0.5);
	return join '.', 10, rint(4), rint(4), rint(4);
}

sub inet
{
	return pick('::1', '::', 'fe80::1/64', '0.0.0.0/0', '255.255.255.255', '10.0.0.1/8')
	  if chance(0.3);
	return address() . (chance(0.3) ? '/' . rint(33) : '');
}

sub json
{
	my ($depth) = @_;
	my $roll = rand();

	return pick('null', 'true', 'false', '1', '1.0', '1.00', '-5e3', '""', '"a\u00e9\n"', '{}', '[]')
	  if $roll < 0.5 || $depth > 3;
	return '[' . join(',', map { json($depth + 1) } 1 .. rint(5)) . ']' if $roll < 0.7;
	return '{' . join(',', map { '"k' . rint(6) . '":' . json($depth + 1) } 1 .. rint(5)) . '}';
}

sub array
{
	my ($element) = @_;

	return '{}' if chance(0.1);
	return '{{1,2},{3,4}}' if chance(0.1);
	return '[-1:1]={7,NULL,9}' if chance(0.1);
	return '{' . join(',', map { chance(0.15) ? 'NULL' : $element->() } 1 .. 1 + rint(8)) . '}';
}

sub quoted
{
	my ($text) = @_;

	$text =~ s/(["\\])/\\$1/g;
	return qq("$text");
}

sub range
{
	my ($bound) = @_;
	my ($low, $high) = $bound->();

	return 'empty' if chance(0.1);
	return pick('(,)', "[$low,)", "(,$high]", "[$low,$high]", "($low,$high)", "[$low,$high)");
}

sub int_bounds
{
	my $low = rint(1000) - 500;
	return ($low, $low + 1 + rint(100));
}

sub day_bounds
{
	my $day = 1 + rint(20);
	return ("2024-01-$day", sprintf '2024-02-%02d', $day);
}

sub point
{
	return sprintf '(%s,%s)', map { pick(0, '-0', 1, 'Infinity', sprintf('%.3f', rand(20) - 10)) } 1 .. 2;
}

sub box
{
	return sprintf '(%d,%d),(%d,%d)', map { rint(20) } 1 .. 4;
}

sub tsvector
{
	return join ' ', map { pick(qw(cat dog rat fish owl bee)) . pick('', ':1', ':2A,7', ':16383') } 1 .. rint(6);
}

sub bits
{
	my ($n) = @_;
	return join '', map { rint(2) } 1 .. $n;
}

sub char_value
{
	return pick('', 'a', 'b', 'Z', '0', ' ', "\x7f");
}

my @TYPES = (
	[ 'smallint', 'oms', sub { signed(16) } ],
	[ 'integer', 'oms', sub { signed(32) } ],
	[ 'bigint', 'oms', sub { signed(64) } ],
	[ 'real', 'omf', sub { float(8, 36, '3.4028235e38', '1e-45', '-1.1754944e-38') } ],
	[ 'double precision', 'omf',
		sub { float(17, 305, '1.7976931348623157e308', '5e-324', '2.2250738585072014e-308') } ],
	[ 'numeric', 'oms', \&numeric ],
	[ 'numeric(12,2)', 'oms', sub { pick('NaN', '0', sprintf('%.2f', rand(2e9) - 1e9)) } ],
	[ 'text', 'omtb', \&long_word ],
	[ 'varchar(40)', 'omt', \&word ],
	[ 'character(7)', 'omt', sub { plain_word(7) } ],
	[ '"char"', 'o', \&char_value ],
	[ 'name', 'ot', sub { plain_word(60) } ],
	[ 'bytea', 'ob', sub { '\\x' . (chance(0.2) ? '' : hex_string(rint(chance(0.1) ? 4000 : 30))) } ],
	[ 'boolean', 'o', sub { pick('t', 'f') } ],
	[ 'date', 'om', \&date ],
	[ 'time', 'om', \&clock ],
	[ 'timetz', 'om', sub { clock() . pick('+00', '-15:59', '+15:59', '+05:30', '+01') } ],
	[ 'timestamp', 'om', \&timestamp ],
	[ 'timestamptz', 'om', \&timestamp ],
	[ 'timestamp(0)', 'om', \&timestamp ],
	[ 'interval', 'om', \&interval ],
	[ 'uuid', 'o', sub { hex_string(16) } ],
	[ 'inet', 'om', \&inet ],
	[ 'cidr', 'om', sub { pick('0.0.0.0/0', '::/0', '10.0.0.0/8', '192.168.' . rint(256) . '.0/24', 'fe80::/16') } ],
	[ 'macaddr', 'o', sub { join ':', map { sprintf '%02x', rint(256) } 1 .. 6 } ],
	[ 'macaddr8', 'o', sub { join ':', map { sprintf '%02x', rint(256) } 1 .. 8 } ],
	[ 'jsonb', 'obgin', sub { json(0) } ],
	[ 'json', '', sub { json(0) } ],
	[ 'integer[]', 'omgin', sub { array(sub { signed(20) }) } ],
	[ 'text[]', 'ob', sub { array(sub { quoted(plain_word(12)) }) } ],
	[ 'numeric[]', 'om', sub { array(\&numeric) } ],
	[ 'int4range', 'ogist', sub { range(\&int_bounds) } ],
	[ 'tstzrange', 'ogist', sub { range(\&day_bounds) } ],
	[ 'int4multirange', 'o', sub { '{' . join(',', map { range(\&int_bounds) } 1 .. rint(4)) . '}' } ],
	[ 'twin_pair', 'o', sub { '(' . pick('', signed(32)) . ',' . pick('', quoted(word())) . ')' } ],
	[ 'twin_mood', 'om', sub { pick('sad', 'ok', 'happy') } ],
	[ 'twin_positive', 'oms', sub { 1 + rint(2**31 - 1) } ],
	[ 'money', 'om', sub { pick('-92233720368547758.08', '92233720368547758.07', sprintf('%.2f', rand(2000) - 1000)) } ],
	[ 'bit(11)', 'o', sub { bits(11) } ],
	[ 'bit varying', 'o', sub { bits(rint(100)) } ],
	[ 'point', 'gist', \&point ],
	[ 'box', 'gist', \&box ],
	[ 'tsvector', 'ogin', \&tsvector ],
	[ 'oid', 'om', sub { pick(0, 4294967295, rint(2**32)) } ],
	[ 'pg_lsn', 'om', sub { sprintf '%X/%X', rint(2**32), rint(2**32) } ],
	[ 'xid', '', sub { pick(0, 3, 4294967295, rint(2**32)) } ],
	[ 'tid', 'om', sub { sprintf '(%d,%d)', rint(2**32), rint(2**16) } ],
	[ 'bigint[]', 'om', sub { array(sub { signed(64) }) } ],
);

sub all_types
{
	return map {
		my ($sql, $flags, $generate) = @$_;
		{
			sql => $sql, generate => $generate,
			gin => scalar($flags =~ s/gin//), gist => scalar($flags =~ s/gist//),
			map { $_ => scalar($flags =~ /$_/) } qw(o m s f t b)
		}
	} @TYPES;
}

# A value of about a megabyte; every second one does not compress.
sub big_value
{
	my ($sql) = @_;
	my $body = chance(0.5) ? 'the same words again ' x 50000 :
	  join '', map { sprintf '%08x', rint(2**32) } 1 .. 131072;

	return '\\x' . unpack('H*', substr $body, 0, 524288) if $sql eq 'bytea';
	return '["' . $body . '"]' if $sql eq 'jsonb';
	return '{"' . $body . '",x}' if $sql eq 'text[]';
	return $body;
}

1;
