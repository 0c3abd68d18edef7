#!/usr/bin/perl
#
# functions.pl WORK: call every function and aggregate of the extension with
# random arguments, on the server that PGHOST names.
#
# Which there are, and of what types, the catalog says: what belongs to the
# extension in pg_depend.  Arguments come from Values.pm, from the ends of the
# types and at random; calls stand alone, in conditions, groups and windows,
# over a few rows, over a heap table and over a rusts table in segments.  Those
# that change a table have one of their own, which gets rows in every round.
#
# A failure is a session that ends, an internal error (SQLSTATE XX...), a
# statement that does not end in time, and a function over the rusts table that
# answers otherwise than over the heap table, unless it changes something.  Every
# function is one test.
#
#   SEED=N SECONDS_FUNCTIONS=N   the series (1), and for how long (5)
#   ONLY=N                       one round of it
use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Types qw(pick chance rint);
use Session qw(new_work run_psql ask outputs shorten);
use Version qw($FORCE_PARALLEL);
use Values qw(value any_type table_columns table_rows @RELATIONS);

my $work = shift or die "usage: functions.pl WORK\n";
my $seed = $ENV{SEED} // 1;
my $seconds = $ENV{SECONDS_FUNCTIONS} // 5;
my $per_round = 150;
my $timeout = 20;
my $columns = table_columns();
my %function;
my ($calls, $answered, $compared) = (0, 0, 0);
my $start;
my $shown = 0;

binmode STDOUT;
$| = 1;
new_work($work);
set_up();
read_functions();
$start = time;
if (defined $ENV{ONLY}) { run_round($ENV{ONLY}); }
else
{
	# a slow machine has time for all of them, too
	for (my $round = 1; time - $start < ($round > 1 && silent() ? 10 : 1) * $seconds; $round++) { run_round($round); }
}
exit report();

sub set_up
{
	my @types = sort keys %$columns;
	my $definition = join ', ', 'time timestamptz NOT NULL', 'host text', map { "$columns->{$_} $_" } @types;
	my ($out, $err);

	srand($seed);
	($out, $err) = run_psql('setup', <<SQL);
SET client_min_messages = warning;
SET statement_timeout = '60s';
CREATE EXTENSION IF NOT EXISTS rusts;
CREATE ROLE fuzz_reader;
CREATE TABLE fuzz_heap ($definition);
INSERT INTO fuzz_heap VALUES
${\ table_rows(300)};
CREATE TABLE fuzz_calm_heap ($definition);
INSERT INTO fuzz_calm_heap VALUES
${\ table_rows(1000, 1)};
CREATE TABLE fuzz_rusts ($definition) USING rusts WITH (rusts.tags = 'host', rusts.partition_interval = 0, rusts.flush_age = 0);
CREATE TABLE fuzz_calm_rusts ($definition) USING rusts WITH (rusts.time = 'c_timestamp_without_time_zone', rusts.partition_interval = '4000 days', rusts.flush_age = 0);
INSERT INTO fuzz_rusts TABLE fuzz_heap;
INSERT INTO fuzz_calm_rusts TABLE fuzz_calm_heap;
SELECT rusts.flush('fuzz_rusts'), rusts.flush('fuzz_calm_rusts');
CREATE TABLE fuzz_changed ($definition) USING rusts WITH (rusts.tags = 'host', rusts.flush_age = 0);
CREATE INDEX fuzz_changed_index ON fuzz_changed (time);
CREATE TABLE fuzz_hot ($definition) USING rusts WITH (rusts.flush_age = 0);
INSERT INTO fuzz_hot SELECT * FROM fuzz_heap LIMIT 50;
CREATE TABLE fuzz_empty () USING rusts;
CREATE TABLE fuzz_parts (time timestamptz) PARTITION BY RANGE (time);
CREATE TABLE fuzz_part PARTITION OF fuzz_parts DEFAULT USING rusts;
CREATE VIEW fuzz_view AS TABLE fuzz_rusts;
CREATE MATERIALIZED VIEW fuzz_matview AS SELECT time, host FROM fuzz_rusts;
CREATE SEQUENCE fuzz_sequence;
CREATE TYPE fuzz_type AS (a int);
CREATE INDEX fuzz_index ON fuzz_heap (time);
CREATE INDEX fuzz_rusts_index ON fuzz_rusts (time);
CREATE TABLE fuzz_gone () USING rusts;
CREATE TABLE fuzz_dropped AS SELECT 'fuzz_gone'::regclass::oid AS oid;
DROP TABLE fuzz_gone;
ANALYZE fuzz_heap, fuzz_rusts, fuzz_calm_heap, fuzz_calm_rusts;
GRANT SELECT ON fuzz_heap, fuzz_rusts, fuzz_calm_heap, fuzz_calm_rusts, fuzz_dropped TO fuzz_reader;
SQL
	die "set-up failed: " . substr($err, -2000) if $err =~ /ERROR/;
}

sub read_functions
{
	my $list = ask(q{
		SELECT string_agg(format('%s|%s|%s|%s|%s', p.oid::regproc, p.prokind, p.proretset,
			array_to_string(ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY a (t, i) ORDER BY i), ','),
			p.provolatile), E'\n' ORDER BY p.oid)
		FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'rusts'}) // '';

	foreach (split /\n/, $list)
	{
		my ($name, $kind, $set, $arguments, $volatile) = split /\|/;
		my @types = split /,/, $arguments;

		$function{"$name($arguments)"} = {
			name => $name, kind => $kind, set => $set eq 't', volatile => $volatile eq 'v', types => \@types,
			internal => scalar(grep { $_ eq 'internal' } @types), called => 0, answered => 0, failures => [] };
	}
	die "the extension has no functions\n" unless %function;
}

# ---------- making calls ----------

sub arguments
{
	my ($function, $from, $calm) = @_;

	return join ', ', map {
		my $type = $_ =~ /any/ ? any_type() : $_;
		$from && $columns->{$type} && chance($from) ? $columns->{$type} : value($type, $calm)
	} @{ $function->{types} };
}

# Arguments and table: all at their ends, or nearly all calm.
sub calmness
{
	my $calm = chance(0.5);

	return ($calm && chance(0.9), $calm ? 'fuzz_calm' : 'fuzz');
}

sub text { return "left(($_[0])::text, 300)"; }

# An aggregate over a few rows of its own, whose later arguments are mostly the
# same in all of them.
sub over_values
{
	my ($function) = @_;
	my @types = map { /any/ ? any_type() : $_ } @{ $function->{types} };
	my @same = map { chance(0.85) ? value($types[$_], chance(0.4)) : undef } 0 .. $#types;
	my $rows = join ', ', map {
		'(' . join(', ', rint(3), map { $_ > 0 && defined $same[$_] ? $same[$_] : value($types[$_]) } 0 .. $#types) . ')'
	} 1 .. 1 + rint(6);
	my $names = join ', ', 'g', map { "a$_" } 0 .. $#types;

	return ("$function->{name}(" . join(', ', map { "a$_" } 0 .. $#types) . ')', "(VALUES $rows) v ($names)");
}

sub aggregate_call
{
	my ($function) = @_;
	my ($call, $from, $group);

	if (chance(0.5)) { ($call, $from) = over_values($function); $group = 'g'; }
	else
	{
		my ($calm, $table) = calmness();

		$call = "$function->{name}(" . arguments($function, 0.4, $calm) . ')';
		($from, $group) = ($table . pick(qw(_rusts _heap)), 'host');
	}
	$call =~ s/\((.*)\)$/(DISTINCT $1)/s if chance(0.05);
	$call .= " FILTER (WHERE $group IS NOT NULL)" if chance(0.1);
	return 'SELECT ' . text($call) . " FROM $from" . (chance(0.1) ? ' WHERE false' : '') if chance(0.5);
	return "SELECT $group, " . text($call) . " FROM $from GROUP BY $group" if chance(0.6);
	return 'SELECT ' . text("$call OVER (ORDER BY $group ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)") . " FROM $from LIMIT 20";
}

# TABLE stands for the kind of table, where both must give the same answer.
sub plain_call
{
	my ($function) = @_;
	my $alone = chance(0.4);
	my ($calm, $table) = calmness();
	my $call = "$function->{name}(" . arguments($function, $alone ? 0 : 0.5, $calm) . ')';
	my $filter = "$call " . pick(qw(= < <= > >= <>)) . ' ' . value($function->{types}[1] // 'text', $calm);

	return "SELECT count(*), max(left(r::text, 300)) FROM $call r" if $function->{set} && $alone;
	return 'SELECT ' . text($call) if $alone;
	return "SELECT count(r) FROM (SELECT $call r FROM (SELECT * FROM fuzz_heap LIMIT 3) h) s" if $function->{set} || $call !~ /c_/;
	return "SELECT count(*), min(r), max(r) FROM (SELECT $call r FROM ${table}TABLE) s" if chance(0.3);
	return "SELECT $call AS r, count(*) FROM ${table}TABLE GROUP BY r ORDER BY r LIMIT 30" if chance(0.3);
	return "SELECT host, $call AS r, count(*) FROM ${table}TABLE GROUP BY host, r ORDER BY r DESC, host LIMIT 10" if chance(0.3);
	return "SELECT count(*), min(c_integer), max(c_date) FROM ${table}TABLE WHERE $filter";
}

my @settings = (
	'RESET ALL', 'SET parallel_setup_cost = 0', 'SET parallel_tuple_cost = 0', 'SET min_parallel_table_scan_size = 0',
	'SET work_mem = 64', 'SET rusts.enable_custom_scan = off', 'SET rusts.enable_vectorized_agg = off', 'SET enable_hashagg = off',
	'SET plan_cache_mode = force_generic_plan', "SET $FORCE_PARALLEL = on", "SET TimeZone = 'Asia/Kathmandu'");

# Every function in turn, in random order: support functions once a round,
# aggregates, which have more ways to go wrong, more often than others.
sub make_calls
{
	my ($count) = @_;
	my @names = sort keys %function;
	my @ids = @names;

	push @ids, grep { !$function{$_}{internal} } @names, (grep { $function{$_}{kind} eq 'a' } @names) x 3 while @ids < $count;
	return map {
		my $function = $function{$_};
		{ id => $_, sql => $function->{kind} eq 'a' ? aggregate_call($function) : plain_call($function) }
	} map { $_->[0] } sort { $a->[1] <=> $b->[1] } map { [ $_, rand() ] } @ids;
}

# ---------- asking ----------

sub script
{
	my ($calls, $from) = @_;
	my $script = "\\set VERBOSITY verbose\nSET client_encoding = 'UTF8'; SET client_min_messages = error;\n";

	foreach my $i ($from .. $#$calls)
	{
		my $call = $calls->[$i];

		$script .= "$call->{setting}; SET statement_timeout = '${timeout}s';\n" if $call->{setting};
		$script .= "\\echo \@\@$i\n\\warn \@\@$i\n$call->{sql};\n\\echo \@:SQLSTATE\n";
	}
	return $script . "\\warn \@\@end\n";
}

sub make_round
{
	my @round;

	push @round, { id => '', sql => 'SET ROLE fuzz_reader' } if chance(0.15);
	foreach my $call (make_calls($per_round))
	{
		$call->{setting} = pick(@settings) if chance(0.05) || !@round;
		if ($call->{sql} =~ /TABLE/)
		{
			push @round, { %$call, sql => $call->{sql} =~ s/TABLE/_heap/r };
			$call = { id => $call->{id}, sql => $call->{sql} =~ s/TABLE/_rusts/r,
				$function{ $call->{id} }{volatile} ? () : (twin => $#round) };
		}
		push @round, $call;
	}
	return @round;
}

sub fail
{
	my ($call, $round, $what) = @_;

	print "not ok $call->{id}: $what (SEED=$seed ONLY=$round)\n    ", shorten($call->{sql}), "\n" if $shown++ < 20;
	push @{ ($function{ $call->{id} } // {})->{failures} }, $what;
}

sub run_round
{
	my ($round) = @_;
	my @round;
	my $from = 0;

	run_psql('changed', "INSERT INTO fuzz_changed SELECT * FROM fuzz_heap; SELECT rusts.flush('fuzz_changed')");
	srand($seed * 100003 + $round);
	@round = make_round();
	while ($from < @round)
	{
		my $session = outputs("round", script(\@round, $from));
		my %message = $session->{err} =~ /^\@\@(\d+)\n(.*?)(?=^\@\@(?:\d+|end)$|\z)/msg;

		$round[$_]{output} = $session->{outputs}[$_] foreach $from .. $#{ $session->{outputs} };
		$round[$_]{message} = $message{$_} foreach keys %message;
		last if $session->{complete};
		$from = (sort { $a <=> $b } $from, keys %message)[-1];
		fail($round[$from], $round, 'the session ended');
		$round[$from]{output} = undef;
		$from++;
	}
	judge($_, \@round, $round) foreach @round;
}

sub judge
{
	my ($call, $all, $round) = @_;
	my ($answer, $state) = ($call->{output} // '') =~ /\A(.*)^\@([0-9A-Z]{5})$/ms or return;
	my $function = $function{ $call->{id} } or return;

	$calls++;
	$function->{called}++;
	$call->{answer} = $answer if $state eq '00000';
	$function->{answered}++, $answered++ if $state eq '00000';
	fail($call, $round, "internal error $state: " . shorten($call->{message} // '')) if $state =~ /^XX/;
	fail($call, $round, 'did not end in time') if $state eq '57014';
	compare($call, $all->[ $call->{twin} ], $round) if defined $call->{twin};
}

# An error on one side alone is no difference: which rows are looked at is the
# plan's choice.
sub compare
{
	my ($call, $heap, $round) = @_;

	return unless defined $call->{answer} && defined $heap->{answer};
	$compared++;
	fail($call, $round, 'answers ' . shorten($call->{answer}) . ' and on the heap ' . shorten($heap->{answer}))
	  if $call->{answer} ne $heap->{answer};
}

# Is there a function that has not answered so far?
sub silent { return scalar grep { !$_->{answered} && !$_->{internal} } values %function; }

sub report
{
	my ($passed, $failed) = (0, 0);

	foreach my $id (sort keys %function)
	{
		my $function = $function{$id};

		push @{ $function->{failures} }, 'was never called' unless $function->{called} || defined $ENV{ONLY};
		push @{ $function->{failures} }, 'has never answered' unless $function->{answered} || $function->{internal} || defined $ENV{ONLY};
		print "not ok $id: $function->{failures}[-1]\n" if @{ $function->{failures} } && $function->{failures}[-1] =~ /never/;
		@{ $function->{failures} } ? $failed++ : $passed++;
	}
	print "$calls calls of ", scalar(keys %function), " functions, $answered answered, $compared compared with a heap\n";
	print "$passed passed, $failed failed\n";
	return $failed ? 1 : 0;
}
