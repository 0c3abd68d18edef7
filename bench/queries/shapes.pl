#!/usr/bin/perl
#
# shapes.pl growth|cold: how cost depends on the shape of a table.  Called by
# run, with its server.
#
# growth  Q6, Q13 and Q16 on tables of 1, 4 and 16 days (100 hosts, segments of
#         131,072 rows, 7 a day): the older days must cost nothing.  And the
#         peak of a fresh server process's memory for Q10, and for Q10's
#         averages by host over all days.
# cold    the first query of a session on a table of 10,000 segments, with a
#         filter of one hour: planning, pruning and all.
#
# The tables stay in BENCH_DIR's server.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Engines;

my $runs = $ENV{RUNS} || 5;
my $part = shift // die "usage: shapes.pl growth|cold\n";
my %queries = map { $_->{name} => $_ } Engines::queries("$FindBin::Bin/d1.txt");
my $AVERAGES = { sql => 'SELECT hostname, {avg 10} FROM TABLE GROUP BY hostname ORDER BY hostname' };

$part eq 'growth' ? growth() : cold();

sub engine
{
	my ($table, %option) = @_;

	return Engines->open(
		name => 'rusts', keep => $ENV{BENCH_DIR}, hosts => 100, table => $table,
		conninfo => "host=$ENV{PGHOST} port=$ENV{PGPORT} user=$ENV{PGUSER} dbname=postgres options='-c TimeZone=UTC -c client_min_messages=warning'", %option);
}

# A table like cpu, from the generator, unless it is there.
sub table
{
	my ($name, $options, $generate) = @_;
	my $e = engine($name);
	my $there = ($e->time("SELECT FROM pg_class WHERE oid = to_regclass('$name')"))[1];

	return $e->close if $there;
	print STDERR "loading $name\n";
	# under another name until it is complete
	$e->ask("S DROP TABLE IF EXISTS ${name}_new");
	$e->ask("S CREATE TABLE ${name}_new (LIKE cpu) USING rusts WITH (rusts.time = 'time', rusts.tags = 'hostname', "
		  . "rusts.flush_age = 0, rusts.flush_rows = 0, rusts.flush_size = 0, $options)");
	$e->ask("S COPY ${name}_new FROM PROGRAM '$ENV{BENCH_DIR}/d1gen $generate'");
	$e->ask("S SELECT rusts.flush('${name}_new')");
	$e->ask("S VACUUM ANALYZE ${name}_new");
	$e->ask("S ALTER TABLE ${name}_new RENAME TO $name");
	$e->close;
}

sub median
{
	my @sorted = sort { $a <=> $b } @_;
	return $sorted[ $#sorted / 2 ];
}

sub milliseconds
{
	my ($e, $sql) = @_;

	$e->time($sql);
	return median(map { ($e->time($sql))[0] } 1 .. 3 * $runs);
}

# Of a session that has done nothing else; megabytes above one that read one row.
sub memory
{
	my ($table, $query) = @_;
	my @peak;

	foreach my $sql (undef, $query)
	{
		my $e = engine($table);

		$e->time("SELECT * FROM $table LIMIT 1");
		$e->time($e->words($sql)) if $sql;
		push @peak, $e->ask('M');
		$e->close;
	}
	return ($peak[1] - $peak[0]) / 1024;
}

sub growth
{
	my @days = (1, 4, 16);

	table("grow_$_", 'rusts.segment_rows = 131072', '-h 100 -t ' . $_ * 86400) foreach @days;
	print "| what | ", join(' | ', map { "$_ days" } @days), " | 16 / 1 | aim |\n|---|", '--:|' x 4, "---|\n";
	foreach my $name (qw(Q6 Q13 Q16))
	{
		my @ms = map { my $e = engine("grow_$_"); my $ms = milliseconds($e, $e->words($queries{$name})); $e->close; $ms } @days;

		printf "| %s (ms) | %s | %.2f | at most 1.5%s |\n", $name, join(' | ', map { sprintf '%.3f', $_ } @ms), $ms[2] / $ms[0], $ms[2] <= 1.5 * $ms[0] ? '' : ', MISSED';
	}
	foreach my $query ([ 'Q10, memory (MB)', $queries{Q10} ], [ "Q10's averages by host over all days, memory (MB)", $AVERAGES ])
	{
		printf "| %s | %s | | unchanged |\n", $query->[0], join ' | ', map { sprintf '%.1f', memory("grow_$_", $query->[1]) } @days;
	}
	print "\n";
}

# EXPLAIN ANALYZE's own figures need a result to read: a file.
sub explained
{
	my ($sql) = @_;
	my $file = "$ENV{BENCH_DIR}/explained";
	my $e = engine('cold');
	my $text;

	$e->dump($file, "EXPLAIN (ANALYZE, TIMING OFF) $sql");
	$e->close;
	open my $in, '<', $file or die "$file: $!\n";
	$text = join '', <$in>;
	return $text =~ /Planning Time: ([\d.]+) ms.*Execution Time: ([\d.]+) ms/s;
}

sub cold
{
	my $sql = "SELECT time_bucket('1 minute', time), max(usage_user) FROM cold WHERE time >= '2024-01-03 02:00:00+00' AND time < '2024-01-03 03:00:00+00' GROUP BY 1 ORDER BY 1";
	my (@whole, @planning, @execution);

	table('cold', "rusts.partition_interval = '1 minute'", '-h 10 -s 60 -t 600000');
	foreach (1 .. $runs + 1)
	{
		my $e = engine('cold');

		push @whole, ($e->time($sql))[0];
		$e->close;
		my ($planning, $execution) = explained($sql);
		push @planning, $planning;
		push @execution, $execution;
	}
	printf "| first query of a session, 10,000 segments, one hour | ms | aim |\n|---|--:|---|\n| planning | %.2f | |\n| execution | %.2f | planning and pruning under 10%s |\n| the client's clock | %.2f | |\n\n",
	  median(@planning), median(@execution), median(@planning) + median(@execution) <= 10 ? '' : ', MISSED', median(@whole);
}
