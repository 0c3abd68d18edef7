#!/usr/bin/perl
#
# queries.pl WORK: the query twin, against the server that PGHOST names.
#
# Each round makes a random table (QueryTables.pm) as a heap table and as a
# rusts table in several states, and asks all of them the same random queries
# (Queries.pm): those of faults that were met once (Known.pm), one of each
# shape, and then any; with every switch of ours on or off, serial and
# parallel.  What the heap answers is expected; Judge.pm says what else is
# right, errors among it.  A difference is shown with what brings it back:
#
#   SEED=N ROUNDS=N QUERIES=N   the series (1), its rounds (8), queries each (170)
#   ONLY=ROUND QUERY=N          one round, one query of it
#   KIND=NAME                   queries of one shape only (other queries)
#   SERIAL=1                    no parallel plans (other settings, other queries)
#   SHOW=N                      differences shown per round (6)
#   JOBS=N                      sessions at a time (2)
#   KEEP=1                      keep the scripts: query-STATE.sql has it all
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Types qw(pick chance rint);
use QueryTables qw(make_case source_script load_script describe @STATES);
use Queries qw(make_query shape_names);
use Known qw(known);
use Routines qw(routines);
use Roles qw(role_script);
use Version qw($FORCE_PARALLEL);
use Judge qw(judge statements);
use Session qw(new_work run_psql ask outputs outputs_together shorten);

my $work = shift or die "usage: queries.pl WORK\n";
my $seed = $ENV{SEED} // 1;
my $rounds = $ENV{ROUNDS} // 8;
my $per_round = $ENV{QUERIES} // 170;
my $shown_per_round = $ENV{SHOW} // 6;
my $jobs = $ENV{JOBS} // 2;
my $lost_per_session = 5;
my $group = 8;
my @switches;

my ($passed, $failed, $errors) = (0, 0, 0);
my (%nodes, %kinds);

binmode STDOUT;
$| = 1;
new_work($work);
set_up();
run_round($_) foreach defined $ENV{ONLY} ? $ENV{ONLY} : 1 .. $rounds;
print "$errors of the queries are errors on the heap and not meant to be\n" if $errors;
print 'plans: ', join(', ', map { "$_ $nodes{$_}" } sort keys %nodes), "\n" if %nodes;
print 'differ: ', join(', ', map { "$_ $kinds{$_}" } sort keys %kinds), "\n" if %kinds;
print "$passed passed, $failed failed\n";
exit($failed ? 1 : 0);

sub set_up
{
	my ($out, $err) = run_psql('setup', "CREATE EXTENSION IF NOT EXISTS rusts;\n" . role_script() . "CREATE TYPE twin_mood AS ENUM ('sad', 'ok', 'happy');\n" . routines());

	die "set-up failed: $err" if $err =~ /ERROR/;
	@switches = split ' ', ask(q{SELECT string_agg(name, ' ' ORDER BY name) FROM pg_settings WHERE name ~ '^rusts.enable_'}) // '';
}

sub run_round
{
	my ($round) = @_;
	my ($case, @queries, $expected, $here);

	# neighbouring seeds give alike sequences
	srand(($seed * 100003 + $round) * 2654435761 % 4294967291);
	$case = make_case();
	@queries = make_queries($case);
	print "round $round: ", describe($case), "\n";
	load($case, $round);
	$here = { seen => {}, shown => 0, round => $round, together => outputs_together($jobs, map { ("query-$_" => session_script(\@queries, $_, 0)) } 'heap', @STATES) };
	$expected = ask_all($here, 'heap', \@queries);
	$failed += $expected->{lost};
	foreach my $state (@STATES)
	{
		compare($here, $state, \@queries, $expected, ask_all($here, $state, \@queries));
	}
	count_errors($expected, \@queries);
}

# The queries of a round with the settings that go with them.
sub make_queries
{
	my ($case) = @_;
	my @known = defined $ENV{KIND} ? () : known($case);
	my @names = defined $ENV{KIND} ? ($ENV{KIND}) x $per_round : shape_names();
	my ($settings, $zone, @queries);

	foreach my $n (0 .. $per_round - 1)
	{
		my $query = shift @known // make_query($case, shift @names);

		($settings, $zone) = settings() if $n % $group == 0;
		push @queries, { %$query, settings => $settings . (bound_of_outer_row($query) ? '; SET max_parallel_workers_per_gather = 0' : ''), zone => "SET timezone = '$zone'", n => $n };
	}
	return grep { !defined $ENV{QUERY} || $_->{n} == $ENV{QUERY} } @queries;
}

# A LIMIT that is another one for each row of an outer query: workers of
# PostgreSQL 15 keep the first one, on a heap as well (fpes->tuples_needed is
# not set again by ExecParallelReinitialize).
sub bound_of_outer_row { return $_[0]{sql} =~ /LIMIT [a-z]\.[a-z]/; }

sub settings
{
	my $all = chance(0.4);
	my @set = map { "SET $_ = " . ($all || chance(0.8) ? 'on' : 'off') } @switches;

	if (chance(0.35) && !$ENV{SERIAL})
	{
		push @set, 'SET max_parallel_workers_per_gather = ' . (1 + rint(2)), 'SET parallel_setup_cost = 0', 'SET parallel_tuple_cost = 0',
		  'SET min_parallel_table_scan_size = 0', 'SET min_parallel_index_scan_size = 0', 'SET parallel_leader_participation = ' . pick('on', 'on', 'off'), "SET $FORCE_PARALLEL = " . pick('off', 'off', 'on');
	}
	else { push @set, 'SET max_parallel_workers_per_gather = 0' }
	return (join('; ', @set), chance(0.7) ? 'UTC' : pick('Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu'));
}

sub load
{
	my ($case, $round) = @_;
	my $random = ($seed * 7919 + $round * 104729) % 1000003 / 1000003;
	my $script = "\\set ON_ERROR_STOP on\nSET client_min_messages = warning;\n"
	  . join '', map { "DROP SCHEMA IF EXISTS twin_$_ CASCADE; CREATE SCHEMA twin_$_; GRANT USAGE ON SCHEMA twin_$_ TO PUBLIC;\n" } 'heap', @STATES;

	$script .= source_script($case, $random);
	foreach my $state ('heap', @STATES)
	{
		$script .= "SET search_path = twin_$state, public;\n" . load_script($case, $state);
		$script .= "RESET rusts.bulk_rows; RESET rusts.bulk_memory;\n" if $state eq 'bulk';
	}
	my (undef, $err, $ok) = run_psql('load', $script);
	die "the tables were not loaded:\n" . substr($err, 0, 2000) unless $ok && $err !~ /ERROR/;
}

# What queries find in each session beside the tables.
sub session_start
{
	my ($state) = @_;
	return <<"SQL";
\\set VERBOSITY verbose
SET search_path = twin_$state, public; SET timezone = 'UTC'; SET client_min_messages = error; SET statement_timeout = '60s'; SET twin.tenant = 'host_0';
CREATE TEMP TABLE knobs AS SELECT k, NULL::text AS v FROM generate_series(1, 8) k;
CREATE TEMP TABLE lim AS SELECT n, label FROM (VALUES (1, 'one'), (5, ''), (50, '50')) x(n, label);
CREATE TEMP SEQUENCE lim_seq; CREATE TEMP SEQUENCE tick_seq;
GRANT ALL ON knobs, lim, lim_seq, tick_seq TO PUBLIC;
SQL
}

# Each query's statements, one by one, so that an error is known to be that of
# one of them.
sub session_script
{
	my ($queries, $state, $from) = @_;
	my $script = session_start($state);
	my $before = '';

	foreach my $i ($from .. $#$queries)
	{
		my $query = $queries->[$i];
		my @statements = statements($query->{sql});

		$script .= "$query->{settings};\n" if $query->{settings} ne $before && $state ne 'heap';
		$before = $query->{settings};
		$script .= "$query->{zone}; SET twin.n = '2'; SET twin.s = '';\n\\echo \@\@$i\n\\warn \@\@$i\n"
		  . join "\\echo \@\@+\n\\warn \@\@+\n", map { /\\g / ? "$_\n" : "$_;\n" } @statements;
		$script .= "\\echo \@\@plan\nEXPLAIN (COSTS OFF) $statements[0];\n" if $state ne 'heap' && $i % 10 == 0 && @statements == 1 && $statements[0] =~ /^(?:SELECT|WITH)/;
	}
	return "$script\\warn \@\@end\n";
}

# What a session answered beside others or, when the server was lost to any of
# them, alone: then it goes on with a new one behind the query that ended it, a
# few times.
sub ask_all
{
	my ($here, $state, $queries) = @_;
	my ($from, $all) = (0, { answers => [], lost => 0 });
	my $first = delete $here->{together}{"query-$state"};

	undef $first unless $first->{complete};
	while ($from < @$queries)
	{
		my $session = $first // outputs("query-$state", session_script($queries, $state, $from));
		my %errors;

		$errors{$1} = $2 while $session->{err} =~ /^\@\@(\d+)\n(.*?)(?=^\@\@(?:\d+|end)$|\z)/msg;
		foreach my $i (grep { defined $session->{outputs}[$_] } $from .. $#{ $session->{outputs} })
		{
			$all->{answers}[$i] = { out => without_plan($session->{outputs}[$i]), err => $errors{$i} // '' };
		}
		last if $session->{complete};
		$from = (sort { $a <=> $b } $from, keys %errors)[-1];
		show_lost($here, $state, $queries->[$from], $errors{$from} // '');
		last if ++$all->{lost} >= $lost_per_session;
		$from++;
	}
	return $all;
}

# An output less the plan at its end, which is counted.
sub without_plan
{
	my ($text) = @_;

	if ($text =~ s/^\@\@plan\n(.*)\z//ms)
	{
		my $plan = $1;
		$nodes{$_}++ foreach $plan =~ /Custom Scan \((\w+)\)/g;
		$nodes{'other scans'}++ if $plan =~ /(?:Seq|Index|Index Only) Scan.* on (?:t|p\d)\b/ && $plan !~ /Custom Scan/;
	}
	return $text;
}

sub compare
{
	my ($here, $state, $queries, $expected, $got) = @_;
	my ($good, $bad) = (0, 0);

	foreach my $i (0 .. $#$queries)
	{
		my ($want, $have) = ($expected->{answers}[$i], $got->{answers}[$i]);
		my $difference;

		# never reached: counted with the lost servers
		next unless $want && $have;
		$difference = judge($queries->[$i], $want, $have);
		if (!defined $difference) { $good++ }
		else
		{
			$bad++;
			$kinds{ $queries->[$i]{kind} }++;
			show($here, $state, $queries->[$i], $difference, $have->{err});
		}
	}
	$bad += $got->{lost};
	printf "%s  round %d %-8s %d queries, %d differ\n", $bad ? 'not ok' : 'ok    ', $here->{round}, $state, $good + $bad, $bad;
	$passed += $good;
	$failed += $bad;
}

sub reproduction
{
	my ($here, $state, $query) = @_;
	my $kind = defined $ENV{KIND} ? "KIND=$query->{kind} " : '';

	return "    SEED=$seed ${kind}ONLY=$here->{round} QUERY=$query->{n} state $state, $query->{kind}";
}

sub show_lost
{
	my ($here, $state, $query, $err) = @_;

	return if $here->{lost}{ $query->{n} }++;
	print reproduction($here, $state, $query), ": the server is gone\n  settings  $query->{settings}\n  query     $query->{sql}\n  message   ", shorten($err), "\n";
}

# The same query in another state is not news, unless asked for.
sub show
{
	my ($here, $state, $query, $difference, $err) = @_;
	my ($message) = $err =~ /ERROR:\s+(.*)/;

	$here->{seen}{ $query->{n} } .= " $state";
	return if $here->{seen}{ $query->{n} } ne " $state" || $here->{shown}++ >= $shown_per_round;
	print reproduction($here, $state, $query), "\n  settings  $query->{settings}; $query->{zone}\n  query     $query->{sql}\n", $difference, $message ? "  message   $message\n" : '';
}

sub count_errors
{
	my ($expected, $queries) = @_;

	foreach my $i (grep { $expected->{answers}[$_] && $expected->{answers}[$_]{err} =~ /ERROR/ } 0 .. $#$queries)
	{
		next if $queries->[$i]{raises} || $queries->[$i]{fails} || defined $queries->[$i]{expect};
		$errors++;
		next unless $ENV{SHOW_ERRORS};
		print "heap: $queries->[$i]{n} $queries->[$i]{kind} $queries->[$i]{sql}\n";
		print "      $1\n" while $expected->{answers}[$i]{err} =~ /ERROR:\s+(.*?)\n/g;
	}
}
