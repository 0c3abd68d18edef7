#!/usr/bin/perl
#
# faults.pl BINDIR DATADIR PORT SMALL: what goes wrong while an agent writes.
#
# SMALL is a directory on a file system of a few megabytes, or '-'.  The server
# runs, and nothing else uses it.  Two tests, each a line:
#
#   ddl    tables are altered, truncated, renamed, dropped and locked under
#          load: each answer is 204, or 503 and the batch is sent again; the
#          batches that are in the table are whole
#   full   the disk is full: 503, other tables go on, and when there is room
#          again, 204
#
use strict;
use warnings;

use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep time);

my ($bindir, $data, $port, $small) = @ARGV;
my ($passed, $failed, $socket) = (0, 0);

# of the test ddl, in this order, twice
my @ddl = (
	'ALTER TABLE ddl ADD COLUMN extra_N float8',
	'TRUNCATE ddl',
	'ALTER TABLE ddl RENAME TO ddl_N',
	'DROP TABLE ddl',
	'BEGIN; LOCK TABLE ddl; SELECT pg_sleep(0.3); COMMIT',
	'ALTER TABLE ddl ALTER COLUMN v SET NOT NULL',
	'BEGIN; LOCK TABLE ddl; SELECT pg_sleep(2); COMMIT',
	'CREATE INDEX ON ddl (n)',
	'ALTER TABLE ddl ADD PRIMARY KEY (host, time)',
	'VACUUM FULL ddl',
	'ALTER TABLE ddl SET (rusts.tags = \'host\')');

$| = 1;
$SIG{PIPE} = 'IGNORE';
report('ddl', ddl());
if ($small eq '-')
{
	print "SKIPPED: full: a small file system needs root\n";
}
else
{
	report('full', full());
}
print "$passed passed, $failed failed\n";
exit($failed ? 1 : 0);

sub report
{
	my ($name, @problems) = @_;
	@problems ? $failed++ : $passed++;
	print @problems ? 'not ok' : 'ok    ', " $name\n";
	print "    $_\n" foreach @problems[ 0 .. ($#problems > 9 ? 9 : $#problems) ];
}

sub psql
{
	my ($sql) = @_;
	my $out = `'$bindir/psql' -XqAt -h '$data' -U postgres -d postgres -v ON_ERROR_STOP=1 -c "$sql" 2>&1`;
	chomp $out;
	return $out;
}

sub post
{
	my ($body) = @_;
	$socket ||= IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or return (0, 'no connection');
	print $socket "POST /write?db=x HTTP/1.1\r\nHost: x\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
	$socket->flush;
	my ($status, $length, $answer) = (0, 0, '');
	while (defined(my $line = <$socket>))
	{
		$status = $1 if $line =~ m{^HTTP/1\.1 (\d+)};
		$length = $1 if $line =~ /^Content-Length: (\d+)/i;
		last if $line =~ /^\r?\n/;
	}
	read $socket, $answer, $length if $length;
	$socket = undef if !$status;
	return ($status, $answer);
}

sub batch
{
	my ($table, $number) = @_;
	return join '', map { "$table,host=h$_ n=${number}i,v=1.5 " . (1_700_000_000_000_000_000 + $number * 1_000_000 + $_ * 1000) . "\n" } 1 .. 40;
}

# ---------- DDL under load ----------

sub ddl
{
	my @problems;
	my %seen;
	my $child = fork // die "fork: $!";
	if ($child == 0)
	{
		foreach my $n (1 .. 22)
		{
			my $sql = $ddl[ ($n - 1) % @ddl ] =~ s/_N\b/_$n/r;
			psql($_) foreach $sql =~ /^BEGIN/ ? $sql : "SET lock_timeout = '5s'; $sql";
			sleep 0.1;
		}
		POSIX::_exit(0);
	}
	my $number = 0;
	my $slowest = 0;
	while (waitpid($child, POSIX::WNOHANG()) == 0)
	{
		my $start = time;
		my ($status, $answer) = post(batch('ddl', $number));
		my $took = time - $start;
		$slowest = $took if $took > $slowest;
		$seen{$status}++;
		push @problems, "status $status: $answer" if $status != 204 && $status != 503;
		$number++ if $status == 204;
	}
	push @problems, "no batch was refused, so nothing was tried" if !$seen{503};
	push @problems, "a batch took $slowest s, and rusts.ingest_lock_timeout is 1 s" if $slowest > 5;
	foreach my $table (split /\n/, psql("SELECT relname FROM pg_class WHERE relname ~ '^ddl(_[0-9]+)?\\\$' AND relkind = 'r'"))
	{
		my $torn = psql("SELECT count(*) FROM (SELECT n FROM $table GROUP BY n HAVING count(*) <> 40) x");
		push @problems, "$table: torn batches: $torn" if $torn ne '0';
	}
	return @problems;
}

# ---------- no space ----------

sub full
{
	my @problems;

	psql("CREATE TABLESPACE small LOCATION '$small'");
	psql("CREATE TABLE small (time timestamptz NOT NULL, host text, n bigint, v float8) USING rusts WITH (rusts.tags = 'host') TABLESPACE small");
	psql("GRANT ALL ON small TO agent");
	# all but a little
	open my $ballast, '>', "$small/ballast" or die "$small/ballast: $!";
	my $room = 'x' x 65536;
	while (syswrite $ballast, $room) { }
	close $ballast;
	truncate "$small/ballast", (-s "$small/ballast") - 300_000;
	my ($status, $answer, $number) = (204, '', 0);
	($status, $answer) = post(batch('small', $number++)) while $status == 204 && $number < 10000;
	push @problems, "a full disk: status $status: $answer" if $status != 503 || $answer !~ /No space left|could not extend/;
	($status, $answer) = post(batch('elsewhere', 1));
	push @problems, "another table meanwhile: status $status: $answer" if $status != 204;
	unlink "$small/ballast";
	($status, $answer) = post(batch('small', $number));
	push @problems, "with room again: status $status: $answer" if $status != 204;
	my $torn = psql("SELECT count(*) FROM (SELECT n FROM small GROUP BY n HAVING count(*) <> 40) x");
	push @problems, "torn batches: $torn" if $torn ne '0';
	my $batches = psql("SELECT count(DISTINCT n) FROM small");
	push @problems, "$batches batches of $number" if $batches != $number;
	psql("DROP TABLE small; DROP TABLESPACE small");
	return @problems;
}
