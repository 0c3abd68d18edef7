#!/usr/bin/perl
#
# dml.pl WORK LOG: concurrent changes of a heap and a rusts table, in lockstep,
# on the server that PGHOST names and that logs to LOG.
#
# There are tables of the same shape (Shapes.pm) in two schemas, and a pair of
# sessions for each number: one that uses the heap, one that uses rusts.  A
# step sends one statement (Traffic.pm) to both of a pair and lets all
# processes come to rest (Sides.pm).  Then each session is idle or waits for a
# lock, and on both sides
#
#   - the same sessions wait;
#   - statements that ended have the same SQLSTATE or the same command tag
#     (with its number of rows) and the same rows.
#
# A statement that ended and was compared is a test.  Between steps the rusts
# tables are flushed, compacted and vacuumed at random, and in some rounds sessions flush
# after their commits (rusts.flush_every_commit).  A round ends with all
# transactions, and then the tables are compared and checked (Checks.pm).
#
# What may differ:
#
#   Serializable.  An error 40001 in a SERIALIZABLE transaction may come on one
#   side alone.  Both are then rolled back.  In the end neither side must have
#   had many more of them.
#
#   Repeatable read.  That a row was changed by a transaction that has committed
#   may show at once on one side, while the other one waits for those who hold
#   the row's newer versions before it fails with 40001, too.  They are rolled
#   back on both sides, so that it gets there.
#
#   Deadlocks.  Who waits last finds the deadlock, and that is the same session
#   as a rule.  If each side had a deadlock in a step, and not the same
#   sessions, the round is given up, neither passed nor failed.  A deadlock on
#   one side alone is a failure, and so are many rounds that were given up.
#
# A difference ends its round.  About one statement in 20,000 has one that is
# nobody's fault, so a difference is to be looked at, and the suite is not in
# the short check.  Those that were looked at:
#
#   Several sessions wait for a row, and another one of them gets it first.  A
#   row that a flush has moved has another lock to queue for.
#   A flush that belongs to a session's open transaction (eager rounds) is
#   waited for.
#   FOR KEY SHARE with NOWAIT or SKIP LOCKED on a row that was updated before
#   and is being updated again, its keys left alone: a heap refuses as it
#   follows the row's versions; in a segment there is nothing to follow, and
#   the lock is given, as it would be on a row that was not updated before.
#   A heap can lose a lock: FOR KEY SHARE waits for an update of an update; both
#   roll back, and the next update that was waiting makes a version without the
#   lock.  Here it keeps it.
#   FOR KEY SHARE with NOWAIT or SKIP LOCKED on a row that was updated before
#   and is being deleted: a heap waits all the same as it follows the versions.
#   If the newer one is in a segment, it is not waited for.
#   A heap can give a lock twice: FOR KEY SHARE waits for a newer version to be
#   deleted; that rolls back, another session gets the row FOR UPDATE first, and
#   the lock is given beside it.  Here it is refused, or waits.
#   An update after FOR UPDATE by the same subtransaction counts as one of the
#   keys, unless the version has older locks of the same transaction, which the
#   first hot version of a segment row has not.  FOR KEY SHARE then gives the
#   newest version instead of the one that the statement sees.
#   A deferred constraint is checked for rows that got new index entries.  An
#   update of a segment row makes some where a heap's makes a HOT version, so that
#   COMMIT waits for a row that another session has inserted meanwhile.
#   A deadlock on heap where rusts has 40001: at REPEATABLE READ the heap waited
#   for a newer version's holder first.
#
# SEED, ROUNDS, STATEMENTS, ONLY, SESSIONS, TWIN,
# FLUSH, KEEP: see run.
#
use strict;
use warnings;

use FindBin;
use IO::Handle;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Checks qw(check_tables);
use Shapes qw(make_shape using helpers);
use Sides;
use Traffic;
use Types qw(chance pick);

my $CLIENTS = q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'};

use constant { HISTORY => 8, PULSE => 'SELECT FROM pg_am LIMIT 0' };

my ($work, $log) = @ARGV;
die "usage: dml.pl WORK LOG\n" unless defined $log;
my $seed = $ENV{SEED} // 1;
my $rounds = $ENV{ROUNDS} // 20;
my $statements = $ENV{STATEMENTS} // 1000;
my $n = $ENV{SESSIONS} // 4;
my $twin = $ENV{TWIN} // 'rusts';
my $flush = $twin eq 'rusts' && ($ENV{FLUSH} // 1);
my @sides = ('heap', $twin eq 'heap' ? 'heap' : 'rusts');
my @schemas = ('dml_heap', 'dml_rusts');

my ($passed, $failed, $given_up) = (0, 0, 0);
my (%count, %seen);
my ($sides, $admin, $traffic, $shape, $round, $step, $eager, $often, $compact);
my (@history, $trace);

$| = 1;
$SIG{TERM} = $SIG{INT} = sub { exit 143 };
$SIG{PIPE} = 'IGNORE';
END { my $status = $?; $sides->close if $sides; $? = $status }
eval { main() };
print "the driver failed: $@";
exit 2;

sub main
{
	my $started = time;

	$admin = Sides::open_line();
	administer($_) foreach 'CREATE EXTENSION rusts', 'CREATE EXTENSION amcheck', helpers();
	$compact = $flush
	  && administer(q{SELECT to_regprocedure('rusts.compact(regclass,boolean)')}) ne '';
	foreach (1 .. $rounds)
	{
		next if defined $ENV{ONLY} && $ENV{ONLY} != $_;
		$round = $_;
		srand($seed * 100003 + $round);
		my $problem = eval { run_round(); '' } // $@;
		# a difference has been reported and counted
		eval { fail("the round could not go on: $problem") } if $problem !~ /^(?:end of round)?$/;
		end_round();
	}
	judge_serializable();
	describe(time - $started);
	print "$passed passed, $failed failed\n";
	exit($failed ? 1 : 0);
}

sub administer
{
	my ($sql) = @_;
	my $answer = $admin->ask($sql);

	die "$sql: $answer\n" if $answer =~ /^ERROR/;
	return $answer;
}

# ---------- a round ----------

sub run_round
{
	$shape = make_shape($round);
	$eager = $flush && chance(0.25);
	$often = pick(0.01, 0.04, 0.15);
	create_tables();
	connect_all();
	$traffic = Traffic->new($shape, $n);
	if ($ENV{KEEP})
	{
		open $trace, '>', "$work/round-$round" or die "$work: $!\n";
		$trace->autoflush;
	}
	@history = map { [] } 0 .. $n;
	foreach (1 .. $statements)
	{
		$step = $_;
		next_step();
		maintain();
	}
	end_transactions();
	pass($_) foreach check_tables(\&administer, $shape, $flush, $sides[1]);
}

sub create_tables
{
	my @prepared = split /\n/, administer('SELECT gid FROM pg_prepared_xacts');

	administer("ROLLBACK PREPARED '$_'") foreach @prepared;
	foreach my $side (0, 1)
	{
		administer("DROP SCHEMA IF EXISTS $schemas[$side] CASCADE");
		administer("CREATE SCHEMA $schemas[$side]");
		administer("SET search_path = $schemas[$side], public");
		foreach my $sql (@{ $shape->{ddl} }, Traffic::functions(), @{ $shape->{load} })
		{
			my $using = using($shape, $sides[$side], $sql);
			administer($sql =~ s/:am/$using/gr);
		}
	}
	administer("SET search_path = $schemas[1], public; SET statement_timeout = '10s'");
	flush_tables() if $flush && chance(0.8);
}

# One pair more than there are sessions ends prepared transactions when no
# session is free.
sub connect_all
{
	my @setup = Traffic::session_setup();

	$sides = Sides->new(log => $log, sessions => $n + 1);
	foreach my $side (0, 1)
	{
		my @settings = ("SET search_path = $schemas[$side], public",
			plan_settings(), $side ? rusts_settings() : ());
		foreach my $i (0 .. $n)
		{
			$sides->must($sides->line($side, $i), $_) foreach @settings, @setup;
		}
	}
}

# What comes out does not depend on plans.
sub plan_settings
{
	return map { "SET $_ = off" } grep { chance(0.12) } qw(enable_seqscan enable_indexscan
	  enable_indexonlyscan enable_bitmapscan enable_hashjoin enable_nestloop);
}

sub rusts_settings
{
	my @settings;

	return if $twin eq 'heap';
	@settings = map { "SET rusts.$_ = off" } grep { chance(0.1) }
	  qw(enable_custom_scan enable_vectorized_agg enable_metadata_agg enable_pruning);
	push @settings, 'SET rusts.bulk_rows = 1' if $flush && chance(0.3);
	push @settings, q{LOAD 'rusts_commitflush'}, 'SET rusts.flush_every_commit = on' if $eager;
	return @settings;
}

# Whatever happened: no session and no prepared transaction stays.
sub end_round
{
	my @crashes = $sides && $sides->{crashes} ? @{ $sides->{crashes} } : ();

	$sides->close if $sides;
	undef $sides;
	close $trace if $trace;
	$trace = undef;
	if (@crashes)
	{
		$failed++;
		print "SEED=$seed ONLY=$round: the server crashed\n    $_\n" foreach @crashes;
	}
	foreach (1 .. 60)
	{
		last if eval { $admin = Sides::open_line(); 1 };
		sleep 1;
	}
	# sessions that were told to go hold their locks for a moment yet
	foreach (1 .. 100)
	{
		last if administer($CLIENTS) == 1;
		select undef, undef, undef, 0.05;
	}
}

# ---------- a step ----------

sub next_step
{
	my @free = grep { $sides->line(0, $_)->{doing} eq 'idle' } 0 .. $n - 1;
	my @blocked = grep { $sides->line(0, $_)->{doing} eq 'blocked' } 0 .. $n - 1;

	return cancel_one(pick(@blocked)) if @blocked && chance(0.01);
	if (@free)
	{
		my $i = pick(@free);
		return send_step($i, $traffic->next($i));
	}
	my $sql = $traffic->resolve;
	return $sql eq '' ? cancel_one(pick(@blocked)) : send_step($n, $sql);
}

sub send_step
{
	my ($i, $sql) = @_;
	my $flushing;

	pulse($sides->line(1, $i)) if $eager;
	$flushing = begin_flush($sql) if $flush && chance(0.03);
	note($i, $sql);
	$traffic->sent($i) if $i < $n;
	$sides->line($_, $i)->send(side_text($_, $sql)) foreach 0, 1;
	end_flush($i) if $flushing;
	settle_and_compare($i);
}

sub side_text
{
	my ($side, $sql) = @_;
	return $sql =~ s/:side/$sides[$side]$side/gr;
}

# The flush belongs to the transaction of the session's next statement.  It
# must not last as long as a statement that waits.
sub pulse
{
	my ($line) = @_;
	return if $line->{xact} ne 'I';
	return if chance(0.5) && !grep { $_->{xact} ne 'I' || $_->{doing} ne 'idle' } $sides->all;
	$sides->must($line, PULSE);
	$line->{xact} = 'I';
}

sub cancel_one
{
	my ($i) = @_;

	note($i, '(cancel)');
	$count{cancels}++;
	$sides->cancel($sides->pair($i));
	settle_and_compare($i);
}

sub note
{
	my ($i, $text) = @_;

	push @{ $history[$i] }, "$step: $text";
	shift @{ $history[$i] } if @{ $history[$i] } > HISTORY;
	print $trace "$step [$i] $text\n" if $trace;
}

sub settle_and_compare
{
	my ($actor) = @_;

	$_->{pending} = 1 foreach $sides->pair($actor);
	settle();
	settle() while repair();
	compare_deadlocks();
	compare($_) foreach grep { $sides->line(0, $_)->{pending} } 0 .. $n;
}

sub settle
{
	my ($released) = @_;

	$sides->settle($released) or fail('a statement neither ended nor waited for a lock: '
		  . join '; ', map { "$_->{pid} $_->{sql}" } grep { $_->{doing} eq 'running' } $sides->all);
}

# ---------- comparing ----------

sub compare
{
	my ($i) = @_;
	my ($heap, $rusts) = $sides->pair($i);

	return differ($i) if $heap->{doing} ne $rusts->{doing};
	if ($heap->{doing} eq 'blocked')
	{
		$count{waits}++ if $heap->{pending} == 1;
		$_->{pending} = 2 foreach $heap, $rusts;
		return;
	}
	return differ($i)
	  if $heap->{outcome} ne $rusts->{outcome}
	  || $heap->{xact} ne $rusts->{xact}
	  || $heap->{error} =~ /^(?:XX|LOST)/;
	$_->{pending} = 0 foreach $heap, $rusts;
	finished($i, $heap);
	$passed++;
}

# The statement as Traffic.pm knows it.
sub finished
{
	my ($i, $line) = @_;
	my $sql = $line->{sql} =~ s/'$sides[0]0 (\d+)'/':side $1'/r;

	$seen{ $line->{error} || '00000' }++;
	$count{both}++
	  if $line->{error} eq '40001' && $traffic->{sessions}[$i]{level} eq 'SERIALIZABLE';
	print $trace "    [$i] ", $line->{outcome} =~ s/\n/ /gr, "\n" if $trace;
	$traffic->answered($i, $sql, $line) if $i < $n;
	$traffic->note_prepared($sql) if $i == $n && $line->{error} eq '';
}

sub compare_deadlocks
{
	my @victims = map { join ' ', victims($_) } 0, 1;

	$count{deadlocks}++ if $victims[0] ne '' && $victims[0] eq $victims[1];
	return if $victims[0] eq $victims[1] || $victims[0] eq '' || $victims[1] eq '';
	give_up("a deadlock of session $victims[0] on heap, of $victims[1] on rusts");
}

sub victims
{
	my ($side) = @_;
	my @lines = @{ $sides->{lines}[$side] };
	return grep { ended($lines[$_]) && $lines[$_]{error} eq '40P01' } 0 .. $n - 1;
}

# With an answer that has not been compared yet.
sub ended
{
	my ($line) = @_;
	return $line->{pending} && $line->{doing} eq 'idle';
}

# ---------- failures that one side may have alone ----------

# Deal with the first of those; false: there is none.  Only a transaction that
# keeps its snapshot fails so, and never one statement by itself.
sub repair
{
	foreach my $i (0 .. $n - 1)
	{
		my @pair = $sides->pair($i);
		my $level = $traffic->{sessions}[$i]{level};
		my @failed = grep { ended($_) && $_->{error} eq '40001' } @pair;

		next if @failed != 1 || $level !~ /^(?:SERIALIZABLE|REPEATABLE READ)$/;
		if ($level eq 'SERIALIZABLE')
		{
			$count{ $failed[0] == $pair[0] ? 'heap alone' : 'rusts alone' }++;
			roll_back($i, @pair);
			return 1;
		}
		my ($late) = grep { $_->{doing} eq 'blocked' } @pair or next;
		$count{ $late == $pair[0] ? 'heap late' : 'rusts late' }++;
		outlast($late);
		return 1;
	}
	return 0;
}

# Roll back those it waits for, until it is through: it has to fail as well.
sub outlast
{
	my ($line) = @_;
	my %number = map { $sides->line(0, $_)->{pid} => $_, $sides->line(1, $_)->{pid} => $_ } 0 .. $n;

	while ($line->{doing} eq 'blocked')
	{
		my ($pid) = split ' ', $sides->blockers($line)->{ $line->{pid} };
		if (!defined $pid)
		{
			settle(1);
		}
		elsif ($pid == 0)
		{
			send_both($n, $_) foreach $traffic->undo;
		}
		else
		{
			roll_back($number{$pid}, $sides->pair($number{$pid}));
		}
	}
}

# It is not compared.
sub send_both
{
	my ($i, $sql) = @_;

	note($i, $sql);
	$sides->line($_, $i)->send(side_text($_, $sql)) foreach 0, 1;
	settle();
	$_->{pending} = 0 foreach $sides->pair($i);
	$traffic->note_prepared($sql);
}

sub roll_back
{
	my ($i, @pair) = @_;

	note($i, '(rolled back on both sides)');
	$sides->cancel(@pair);
	foreach my $side (0, 1)
	{
		my $line = $pair[$side];
		my $undo = 'ROLLBACK';

		if ($line->{error} eq '')
		{
			$undo = "ROLLBACK PREPARED $1" if $line->{sql} =~ /^PREPARE TRANSACTION (.*)/;
			give_up("session $i has committed on one side")
			  if $undo eq 'ROLLBACK' && $line->{pending} && $line->{xact} eq 'I';
		}
		$line->send($undo);
	}
	settle();
	$_->{pending} = 0 foreach @pair;
	$traffic->answered($i, 'ROLLBACK', $pair[0]);
}

# Much more often means that rusts finds conflicts where there are none, or that
# it misses some.
sub judge_serializable
{
	my ($heap, $rusts) =
	  map { ($count{both} // 0) + ($count{"$_ alone"} // 0) } 'heap', 'rusts';

	return if $rusts <= 3 * $heap + 50 && $heap <= 3 * $rusts + 50;
	$failed++;
	print "not ok serializable transactions failed $heap times on heap and $rusts times on rusts\n";
}

# ---------- flush and vacuum ----------

sub maintain
{
	if ($flush && chance($often))
	{
		flush_tables();
	}
	elsif (chance(0.006))
	{
		vacuum_tables();
	}
	elsif ($twin eq 'rusts' && chance(0.002))
	{
		verify_tables();
	}
	elsif ($compact && chance(0.01))
	{
		compact_table();
	}
}

sub compact_table
{
	my $table = pick(@{ $shape->{flushed} });
	my $full = pick('true', 'false');

	$count{compacted} += administer("SELECT rusts.compact('$table', $full)");
	print $trace "compact $table\n" if $trace;
}

sub flush_tables
{
	foreach my $table (grep { chance(0.8) } @{ $shape->{flushed} })
	{
		$count{flushed} += administer("SELECT rusts.flush('$table')");
	}
	print $trace "flush\n" if $trace;
}

# A flush or a compaction that is under way while the statement is executed,
# which may have to wait for it, then goes on as if nothing had been.  Not if the statement
# takes notice of who holds a row, nor if others wait, whom it would let pass.
sub begin_flush
{
	my ($sql) = @_;

	return 0 if $sql =~ /NOWAIT|SKIP LOCKED|^FETCH/ || grep { $_->{doing} ne 'idle' } $sides->all;
	administer('BEGIN');
	$compact && chance(0.3) ? compact_table() : flush_tables();
	return 1;
}

sub end_flush
{
	my ($i) = @_;
	my ($heap, $rusts) = $sides->pair($i);

	settle();
	$count{behind}++ if $rusts->{doing} eq 'blocked' && $heap->{doing} eq 'idle';
	administer(chance(0.8) ? 'COMMIT' : 'ROLLBACK');
	settle(1);
}

# An open cursor may keep a page of an index that VACUUM wants for itself, so
# that it waits until its timeout.
sub vacuum_tables
{
	my $table = pick(@{ $shape->{flushed} });
	my $options = pick('', 'FREEZE, ', 'ANALYZE, ', 'INDEX_CLEANUP on, ');
	my $answer;

	administer(q{SET statement_timeout = '200ms'});
	$answer = $admin->ask("VACUUM (${options}TRUNCATE off) $table");
	administer(q{SET statement_timeout = '10s'});
	$count{vacuums}++;
	die "VACUUM: $answer\n" if $answer =~ /^ERROR (?!57014)/;
	print $trace "vacuum $table\n" if $trace;
}

sub verify_tables
{
	foreach my $table (@{ $shape->{flushed} })
	{
		my $said = administer("SELECT * FROM rusts.verify('$table')");
		fail("rusts.verify('$table'): $said") if $said ne '';
	}
}

# ---------- the end of a round ----------

sub end_transactions
{
	my $patience = 20 * $n;

	while ($patience--)
	{
		$step++;
		my @free = grep { $sides->line(0, $_)->{doing} eq 'idle' && $traffic->ending($_) ne '' }
		  0 .. $n - 1;
		my $i = @free ? pick(@free) : $n;
		my $sql = @free ? $traffic->ending($i) : $traffic->resolve;
		last if $sql eq '';
		send_step($i, $sql);
	}
	fail('sessions still wait when all transactions have ended')
	  if grep { $_->{doing} ne 'idle' || $_->{xact} ne 'I' } $sides->all;
}

sub pass
{
	my ($problem) = @_;

	return $passed++ if $problem eq '';
	fail("at the end: $problem");
}

# ---------- reports ----------

sub fail
{
	my ($what) = @_;

	$failed++;
	print "not ok round $round ($shape->{name}), step $step: $what\n", again(), histories();
	die "end of round\n";
}

sub give_up
{
	my ($why) = @_;

	$given_up++;
	print "round $round given up at step $step: $why\n";
	die "end of round\n";
}

sub differ
{
	my ($i) = @_;
	my @pair = $sides->pair($i);

	$failed++;
	print "not ok round $round ($shape->{name}), step $step, session $i\n", again(),
	  "    statement $pair[0]{sql}\n";
	foreach my $side (0, 1)
	{
		my $line = $pair[$side];
		my $outcome =
		  $line->{doing} eq 'blocked' ? rest($line) : "$line->{outcome} $line->{message}";
		my $name = $side && $twin eq 'heap' ? 'heap 2' : $sides[$side];

		printf "    %-9s %s, transaction %s\n", $name, shorten($outcome), $line->{xact};
	}
	print histories();
	die "end of round\n";
}

# Idle, or the sessions that it waits for; a prepared transaction has process 0.
sub rest
{
	my ($line) = @_;
	my %name = (0 => 'a prepared transaction');

	return "$line->{doing}, $line->{xact}" if $line->{doing} ne 'blocked';
	foreach my $i (0 .. $n)
	{
		$name{ $_->{pid} } = "session $i" foreach $sides->pair($i);
	}
	my @pids = split ' ', $sides->blockers($line)->{ $line->{pid} };
	return 'waits for ' . join ', ', map { $name{$_} // "process $_" } @pids;
}

sub again
{
	return "    SEED=$seed ONLY=$round ROUNDS=$rounds STATEMENTS=$statements SESSIONS=$n"
	  . join('', map { defined $ENV{$_} ? " $_=$ENV{$_}" : '' } qw(TWIN FLUSH)) . " test/dml/run\n";
}

sub histories
{
	my $text = '';

	foreach my $i (0 .. $n)
	{
		next unless @{ $history[$i] };
		my ($heap, $rusts) = map { rest($_) } $sides->pair($i);
		$text .= "    session $i (" . ($heap eq $rusts ? $heap : "$heap; $rusts") . "):\n";
		$text .= '        ' . shorten($_) . "\n" foreach @{ $history[$i] };
	}
	return $text;
}

sub shorten
{
	my ($text) = @_;
	$text =~ s/\n/ /g;
	return length $text > 400 ? substr($text, 0, 400) . '...' : $text;
}

sub describe
{
	my ($seconds) = @_;
	my %all = map { $_ => $count{$_} // 0 } 'waits', 'deadlocks', 'cancels', 'flushed', 'behind',
	  'compacted', 'vacuums', 'both', 'heap alone', 'rusts alone', 'heap late', 'rusts late';

	print join(', ', map { "$seen{$_} $_" } sort keys %seen), "\n";
	print "$all{waits} waits, $all{deadlocks} deadlocks, $all{cancels} cancels, ",
	  "$all{flushed} rows flushed, $all{behind} waits for a flush, ",
	  "$all{compacted} segments compacted, $all{vacuums} vacuums\n";
	print "40001 when serializable: $all{both} on both sides, ",
	  "$all{'heap alone'} on heap alone, $all{'rusts alone'} on rusts alone\n";
	print "40001 at repeatable read: later on heap $all{'heap late'}, ",
	  "later on rusts $all{'rusts late'}\n";
	print "$given_up rounds given up\n" if $given_up;
	$failed++ if $given_up > 2 + $rounds / 20;
	printf "%d statements a second\n", $passed / ($seconds || 1);
}
