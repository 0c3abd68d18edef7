#!/usr/bin/perl
#
# race.pl FILE...: run the queries of the files on all engines, compare the
# answers, print the medians.  Called by run, which prepares everything and
# explains the variables.
#
# For each query: every engine writes its answer to a file, which warms it up
# and is compared with the first one's; then the engines take turns, RUNS times,
# in another order each time: what one leaves of the machine's memory and caches
# should not always fall to the same.  Where workers are measured, so is what the
# machine has to give: two sessions that run the query at once, each by itself.
# What was measured is kept in BENCH_DIR/results.tsv, so that a run of one engine
# alone is still shown beside the others (marked with an apostrophe).
use strict;
use warnings;

use FindBin;
use List::Util 'shuffle';
use lib $FindBin::Bin;
use Answers;
use Engines;
use Table;

my $keep = $ENV{BENCH_DIR};
my $runs = $ENV{RUNS} || 5;
my @engines = split /,/, $ENV{ENGINES};
my %wanted = map { $_ => 1 } split /,/, $ENV{QUERIES} || '';
my $mode = $ENV{MODE} || 'default';
my $wrong = 0;
my $results = Table->read("$keep/results.tsv");

# A quick engine runs a few times in its turn, a slow one fewer turns.
my $QUICK_MS = 20;
my $SLOW_MS = 2000;

$| = 1;
foreach my $file (@ARGV)
{
	my @queries = grep { !%wanted || $wanted{ $_->{name} } } Engines::queries($file);
	my $table = $file =~ /taxi/ ? 'taxi' : 'cpu';

	next unless @queries;
	my @open = map { open_engine($_, $table) } @engines;
	my $beside = $mode eq 'parallel' ? open_engine('rusts', $table) : undef;
	race($_, $beside, @open) foreach @queries;
	$_->close foreach @open, $beside || ();
	$results->write;
	$results->print(\@queries, $mode, \@engines);
	$results->print_parallel(\@queries, $mode) if $mode eq 'parallel';
}
print $wrong ? "$wrong answers differ\n" : "all answers agree\n";
exit($wrong ? 1 : 0);

sub open_engine
{
	my ($name, $table) = @_;

	return Engines->open(
		name => $name, keep => $keep, npm => $ENV{NPM},
		script => "$FindBin::Bin/peer.cjs", hosts => $ENV{HOSTS} || 1000,
		conninfo => "host=$ENV{PGHOST} port=$ENV{PGPORT} user=$ENV{PGUSER} dbname=postgres options='-c TimeZone=UTC -c client_min_messages=warning'",
		table => $name =~ /^heap/ ? "${table}_heap" : $table,
		settings => [ split /;/, $ENV{SETTINGS} || '' ]);
}

sub race
{
	my ($query, $beside, @open) = @_;
	my ($alone) = grep { $_->{name} eq 'rusts' } @open;
	my (%first, %times, %round);

	foreach my $engine (@open)
	{
		progress("$query->{name} $engine->{name}");
		check_answer($query, $engine);
		($first{ $engine->{name} }) = $engine->time($engine->words($query));
	}
	foreach my $run (1 .. $runs)
	{
		foreach my $engine (shuffle(@open))
		{
			my $name = $engine->{name};
			my $repeat = $first{$name} < $QUICK_MS ? 4 : 1;

			next if $first{$name} > $SLOW_MS && $run > ($runs + 1) / 2;
			progress("$query->{name} $name $run of $runs");
			my @ms = map { ($engine->time($engine->words($query)))[0] } 1 .. $repeat;
			# another engine has had the caches meanwhile
			shift @ms if $repeat > 1;
			push @{ $times{$name} }, @ms;
			$round{$name}[$run] = median(@ms);
		}
		next unless $beside && $alone;
		my @ms = map { $alone->time_both($beside, $alone->words($query)) } 1 .. 4;
		$round{both}[$run] = median(@ms[1 .. 3]) / 2;
	}
	$results->set($query->{name}, "$mode $_", median(@{ $times{$_} })) foreach keys %times;
	return unless $round{rusts} && $round{rusts2};
	$results->set($query->{name}, "$mode gain", gain(@round{qw(rusts rusts2)}));
	$results->set($query->{name}, "$mode room", gain(@round{qw(rusts both)}));
	progress('');
}

# The expected answer is heap's when it runs, else that of an earlier run,
# else the first engine's.
sub check_answer
{
	my ($query, $engine) = @_;
	my $expected = "$keep/answers/$query->{name}.expected";
	my $got = "$keep/answers/$query->{name}.$engine->{name}";
	my $subset = $query->{subset} ? "$expected.subset" : undef;

	$engine->dump($got, $engine->words($query));
	if (!-e $expected || $engine->{name} eq 'heap' && !-e "$expected.heap")
	{
		rename $got, $expected or die "$expected: $!\n";
		unlink "$expected.sorted";
		$engine->dump($subset, $engine->words($query, 'subset')) if $subset;
		if ($engine->{name} eq 'heap')
		{
			open my $mark, '>', "$expected.heap" or die "$expected.heap: $!\n";
		}
		return;
	}
	my $difference = Answers::difference($got, $expected, $subset);
	if ($difference ne '')
	{
		$wrong++;
		progress('');
		print "WRONG ANSWER of $engine->{name} to $query->{name}: $difference\n";
	}
	else
	{
		unlink $got, "$got.sorted";
	}
}

# How many times faster the second is: within a round, for what else the machine
# does comes and goes between rounds.
sub gain
{
	my ($one, $two) = @_;
	return median(map { $one->[$_] / $two->[$_] } grep { $one->[$_] && $two->[$_] } 1 .. $runs);
}

sub median
{
	my @sorted = sort { $a <=> $b } @_;
	return $sorted[ $#sorted / 2 ];
}

sub progress
{
	printf STDERR "\r%-40s\r%s", '', $_[0] if -t STDERR;
}
