#!/usr/bin/perl
#
# crash.pl BINDIR DATADIR LEDGERDIR ROUNDS SEED: rounds of load, kill, compare.
#
# Each round starts the server (or finds it restarted), runs the load of
# Load.pm, kills in one of several ways at a random moment, recovers, and
# compares:
#
#  - each acknowledged transaction is there, once and whole;
#  - each unacknowledged one is there whole or not at all;
#  - each is updated as often as was acknowledged, and what retention was seen
#    to have dropped stays so;
#  - accounts, their book and counters (Bank.pm) agree with each other, and with
#    what was acknowledged;
#  - aborted ones, and those whose delete was acknowledged, are not there;
#  - a sequential and an index scan agree;
#  - rusts.verify, amcheck and the visibility map have no complaint;
#  - the server's log has no PANIC, no failed assertion, no internal error.
#
# The tables live on from round to round, so that damage has time to show, and
# are made anew every TABLE_ROUNDS.  ACCESS_METHOD=heap shows that
# the suite itself has no complaint about a table that is known to be right.
#
use strict;
use warnings;

use POSIX ();
use Time::HiRes qw(sleep time);

use Bank;
use Client;
use Load;

use constant TABLE_ROUNDS => 8;

my ($bindir, $data, $ledger, $rounds, $seed) = @ARGV;
my $log = "$data/server.log";
my ($passed, $failed, $log_offset, $postmaster, %count) = (0, 0, 0, 0);
my $method = $ENV{ACCESS_METHOD} || 'rusts';
my @kills =
  qw(everything everything postmaster backend backend backend immediate recovery);

$| = 1;
my @load;
my $victim = '';

$SIG{TERM} = $SIG{INT} = sub { stop_load(); kill 'QUIT', $postmaster; exit 143 };

start_server();
for my $round (1 .. $rounds)
{
	srand $seed * 1000 + $round;
	my $fresh = ($round - 1) % TABLE_ROUNDS == 0;
	my $kill = $kills[ rand @kills ];
	my $after = 0.3 + rand 2.2;

	create_tables() if $fresh;
	start_load($round);
	sleep $after;
	kill_server($kill);
	wait_for_load();
	start_server() if $kill ne 'backend';
	my @problems = (compare(), log_problems());
	if (@problems)
	{
		$failed++;
		printf "not ok round %d (seed %d, %s after %.1f s)\n", $round, $seed,
		  $kill, $after;
		print "    $_\n" foreach @problems[ 0 .. ($#problems > 19 ? 19 : $#problems) ];
		# a damaged table would fail every later round as well
		create_tables();
	}
	else
	{
		$passed++;
		printf "ok     round %d (%s after %.1f s): %s\n", $round, $kill, $after,
		  describe();
	}
}
kill 'INT', $postmaster;
reap_postmaster();
print "$passed passed, $failed failed\n";
exit($failed ? 1 : 0);

# The postmaster is a child of ours, not of pg_ctl's, so that it can be reaped:
# where process 1 does not do that, a dead one would hold its pid file.
sub spawn_postmaster
{
	my $level = (qw(replica logical minimal))[ rand 3 ];
	my $senders = $level eq 'minimal' ? 0 : 5;

	reap_postmaster();
	# one that was shot before it could write its number into the lock file
	# leaves a file that only a person may remove
	unlink "$data/postmaster.pid" if -z "$data/postmaster.pid";
	$postmaster = fork // die "fork: $!";
	return if $postmaster;
	POSIX::setsid();
	open STDIN, '<', '/dev/null';
	open STDOUT, '>>', $log;
	open STDERR, '>&', \*STDOUT;
	# each start draws a wal_level: it decides which WAL is written at all
	exec("$bindir/postgres", '-D', $data, '-c', "wal_level=$level",
		'-c', "max_wal_senders=$senders")
	  or POSIX::_exit(127);
}

# Wait for the postmaster and for its processes, which notice its death only
# after a moment and hold its shared memory until then.
sub reap_postmaster
{
	my $deadline = time + 60;

	waitpid $postmaster, 0 if $postmaster;
	$postmaster = 0;
	while (grep { command_line($_) =~ /\S/ } own_processes())
	{
		die "the server's processes do not end" if time > $deadline;
		sleep 0.02;
	}
}

sub start_server
{
	my $deadline = time + 120;

	spawn_postmaster();
	until (system("'$bindir/pg_isready' -q -h '$data'") == 0)
	{
		die "the server does not start again:\n" . `tail -n 30 '$log'`
		  if time > $deadline || waitpid($postmaster, POSIX::WNOHANG()) != 0;
		sleep 0.05;
	}
}

sub command_line
{
	my ($pid) = @_;
	open my $in, '<', "/proc/$pid/cmdline" or return '';
	my $line = readline $in;
	return $line // '';
}

# Processes whose working directory is the data directory: ours, whoever
# their parent is by now.
sub own_processes
{
	return grep { (readlink("/proc/$_/cwd") // '') eq $data }
	  map { m{(\d+)$} } glob '/proc/[0-9]*';
}

sub kill_server
{
	my ($kind) = @_;

	if ($kind eq 'everything' || $kind eq 'recovery')
	{
		# none that it has just started may be left, waiting for the dead
		kill 'KILL', $postmaster;
		waitpid $postmaster, 0;
		$postmaster = 0;
		kill 'KILL', own_processes();
	}
	elsif ($kind eq 'postmaster')
	{
		kill 'KILL', $postmaster;
	}
	elsif ($kind eq 'immediate')
	{
		kill 'QUIT', $postmaster;
	}
	else
	{
		kill_backend();
	}
	kill_recovery() if $kind eq 'recovery';
}

# One process, of a random kind: a client's, the checkpointer, a worker.
sub kill_backend
{
	my %kinds;
	foreach my $pid (grep { $_ != $postmaster } own_processes())
	{
		my ($kind) = command_line($pid) =~ /^postgres:\s+(\w+ ?\w*)/ or next;
		push @{ $kinds{$kind} }, $pid;
	}
	my @names = sort keys %kinds;
	my $victims = $kinds{ $names[ rand @names ] };
	my $pid = $victims->[ rand @$victims ];
	$victim = command_line($pid) =~ s/[\s\0]+$//r;
	kill 'KILL', $pid;
}

# Start and shoot again while the log is being replayed.
sub kill_recovery
{
	spawn_postmaster();
	sleep 0.05 + rand 0.4;
	kill 'KILL', $postmaster;
	waitpid $postmaster, 0;
	$postmaster = 0;
	kill 'KILL', own_processes();
}

sub client
{
	return Client->new(bindir => $bindir, host => $data);
}

# Run a query, waiting for a server that is recovering from a crash.
sub query
{
	my ($sql) = @_;
	my $deadline = time + 120;

	while (1)
	{
		my $client = client();
		if ($client->run("$sql;"))
		{
			my @rows = @{ $client->{rows} };
			$client->close;
			return @rows;
		}
		die "$client->{error}\n"
		  if $client->error_kind ne 'lost' || time > $deadline;
		sleep 0.1;
	}
}

sub create_tables
{
	query(<<'SQL');
SET client_min_messages = warning;
DROP TABLE IF EXISTS metrics;
CREATE EXTENSION IF NOT EXISTS rusts;
CREATE EXTENSION IF NOT EXISTS amcheck;
CREATE EXTENSION IF NOT EXISTS pg_visibility;
SQL
	my $options = '';
	$options = "WITH (rusts.time = 'time', rusts.flush_age = '1s', rusts.flush_rows = 20000"
	  if $method eq 'rusts';
	query(<<SQL);
CREATE TABLE metrics (time timestamptz NOT NULL, writer int NOT NULL,
	txn bigint NOT NULL, seq int NOT NULL, k int NOT NULL, ver int NOT NULL,
	v float8, note text) USING $method
	${\($options && "$options, rusts.tags = 'writer', rusts.drop_after = '10000 days')")};
CREATE UNIQUE INDEX ON metrics (writer, txn, seq);
SQL
	query('SET client_min_messages = warning; '
		  . Bank::schema($method, $options && "$options)"));
	unlink glob "$ledger/*";
}

# Processes get ledgers of their own: the number is a column of the rows.
sub start_load
{
	my ($round) = @_;
	my @kinds = (qw(writer writer writer bulk bank bank bank reader maintenance index),
		$method eq 'rusts' ? qw(old flush compact) : ());
	my $number = 0;

	@load = map {
		Load::start($_, ++$number,
			bindir => $bindir,
			host => $data,
			ledger_dir => $ledger,
			seed => $seed * 1000 + $round,
			sessions => scalar @kinds,
			first_txn => $round * 1_000_000)
	} @kinds;
}

# After a kill every client loses its connection and its process ends; one that
# had none at that moment ends because it is asked to.
sub wait_for_load
{
	my $deadline = time + 60;
	kill 'USR1', @load;
	while (@load && time < $deadline)
	{
		@load = grep { waitpid($_, POSIX::WNOHANG()) == 0 } @load;
		sleep 0.02 if @load;
	}
	print "    the load did not notice that the server had gone: $victim\n" if @load;
	stop_load();
}

sub stop_load
{
	kill 'KILL', @load if @load;
	waitpid $_, 0 foreach @load;
	@load = ();
}

# What the ledgers say: for each "writer txn" how many rows there were, what
# is known about them, and how often they were updated; of Bank.pm's
# transactions, by what they are: tried or acknowledged.
sub read_ledgers
{
	my (%expect, %bank, @errors);
	%count = (try => 0, ack => 0);
	foreach my $file (glob "$ledger/*")
	{
		my ($writer) = $file =~ m{(\d+)$};
		open my $in, '<', $file or die "$file: $!";
		while (my $line = readline $in)
		{
			my ($what, $operation, $txn, $k, $target) = split ' ', $line;
			if ($what eq 'error')
			{
				push @errors, "process $writer: " . substr($line, 6, 300);
				next;
			}
			$count{$what}++;
			if ($operation =~ /^(?:pay|mark|none|back)$/)
			{
				$bank{$operation}{"$writer $txn"} = $what;
				next;
			}
			my $key = "$writer " . ($target || $txn);
			my $entry = $expect{$key} ||= { update => [ 0, 0 ] };
			$entry->{k} = $k unless $target;
			if ($operation eq 'update')
			{
				$entry->{update}[ $what eq 'ack' ]++;
			}
			else
			{
				$entry->{$operation} = $what;
			}
		}
	}
	return (\%expect, \%bank, @errors);
}

sub compare
{
	my ($expect, $bank, @problems) = read_ledgers();
	resolve_prepared();
	my ($rows, $by_index) = read_groups();
	my %found;

	push @problems, 'a sequential scan and an index scan differ'
	  if "@$rows" ne "@$by_index";
	foreach my $row (@$rows)
	{
		my ($writer, $txn, @values) = split /\|/, $row;
		$found{"$writer $txn"} = \@values;
	}
	$count{rows} = 0;
	foreach my $key (sort keys %found)
	{
		push @problems, compare_group($key, $expect->{$key}, @{ $found{$key} });
		$count{rows} += $found{$key}[0];
	}
	foreach my $key (sort keys %$expect)
	{
		my $entry = $expect->{$key};
		push @problems, "lost: transaction $key was acknowledged, is not there"
		  if ($entry->{insert} // '') eq 'ack'
		  && !$entry->{delete}
		  && !$entry->{drop}
		  && !$found{$key};
	}
	return (@problems, compare_bank($bank), tools());
}

# Writers' transactions by a sequential and by an index scan, under one snapshot:
# the maintenance worker may be dropping rows.
sub read_groups
{
	my $groups = 'SELECT writer, txn, count(*), max(seq), max(k), min(ver), '
	  . 'max(ver), count(DISTINCT seq) FROM metrics GROUP BY 1, 2 ORDER BY 1, 2;';
	my ($current, @answers) = (0, [], []);

	foreach my $row (query('BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL enable_indexscan = off; '
			  . 'SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_bitmapscan = off; '
			  . "$groups SELECT 'by index'; SET LOCAL enable_seqscan = off; "
			  . 'SET LOCAL enable_indexscan = on; SET LOCAL enable_indexonlyscan = on; '
			  . "SET LOCAL enable_sort = off; $groups COMMIT"))
	{
		if ($row eq 'by index') { $current = 1; }
		else { push @{ $answers[$current] }, $row; }
	}
	return @answers;
}

sub compare_group
{
	my ($key, $entry, $rows, $max_seq, $k, $min_ver, $max_ver, $distinct) = @_;
	my @problems;

	return "transaction $key is nobody's" unless $entry && $entry->{insert};
	push @problems, "transaction $key was dropped, is there"
	  if ($entry->{drop} // '') eq 'ack';
	# retention takes rows piece by piece
	push @problems, "transaction $key has $rows of $entry->{k} rows"
	  if $rows > $entry->{k} || $rows < $entry->{k} && !$entry->{drop};
	push @problems, "transaction $key has $distinct distinct rows of $rows"
	  if $distinct != $rows;
	push @problems, "transaction $key kept rows that were rolled back"
	  if $max_seq > $entry->{k};
	push @problems, "transaction $key was deleted, is there"
	  if ($entry->{delete} // '') eq 'ack';
	push @problems, "transaction $key is torn: updated $min_ver to $max_ver times"
	  if $min_ver != $max_ver;
	push @problems, "transaction $key was updated $min_ver times, "
	  . "$entry->{update}[1] acknowledged, $entry->{update}[0] tried"
	  if $min_ver < $entry->{update}[1] || $min_ver > $entry->{update}[0];
	return @problems;
}

# The invariants, each in all ways, and what was acknowledged.
sub compare_bank
{
	my ($bank) = @_;
	my %book = map { $_ => 1 } query("SELECT session || ' ' || txn FROM transfers");
	my @problems = query(Bank::check_script([ sort keys %Bank::ways ]));

	foreach my $txn (sort keys %{ $bank->{pay} })
	{
		push @problems, "transfer $txn was acknowledged, is not there"
		  if $bank->{pay}{$txn} eq 'ack' && !$book{$txn};
		delete $book{$txn};
	}
	# one that was prepared, not answered and lost may end either way
	delete @book{ grep { $bank->{back}{$_} eq 'try' } keys %{ $bank->{back} } };
	push @problems, map { "transfer $_ was not made, is there" } sort keys %book;
	return (@problems, compare_marks($bank->{mark}));
}

sub compare_marks
{
	my ($marks) = @_;
	my %found = map { split /\|/ } query(Bank::marks_query());
	my (%tried, %acked, @problems);

	foreach my $key (keys %$marks)
	{
		my ($session) = split ' ', $key;
		$tried{$session}++;
		$acked{$session}++ if $marks->{$key} eq 'ack';
	}
	foreach my $session (sort keys %tried, grep { !$tried{$_} } keys %found)
	{
		my ($n, $low, $high) =
		  map { $_ // 0 } ($found{$session}, $acked{$session}, $tried{$session});
		push @problems, "session $session has $n marks, $low acknowledged, $high tried"
		  if $n < $low || $n > $high;
	}
	return @problems;
}

# A transaction that was prepared but not answered may end either way.
sub resolve_prepared
{
	foreach my $gid (query('SELECT gid FROM pg_prepared_xacts'))
	{
		query((rand() < 0.5 ? 'COMMIT' : 'ROLLBACK') . " PREPARED '$gid'");
	}
}

# Our tables and their TOAST relations.
sub relations
{
	my $tables = join ', ', map { "'$_'::regclass" } 'metrics', @Bank::tables;
	return "(SELECT oid FROM pg_class WHERE oid IN ($tables) UNION ALL "
	  . "SELECT reltoastrelid FROM pg_class WHERE oid IN ($tables) AND reltoastrelid <> 0)";
}

# An index that CREATE INDEX CONCURRENTLY did not end is not valid.
sub tools
{
	my @problems;
	my $relations = relations();
	my %checks = (
		'bt_index_check' => qq{SELECT bt_index_check(indexrelid, true)
			FROM pg_index WHERE indisvalid AND indrelid IN $relations},
		'verify_heapam' => qq{SELECT c.oid::regclass, v.blkno, v.offnum, v.msg
			FROM pg_class c, verify_heapam(c.oid) v WHERE c.oid IN $relations
			AND c.relam = (SELECT oid FROM pg_am WHERE amname = 'heap')},
		'the visibility map' => qq{SELECT c.oid::regclass, v.t_ctid
			FROM pg_class c, pg_check_visible(c.oid) v WHERE c.oid IN $relations},
		'the frozen bits' => qq{SELECT c.oid::regclass, v.t_ctid
			FROM pg_class c, pg_check_frozen(c.oid) v WHERE c.oid IN $relations});
	foreach my $table ($method eq 'rusts' ? ('metrics', @Bank::tables) : ())
	{
		$checks{"rusts.verify of $table"} = "SELECT * FROM rusts.verify('$table')";
	}

	foreach my $name (sort keys %checks)
	{
		my @complaints = eval { grep { /\S/ } query("$checks{$name};") };
		push @complaints, $@ if $@;
		push @problems, map { "$name: $_" } @complaints;
	}
	return @problems;
}

# Internal errors and worse, since the last look.
sub log_problems
{
	open my $in, '<', $log or return;
	seek $in, $log_offset, 0;
	my @problems =
	  grep { /PANIC|TRAP:| XX\d\d\d (?:ERROR|FATAL)|signal (?:6|11|4|7)\b/ } readline $in;
	$log_offset = tell $in;
	chomp @problems;
	return map { "log: $_" } @problems;
}

sub describe
{
	my $text = "$count{ack} of $count{try} transactions acknowledged, $count{rows} rows";
	if ($method eq 'rusts')
	{
		my ($segments) = query(
			"SELECT count(*) || ' segments with ' || coalesce(sum(rows), 0) "
			  . "FROM rusts.segments('metrics')");
		$text .= ", $segments of them";
	}
	return $text;
}
