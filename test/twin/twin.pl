#!/usr/bin/perl
#
# twin.pl WORK: the heap twin, against the server that PGHOST names.
#
# Each round makes a random table and loads it into a heap table and into a
# rusts table, the latter in five states: all rows hot, all in segments, mixed,
# eager (flushed after every commit) and bulk (commands write segments).  Both
# get the same statements (Statements.pm), serial and parallel,
# and the same changes (Changes.pm).  The heap's output is what is expected;
# every statement whose output or SQLSTATE differs is a failure and is shown
# with the seed and round that bring it back:
#
#   SEED=N ROUNDS=N [ONLY=ROUND] [SAMPLE=PERCENT]
#
# SAMPLE keeps a part of the reads and of the blocks of changes, chosen by
# their text: the same ones whatever else is kept.
#
# A session is a script for psql: the same text in another schema, with the
# table access method in variables.
use strict;
use warnings;

use Digest::MD5 qw(md5);
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Types qw(all_types chance pick rint);
use Tables qw(make_table create_sql load_sql);
use Statements qw(reads index_reads $WHOLE helpers);
use Changes qw(blocks history);
use Session qw(new_work run_psql ask outputs shorten);

my $work = shift or die "usage: twin.pl WORK\n";
my $seed = $ENV{SEED} // 1;
my $rounds = $ENV{ROUNDS} // 5;
my $sample = $ENV{SAMPLE} // (defined $ENV{ROUNDS} ? 100 : 20);
my $columns_per_round = 10;
my $shown_per_session = 12;

my ($passed, $failed) = (0, 0);
my (%refused, %parallel_plans);
my $have_options = 1;
my $have_flush = 1;
my @states = ('hot', 'segments', 'mixed', 'eager', 'bulk');

new_work($work);
binmode STDOUT;
$| = 1;
main();

sub main
{
	my @decks = deal($rounds);

	set_up();
	foreach my $round (1 .. $rounds)
	{
		next if defined $ENV{ONLY} && $ENV{ONLY} != $round;
		run_round($round, $decks[ $round - 1 ]);
	}
	print "refused on rows in segments: $_ ($refused{$_} times)\n" foreach sort keys %refused;
	print "$passed passed, $failed failed\n";
	exit($failed ? 1 : 0);
}

# Types for each round: every type comes up before any comes up again.
sub deal
{
	my ($n) = @_;
	my (@decks, @deck);

	srand($seed);
	foreach (1 .. $n)
	{
		my @hand;
		while (@hand < $columns_per_round)
		{
			@deck = map { $_->[1] } sort { $a->[0] <=> $b->[0] } map { [ rand, $_ ] } all_types()
			  unless @deck;
			push @hand, shift @deck;
		}
		push @decks, \@hand;
	}
	return @decks;
}

sub set_up
{
	my ($out, $err) = run_psql('setup', join(";\n", 'CREATE EXTENSION IF NOT EXISTS rusts',
			'CREATE ROLE twin_reader', 'CREATE TYPE twin_pair AS (a int, b text)',
			q{CREATE TYPE twin_mood AS ENUM ('sad', 'ok', 'happy')},
			'CREATE DOMAIN twin_positive AS int CHECK (VALUE > 0)', helpers()) . ";\n");

	die "set-up failed: $err" if $err =~ /ERROR/;
	$have_options = defined ask(q{CREATE TABLE probe (t timestamptz) USING rusts WITH (rusts.segment_rows = 1024)});
	$have_flush = defined ask(q{SELECT 'rusts.flush(regclass)'::regprocedure});
	ask('DROP TABLE IF EXISTS probe');
	missing('storage parameters (rusts.segment_rows ...)') unless $have_options;
	missing('rusts.flush: all three states are hot rows') unless $have_flush;
}

# What cannot be tested is a failure, not a pass.
sub missing
{
	print "not ok  not there: $_[0]\n";
	$failed++;
}

sub run_round
{
	my ($round, $types) = @_;
	my ($table, $plan, $expected, $described);

	srand($seed * 100003 + $round);
	system('rm', '-f', glob "$work/r*");
	$table = make_table($types, "$work/r$round");
	$plan = make_plan($table);
	$described = sprintf '%d rows, %s', $table->{rows},
	  join ', ', map { $_->{name} . ' ' . $_->{type}{sql} } @{ $table->{columns} };
	print "round $round: $described\n        ", using($table, 'rusts'), "\n";
	$table->{switches} = chance(0.4) ? $round : 0;
	$table->{bulk_rows} = pick(1, 50, 700);

	ask('DROP SCHEMA IF EXISTS twin_heap CASCADE; CREATE SCHEMA twin_heap; CREATE SCHEMA IF NOT EXISTS twin_rusts');
	$expected = outputs('session-heap', session_script($table, $plan, 'heap', 'heap'));
	die "the heap was not loaded:\n" . substr($expected->{err}, 0, 2000)
	  unless (ask('SELECT count(*) FROM twin_heap.source') // -1) == $table->{rows};
	foreach my $state (@states)
	{
		ask('DROP SCHEMA IF EXISTS twin_rusts CASCADE; CREATE SCHEMA twin_rusts');
		compare($round, $state, $plan, $expected,
			outputs("session-$state", session_script($table, $plan, 'rusts', $state)));
	}
}

# Whether the sample holds a thing of this name.
sub sampled
{
	my ($name, $percent) = @_;
	return unpack('N', md5("$seed $name")) % 100 < ($percent // $sample);
}

# A part of a list of statements: those that later ones may need stay.  Fewer
# of the parallel ones, because starting workers costs more than the rest.
sub some
{
	my ($prefix, @statements) = @_;
	my $percent = $prefix eq 'parallel' && $sample < 100 ? $sample / 2 : $sample;
	return grep { $_->[1] !~ /^(?:SELECT|WITH|\\copy|CREATE INDEX t_i)/ || sampled("$prefix$_->[1]", $percent) } @statements;
}

sub parallel_settings
{
	return map { [ 'parallel' => "SET $_" ] } 'max_parallel_workers_per_gather = ' . (1 + rint(2)),
	  'parallel_setup_cost = 0', 'parallel_tuple_cost = 0', 'min_parallel_table_scan_size = 0',
	  'min_parallel_index_scan_size = 0', 'parallel_leader_participation = ' . (chance(0.3) ? 'off' : 'on');
}

# Few workers for the changes: starting them takes most of the time.
sub changes_settings
{
	my $workers = chance(0.2) ? 2 : 0;
	return map { [ 'settings' => $_ ] } (map { "RESET $_" } qw(enable_seqscan enable_indexonlyscan enable_hashjoin enable_indexscan enable_bitmapscan)),
	  "SET max_parallel_workers_per_gather = $workers", "SET max_parallel_maintenance_workers = $workers";
}

# The statements of a round: load steps, then items with label, sql and block.
sub make_plan
{
	my ($table) = @_;
	my @plan;
	my @reads = reads($table);
	my @changes = blocks($table);
	my $add = sub {
		my ($prefix, $block, @statements) = @_;
		push @plan, { label => $prefix . $_->[0], sql => $_->[1], block => $block } foreach @statements;
	};

	$add->('', undef, [ 'isolation' => q{SET default_transaction_isolation = '} . pick('repeatable read', 'serializable') . q{'} ])
	  if chance(0.3);
	$add->('', undef, [ 'loaded' => $WHOLE ], [ 'rows are where they should be' => 'STATE' ], [ 'sound' => 'VERIFY' ]);
	$add->('', undef, [ 'serial' => 'SET max_parallel_workers_per_gather = 0' ]);
	$add->('serial: ', undef, some('serial', @reads));
	$add->('', undef, parallel_settings());
	$add->('', undef, [ 'parallel plan' => q{SELECT twin_uses('Workers Planned', 'SELECT count(*), sum(id) FROM t WHERE id > -1')} ])
	  if $table->{rows} > 1000;
	$add->('parallel: ', undef, some('parallel', @reads));
	$add->('', undef, [ 'indexes' => 'SET max_parallel_workers_per_gather = 0' ]) if chance(0.7);
	$add->('', undef, [ 'indexes' => 'SET max_parallel_maintenance_workers = 0' ]) if chance(0.7);
	$add->('', undef, map { [ 'indexes' => "SET $_" ] } 'enable_seqscan = off',
		pick('enable_indexonlyscan = off', 'enable_hashjoin = off', 'enable_indexscan = off', 'enable_bitmapscan = off'));
	$add->('', undef, some('index', index_reads($table)));
	$add->('', undef, changes_settings(), map { [ 'drop index' => "DROP INDEX IF EXISTS $_" ] } index_names($table));
	foreach my $block (grep { sampled($_->{name} . join ' ', map { $_->{type}{sql} } @{ $table->{columns} }) } @changes)
	{
		$add->('', $block, [ 'begin' => 'BEGIN' ], @{ $block->{statements} }, [ 'rollback' => 'ROLLBACK' ]);
	}
	$add->('', undef, [ 'after blocks' => $WHOLE ], history($table), [ 'still sound' => 'VERIFY' ]);
	return \@plan;
}

sub index_names
{
	my ($table) = @_;
	return ('t_id', 't_expr', map { "t_i$_" } 1 .. 2 * @{ $table->{columns} });
}

sub settings
{
	return "SET timezone = 'UTC'; SET client_min_messages = warning; SET statement_timeout = '60s'";
}

sub flush_script
{
	my ($state) = @_;
	return '' if $state eq 'heap' || $state eq 'hot' || !$have_flush;
	return "\\o /dev/null\nSELECT rusts.flush('t');\n\\o\n";
}

# Whether the rows are where the state says; a heap always answers true.
sub state_script
{
	my ($state) = @_;
	my $in_segments = q{(SELECT coalesce(sum(rows), 0) FROM rusts.segments('t'))};

	return "SELECT $in_segments = 0;\n" if $state eq 'hot';
	return "SELECT $in_segments = (SELECT count(*) FROM t);\n" if $state eq 'segments' && $have_flush;
	return "SELECT true;\n";
}

# What rusts.verify has to say; nothing, as for a heap.
sub verify_script
{
	my ($state) = @_;
	return $state eq 'heap' ? '' : "SELECT * FROM rusts.verify('t');\n";
}

# A statement as psql takes it; words in capitals stand for what differs.
sub command
{
	my ($sql, $state) = @_;

	return flush_script($state) if $sql eq 'FLUSH';
	return state_script($state) if $sql eq 'STATE';
	return verify_script($state) if $sql eq 'VERIFY';
	return $sql =~ /^\\/ ? "$sql\n" : "$sql;\n";
}

sub using
{
	my ($table, $am) = @_;
	my %options = %{ $table->{options} };

	return 'USING heap' if $am eq 'heap';
	return 'USING rusts' unless $have_options;
	return 'USING rusts WITH (' . join(', ', map { "$_ = '$options{$_}'" } sort keys %options) . ')'
	  if %options;
	return 'USING rusts';
}

# Statements that create and load the table.  Where the flushes are makes the
# state; where a column is added is the same for all.
sub load_script
{
	my ($table, $am, $state) = @_;
	my @pieces = @{ $table->{pieces} };
	my $late_after = $table->{late} && @pieces > 1 ? 0 : -1;
	my $script = join '', map { "$_;\n" } create_sql($table, using($table, $am));

	foreach my $n (0 .. $#pieces)
	{
		$script .= join '', map { /^\\/ ? "$_\n" : "$_;\n" } load_sql($table, $n);
		$script .= flush_script($state) if $state eq 'segments' || $n < $#pieces;
		$script .= "ALTER TABLE t ADD COLUMN $table->{late};\n" if $n == $late_after;
	}
	$script .= 'CREATE TABLE source AS SELECT ' . join(', ', map { $_->{name} } @{ $table->{columns} }) . " FROM t;\n"
	  if $am eq 'heap';
	return $script;
}

sub session_script
{
	my ($table, $plan, $am, $state) = @_;
	my $script = <<"SQL";
\\set VERBOSITY verbose
\\set am $am
\\set using 'USING $am'
SET search_path = twin_$am, public;
@{[ settings() ]};
SQL
	my $n = 0;

	$script .= "SELECT set_config(name, 'off', false) FROM pg_settings WHERE name ~ '^rusts.enable_' AND ascii(md5(name || '$table->{switches}')) % 2 = 0 \\g /dev/null\n"
	  if $table->{switches} && $am eq 'rusts';
	$script .= "LOAD 'rusts_commitflush'; SET rusts.flush_every_commit = on;\n" if $state eq 'eager';
	$script .= "SET rusts.bulk_rows = $table->{bulk_rows}; SET rusts.bulk_memory = '1MB';\n" if $state eq 'bulk';
	$script .= load_script($table, $am, $state);
	$script .= "\\set ON_ERROR_ROLLBACK on\n";
	foreach my $item (@$plan)
	{
		$script .= "\\echo \@\@$n\n" . command($item->{sql}, $state) . "\\echo :SQLSTATE\n";
		$n++;
	}
	return $script;
}

sub compare
{
	my ($round, $state, $plan, $expected, $got) = @_;
	my %seen = (shown => 0, passed => 0, failed => 0);
	my %refused_block;

	foreach my $n (0 .. $#$plan)
	{
		my $item = $plan->[$n];
		my ($want, $have) = ($expected->{outputs}[$n], $got->{outputs}[$n]);

		last unless defined $want && defined $have;
		next if $item->{block} && $refused_block{ $item->{block} };
		if ($want eq $have)
		{
			$seen{passed}++;
		}
		elsif ($state ne 'hot' && is_refusal($item, $want, $have))
		{
			$refused_block{ $item->{block} } = 1;
			$refused{ $item->{block}{name} }++;
		}
		else
		{
			$seen{failed}++;
			show($round, $state, $item, $want, $have, $got->{err}) if $seen{shown}++ < $shown_per_session;
		}
	}
	check_end($round, $state, $plan, $expected, $got, \%seen);
	check_hints($round, $state, $expected, $got, \%seen);
	printf "%s  round %d %-8s %d statements, %d differ\n", $seen{failed} ? 'not ok' : 'ok    ',
	  $round, $state, $seen{passed} + $seen{failed}, $seen{failed};
	$passed += $seen{passed};
	$failed += $seen{failed};
}

sub is_refusal
{
	my ($item, $want, $have) = @_;
	return $item->{block} && $item->{block}{may_refuse} && $have =~ /^0A000$/m && $want =~ /^00000$/m;
}

sub show
{
	my ($round, $state, $item, $want, $have) = @_;
	print "    SEED=$seed ONLY=$round state $state, \"", shorten($item->{label}), "\"\n",
	  '  statement ', shorten($item->{sql}), "\n",
	  '  expected  ', shorten($want), '  got       ', shorten($have), "\n";
}

# A session that did not reach its end lost the server, or psql gave up.
sub check_end
{
	my ($round, $state, $plan, $expected, $got, $seen) = @_;
	my $reached = grep { defined } @{ $got->{outputs} };

	die "the heap's session failed:\n" . substr($expected->{err}, -2000) unless $expected->{complete};
	return if $got->{complete};
	$seen->{failed}++;
	print "    SEED=$seed ONLY=$round state $state, the session ended before \"",
	  shorten($plan->[$reached]{label}), "\"\n  statement ", shorten($plan->[$reached]{sql}),
	  "\n  got       ", shorten(substr $got->{err}, -400), "\n";
}

# A refusal of ours says what to do instead.
sub check_hints
{
	my ($round, $state, $expected, $got, $seen) = @_;
	my %bare;

	while ($got->{err} =~ /^ERROR:  0A000: (.*)\n((?:(?!ERROR:).*\n)*)/mg)
	{
		my ($message, $rest) = ($1, $2);
		$bare{$message}++ if index($expected->{err}, $message) < 0 && $rest !~ /^HINT:/m;
	}
	foreach my $message (sort keys %bare)
	{
		$seen->{failed}++;
		print "    SEED=$seed ONLY=$round state $state, refused without a hint: $message\n";
	}
}
