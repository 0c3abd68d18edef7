# rusts.verify looks at stubs and at records of moved rows: each is damaged in
# turn, under a checksum that is wrong or right, and is reported.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use RustsTest;
use Version qw($MAJOR);

use constant MOVES => 3;
use constant STUBS => 1024;
use constant BLOCK_STUBS => 1536;

my $node = new_node('main', $MAJOR >= 18 ? (extra => ['--no-data-checksums']) : ());
$node->append_conf('postgresql.conf', 'autovacuum = off');
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION rusts;
CREATE TABLE t (time timestamptz NOT NULL, n int PRIMARY KEY) USING rusts;
INSERT INTO t SELECT '2026-01-01', n FROM generate_series(1, 500) n;
SELECT rusts.flush('t');
INSERT INTO t SELECT '2026-01-01', n FROM generate_series(501, 1000) n;
SELECT rusts.flush('t');
DELETE FROM t WHERE n % 100 = 3;
SELECT rusts.compact('t', true);
UPDATE t SET time = time + interval '1 s' WHERE n = 77;
DELETE FROM t WHERE n = 78 RETURNING n;
DELETE FROM t WHERE n BETWEEN 200 AND 210;
SELECT FROM t WHERE n = 79 FOR UPDATE;
CHECKPOINT;
SQL
is(findings(), '', 'nothing is damaged');
my $path = $node->data_dir . '/' . $node->safe_psql('postgres',
	"SELECT pg_relation_filepath(reltoastrelid) FROM pg_class WHERE oid = 't'::regclass");
$node->stop;
my $saved = slurp_file($path);

# bytes of the payload, from 0; format.md 3.3 and 3.4
damaged('record of moves: a bit', MOVES, sub { flip($_[0], 4) }, qr/record of moved rows/);
damaged('record of moves: rows', MOVES, sub { rewrite($_[0], 4, pack 'V', 400) }, qr/record of moved rows/);
damaged('record of moves: to nowhere', MOVES, sub { rewrite($_[0], 20, pack 'V', 3) },
	qr/leads to a segment that is not there/);
damaged('record of moves: never reserved', MOVES, sub { rewrite($_[0], 4, pack 'V', 100_000_000) },
	qr/row numbers were never reserved/);
damaged('record of moves: another first place', MOVES, sub { rewrite($_[0], 16, pack 'V', 7) },
	qr/places do not agree/);
damaged('stub: a bit', STUBS, sub { flip($_[0], 1) }, qr/checksum of chunk \(1024, \d+\) does not match/);
damaged('stub: no such state', STUBS, sub { rewrite($_[0], 1, chr 9) }, qr/stub of a row is malformed/);
damaged('stub of a block: a bit', BLOCK_STUBS, sub { flip($_[0], 9) }, qr/checksum of chunk \(1536, \d+\) does not match/);
damaged('stub of a block: not of its first row', BLOCK_STUBS, sub { rewrite($_[0], 8, "\0" x 40) },
	qr/stub of a row is malformed/);
damaged('stub: of no row', STUBS, sub { rekey($_[0], 1_000_000) }, qr/number was never reserved/);

$node->start;
is(findings(), '', 'the saved file is sound');
done_testing();

sub findings
{
	return $node->safe_psql('postgres', "SELECT message FROM rusts.verify('t')");
}

# The last live chunk with an id: where its tuple begins and ends.
sub find_chunk
{
	my ($bytes, $id) = @_;
	my $found;

	for (my $page = 0; $page < length $bytes; $page += 8192)
	{
		my $lower = unpack 'v', substr $bytes, $page + 12, 2;
		for (my $at = $page + 24; $at < $page + $lower; $at += 4)
		{
			my $pointer = unpack 'V', substr $bytes, $at, 4;
			next unless ($pointer >> 15 & 3) == 1;
			my $tuple = $page + ($pointer & 0x7fff);
			my $xmax = unpack 'V', substr $bytes, $tuple + 4, 4;
			next if $xmax || unpack('V', substr $bytes, $tuple + 24, 4) != $id;
			$found = { tuple => $tuple, end => $tuple + ($pointer >> 17) };
		}
	}
	return $found // die "no chunk $id";
}

my $file;

sub flip
{
	my ($chunk, $at) = @_;
	substr($file, $chunk->{tuple} + 40 + $at, 1) ^= "\1";
}

sub rewrite
{
	my ($chunk, $at, $new) = @_;
	substr($file, $chunk->{tuple} + 40 + $at, length $new) = $new;
	sum($chunk);
}

# Another number: the row goes by the index, so that finds it by the old one.
sub rekey
{
	my ($chunk, $seq) = @_;
	substr($file, $chunk->{tuple} + 28, 4) = pack 'V', $seq;
	sum($chunk);
}

# The checksum is over key and payload (format.md 2.2).
sub sum
{
	my ($chunk) = @_;
	my $covered = substr($file, $chunk->{tuple} + 24, 8)
	  . substr($file, $chunk->{tuple} + 40, $chunk->{end} - $chunk->{tuple} - 40);
	substr($file, $chunk->{tuple} + 36, 4) = pack 'V', crc32c($covered);
}

sub crc32c
{
	my ($bytes) = @_;
	my $crc = 0xffffffff;

	foreach my $byte (unpack 'C*', $bytes)
	{
		$crc ^= $byte;
		$crc = $crc & 1 ? $crc >> 1 ^ 0x82f63b78 : $crc >> 1 for 1 .. 8;
	}
	return $crc ^ 0xffffffff;
}

sub damaged
{
	my ($label, $id, $damage, $message) = @_;

	$file = $saved;
	$damage->(find_chunk($file, $id));
	write_file($file);
	$node->start;
	like(findings(), $message, $label);
	$node->stop;
	write_file($saved);
}

sub write_file
{
	my ($bytes) = @_;
	open my $out, '>:raw', $path or die "$path: $!";
	print $out $bytes or die "$path: $!";
	close $out;
}
