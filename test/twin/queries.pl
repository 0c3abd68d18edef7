#!/usr/bin/perl
#
# queries.pl WORK: the query twin, against the server that PGHOST names.
#
# Each round makes a random table (QueryTables.pm) as a heap table and as a
# rusts table in several states, and asks all of them the same random queries
# (Queries.pm): every switch of ours on or off, serial and parallel.  What the
# heap answers is expected.  A difference is shown with what brings it back:
#
#   SEED=N ROUNDS=N QUERIES=N   the series (1), its rounds (8), queries each (130)
#   ONLY=ROUND QUERY=N          one round, one query of it
#   SERIAL=1                    no parallel plans (other settings, other queries)
#   KEEP=1                      keep the scripts: query-STATE.sql has it all
#
# Answers are compared as sets where nothing orders them.  Fields may differ in
# the sign of a zero; in queries with stddev and its family, by 1e-9.
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin;
use Types qw(pick chance rint);
use QueryTables qw(make_case source_script load_script describe @STATES);
use Queries qw(make_query helpers);
use Session qw(new_work run_psql ask outputs shorten);

my $work = shift or die "usage: queries.pl WORK\n";
my $seed = $ENV{SEED} // 1;
my $rounds = $ENV{ROUNDS} // 8;
my $per_round = $ENV{QUERIES} // 130;
my $shown_per_round = $ENV{SHOW} // 6;
my $lost_per_session = 5;
my $group = 8;
my $tolerance = 1e-9;
my @switches;

my ($passed, $failed, $errors) = (0, 0, 0);
my %nodes;

binmode STDOUT;
$| = 1;
new_work($work);
set_up();
run_round($_) foreach defined $ENV{ONLY} ? $ENV{ONLY} : 1 .. $rounds;
print "$errors of the queries are errors on the heap\n" if $errors;
print 'plans: ', join(', ', map { "$_ $nodes{$_}" } sort keys %nodes), "\n" if %nodes;
print "$passed passed, $failed failed\n";
exit($failed ? 1 : 0);

sub set_up
{
	my ($out, $err) = run_psql('setup', "CREATE EXTENSION IF NOT EXISTS rusts;\nCREATE ROLE twin_reader;\nCREATE TYPE twin_mood AS ENUM ('sad', 'ok', 'happy');\n" . helpers());

	die "set-up failed: $err" if $err =~ /ERROR/;
	@switches = split ' ', ask(q{SELECT string_agg(name, ' ' ORDER BY name) FROM pg_settings WHERE name ~ '^rusts.enable_'}) // '';
}

sub run_round
{
	my ($round) = @_;
	my ($case, @queries, $expected, $sessions, $here);

	srand($seed * 100003 + $round);
	$case = make_case();
	@queries = make_queries($case);
	print "round $round: ", describe($case), "\n";
	load($case, $round);
	$expected = outputs('query-heap', session_script(\@queries, 'heap'));
	die "the heap's session failed:\n" . substr($expected->{err}, -2000) unless $expected->{complete};
	$here = { seen => {}, shown => 0, round => $round };
	foreach my $state (@STATES)
	{
		compare($here, $state, \@queries, $expected, ask_all($here, $state, \@queries));
	}
	count_errors($expected, \@queries);
}

# A session that lost the server goes on with a new one behind the query that
# ended it, a few times.
sub ask_all
{
	my ($here, $state, $queries) = @_;
	my ($from, $all) = (0, { err => '', outputs => [], lost => 0 });

	while ($from < @$queries)
	{
		my $session = outputs("query-$state", session_script($queries, $state, $from));

		$all->{err} .= $session->{err};
		$all->{outputs}[$_] = $session->{outputs}[$_] foreach $from .. $#{ $session->{outputs} };
		last if $session->{complete};
		$from = (sort { $a <=> $b } $from, $session->{err} =~ /^\@\@(\d+)$/mg)[-1];
		show_lost($here, $state, $queries->[$from], $session->{err} =~ /^\@\@$from\n(.*)/ms ? $1 : '');
		last if ++$all->{lost} >= $lost_per_session;
		$from++;
	}
	return $all;
}

sub show_lost
{
	my ($here, $state, $query, $err) = @_;

	return if $here->{lost}{ $query->{n} }++;
	print "    SEED=$seed ONLY=$here->{round} QUERY=$query->{n} state $state: the server is gone\n  settings  $query->{settings}\n",
	  "  query     $query->{sql}\n  message   ", shorten($err), "\n";
}

# The queries of a round with the settings that go with them.
sub make_queries
{
	my ($case) = @_;
	my ($settings, $zone, @queries);

	foreach my $n (0 .. $per_round - 1)
	{
		($settings, $zone) = settings() if $n % $group == 0;
		push @queries, { %{ make_query($case) }, settings => $settings, zone => "SET timezone = '$zone'", n => $n };
	}
	return grep { !defined $ENV{QUERY} || $_->{n} == $ENV{QUERY} } @queries;
}

sub settings
{
	my $all = chance(0.4);
	my @set = map { "SET $_ = " . ($all || chance(0.8) ? 'on' : 'off') } @switches;

	if (chance(0.35) && !$ENV{SERIAL})
	{
		push @set, 'SET max_parallel_workers_per_gather = ' . (1 + rint(2)), 'SET parallel_setup_cost = 0', 'SET parallel_tuple_cost = 0',
		  'SET min_parallel_table_scan_size = 0', 'SET min_parallel_index_scan_size = 0', 'SET parallel_leader_participation = ' . pick('on', 'on', 'off');
	}
	else { push @set, 'SET max_parallel_workers_per_gather = 0' }
	return (join('; ', @set), chance(0.7) ? 'UTC' : pick('Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu'));
}

sub load
{
	my ($case, $round) = @_;
	my $random = ($seed * 7919 + $round * 104729) % 1000003 / 1000003;
	my $script = "\\set ON_ERROR_STOP on\nSET client_min_messages = warning;\n"
	  . join '', map { "DROP SCHEMA IF EXISTS twin_$_ CASCADE; CREATE SCHEMA twin_$_; GRANT USAGE ON SCHEMA twin_$_ TO twin_reader;\n" } 'heap', @STATES;

	$script .= source_script($case, $random);
	foreach my $state ('heap', @STATES)
	{
		$script .= "SET search_path = twin_$state, public;\n" . load_script($case, $state);
		$script .= "RESET rusts.bulk_rows; RESET rusts.bulk_memory;\n" if $state eq 'bulk';
	}
	my (undef, $err, $ok) = run_psql('load', $script);
	die "the tables were not loaded:\n" . substr($err, 0, 2000) unless $ok && $err !~ /ERROR/;
}

sub session_script
{
	my ($queries, $state, $from) = @_;
	my $script = "\\set VERBOSITY verbose\nSET search_path = twin_$state, public; SET timezone = 'UTC'; SET client_min_messages = error; SET statement_timeout = '60s';\n";
	my $before = '';

	foreach my $i (($from // 0) .. $#$queries)
	{
		my $query = $queries->[$i];

		if ("$query->{settings}; $query->{zone}" ne $before)
		{
			$before = "$query->{settings}; $query->{zone}";
			$script .= "$query->{settings};\n" unless $state eq 'heap';
			$script .= "$query->{zone};\n";
		}
		$script .= "\\echo \@\@$i\n\\warn \@\@$i\n$query->{sql};\n";
		$script .= "\\echo \@\@plan\nEXPLAIN (COSTS OFF) $query->{sql};\n" if $state ne 'heap' && $i % 10 == 0 && $query->{sql} =~ /^(?:SELECT|WITH)[^;]*$/;
		$script .= "\\echo \@\@\n";
	}
	return $script . "\\warn \@\@end\n";
}

# Errors of each query, as SQLSTATEs.
sub states
{
	my ($session) = @_;
	my @states;

	while ($session->{err} =~ /^\@\@(\d+)\n(.*?)(?=^\@\@(?:\d+|end)$|\z)/msg)
	{
		my ($n, $text) = ($1, $2);
		$states[$n] = join ' ', $text =~ /(?:ERROR|FATAL|PANIC):\s+([0-9A-Z]{5})/g;
	}
	return @states;
}

sub answer
{
	my ($text, $state) = @_;

	return undef unless defined $text;
	$text =~ s/^\@\@\n\z//m;
	if ($text =~ s/^\@\@plan\n(.*)\z//ms)
	{
		my $plan = $1;
		$nodes{$_}++ foreach $plan =~ /Custom Scan \((\w+)\)/g;
		$nodes{'other scans'}++ if $plan =~ /(?:Seq|Index|Index Only) Scan.* on (?:t|p\d)\b/ && $plan !~ /Custom Scan/;
	}
	$text =~ s/(?<![\d.eE])-0(?![\d.])/0/g;
	return $text . ($state ? "ERROR $state\n" : '');
}

sub compare
{
	my ($here, $state, $queries, $expected, $got) = @_;
	my ($good, $bad) = (0, 0);
	my @want_states = states($expected);
	my @have_states = states($got);

	foreach my $i (0 .. $#$queries)
	{
		my $want = answer($expected->{outputs}[$i], $want_states[$i]);
		my $have = answer($got->{outputs}[$i], $have_states[$i]);

		# never reached: counted with the lost servers
		next unless defined $have;
		if ($want eq $have || same($queries->[$i], $want, $have)) { $good++ }
		else
		{
			$bad++;
			show($here, $state, $queries->[$i], $want, $have, $got->{err} =~ /^\@\@$i\n(.*?)(?=^\@\@)/ms ? $1 : '');
		}
	}
	$bad += $got->{lost};
	printf "%s  round %d %-8s %d queries, %d differ\n", $bad ? 'not ok' : 'ok    ', $here->{round}, $state, $good + $bad, $bad;
	$passed += $good;
	$failed += $bad;
}

# Whether something outside of parentheses orders every statement's rows.
sub is_ordered
{
	my ($sql) = @_;

	1 while $sql =~ s/\([^()]*\)//g;
	foreach my $statement (split /;/, $sql)
	{
		return 0 if $statement =~ /^\s*(?:SELECT|WITH|TABLE|PREPARE|DECLARE)/ && $statement !~ /ORDER BY/;
	}
	return 1;
}

sub same
{
	my ($query, $want, $have) = @_;
	my @want = split /\n/, $want;
	my @have = split /\n/, $have;

	return 0 unless @want == @have;
	unless (is_ordered($query->{sql}))
	{
		@want = sort @want;
		@have = sort @have;
	}
	foreach my $i (0 .. $#want)
	{
		next if $want[$i] eq $have[$i];
		return 0 unless $query->{approximate} && near($want[$i], $have[$i]);
	}
	return 1;
}

sub near
{
	my @a = split /\|/, $_[0], -1;
	my @b = split /\|/, $_[1], -1;
	my $number = qr/^-?\d+(?:\.\d+)?(?:e[-+]\d+)?$/;

	return 0 unless @a == @b;
	foreach my $i (0 .. $#a)
	{
		next if $a[$i] eq $b[$i];
		return 0 unless $a[$i] =~ $number && $b[$i] =~ $number;
		return 0 if abs($a[$i] - $b[$i]) > $tolerance * (1 + abs $a[$i]);
	}
	return 1;
}

# The same query in another state is not news, unless asked for.
sub show
{
	my ($here, $state, $query, $want, $have, $err) = @_;
	my ($message) = $err =~ /ERROR:\s+(.*)/;

	$here->{seen}{ $query->{n} } .= " $state";
	return if $here->{seen}{ $query->{n} } ne " $state" || $here->{shown}++ >= $shown_per_round;
	print "    SEED=$seed ONLY=$here->{round} QUERY=$query->{n} state $state\n  settings  $query->{settings}; $query->{zone}\n  query     $query->{sql}\n",
	  different($want, $have), $message ? "  message   $message\n" : '';
}

# Both answers when they are short, else where they part.
sub different
{
	my ($want, $have) = @_;
	my @want = split /\n/, $want;
	my @have = split /\n/, $have;
	my $i = 0;

	return '  expected  ' . shorten($want) . "\n  got       " . shorten($have) . "\n" if length($want) + length($have) < 800;
	$i++ while $i < @want && $i < @have && $want[$i] eq $have[$i];
	return sprintf "  expected  %d lines, line %d: %s\n  got       %d lines, line %d: %s\n", scalar @want, $i + 1, shorten($want[$i] // '(none)'),
	  scalar @have, $i + 1, shorten($have[$i] // '(none)');
}

sub count_errors
{
	my ($expected, $queries) = @_;
	my @states = states($expected);

	foreach my $i (grep { $states[$_] } 0 .. $#states)
	{
		$errors++;
		next unless $ENV{SHOW_ERRORS};
		print "heap: $queries->[$i]{sql}\n";
		print "      $1\n" if $expected->{err} =~ /^\@\@$i\n.*?ERROR:\s+(.*?)\n/ms;
	}
}
