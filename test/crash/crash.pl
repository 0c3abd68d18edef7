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

use Client;
use Load;

use constant TABLE_ROUNDS => 8;

my ($bindir, $data, $ledger, $rounds, $seed) = @ARGV;
my $log = "$data/server.log";
my ($passed, $failed, $log_offset, $postmaster, %feature, %count) = (0, 0, 0, 0);
my @kills =
  qw(everything everything postmaster backend backend backend immediate recovery);

$| = 1;
my @load;

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
		kill 'KILL', $postmaster, own_processes();
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
	kill 'KILL', $victims->[ rand @$victims ];
}

# Start and shoot again while the log is being replayed.
sub kill_recovery
{
	spawn_postmaster();
	sleep 0.05 + rand 0.4;
	kill 'KILL', $postmaster, own_processes();
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
	($feature{$_}) = query("SELECT to_regprocedure('rusts.$_') IS NOT NULL")
	  foreach 'flush(regclass)', 'verify(regclass)', 'segments(regclass)',
	  'compact(regclass,boolean)';
	my $method = $ENV{ACCESS_METHOD} || 'rusts';
	my $options = '';
	$options = "WITH (rusts.time = 'time', rusts.tags = 'writer', "
	  . "rusts.flush_age = '1s', rusts.flush_rows = 20000)"
	  if $method eq 'rusts' && $feature{'flush(regclass)'} eq 't';
	query(<<SQL);
CREATE TABLE metrics (time timestamptz NOT NULL, writer int NOT NULL,
	txn bigint NOT NULL, seq int NOT NULL, k int NOT NULL, ver int NOT NULL,
	v float8, note text) USING $method $options;
CREATE UNIQUE INDEX ON metrics (writer, txn, seq);
SQL
	unlink glob "$ledger/*";
}

# Processes get ledgers of their own: the number is a column of the rows.
sub start_load
{
	my ($round) = @_;
	my @kinds = (qw(writer writer writer bulk maintenance reader),
		$feature{'flush(regclass)'} eq 't' ? 'flush' : ());
	my $number = 0;

	@load = map {
		Load::start($_, ++$number,
			bindir => $bindir,
			host => $data,
			ledger_dir => $ledger,
			seed => $seed * 1000 + $round,
			first_txn => $round * 1_000_000,
			compact => $feature{'compact(regclass,boolean)'} eq 't')
	} @kinds;
}

# After a kill every client loses its connection and its process ends.
sub wait_for_load
{
	my $deadline = time + 60;
	while (@load && time < $deadline)
	{
		@load = grep { waitpid($_, POSIX::WNOHANG()) == 0 } @load;
		sleep 0.02 if @load;
	}
	print "    the load did not notice that the server had gone\n" if @load;
	stop_load();
}

sub stop_load
{
	kill 'KILL', @load if @load;
	waitpid $_, 0 foreach @load;
	@load = ();
}

# What the ledgers say: for each "writer txn" how many rows there were, what
# is known about them, and how often they were updated.
sub read_ledgers
{
	my (%expect, @errors);
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
	return (\%expect, @errors);
}

sub compare
{
	my ($expect, @problems) = read_ledgers();
	resolve_prepared();
	my $groups = 'SELECT writer, txn, count(*), max(seq), max(k), min(ver), '
	  . 'max(ver), count(DISTINCT seq) FROM metrics GROUP BY 1, 2 ORDER BY 1, 2;';
	my @rows = query("SET enable_indexscan = off; SET enable_indexonlyscan = off; "
		  . "SET enable_bitmapscan = off; $groups");
	my @by_index = query("SET enable_seqscan = off; SET enable_bitmapscan = off; "
		  . "SET enable_sort = off; $groups");
	my %found;

	push @problems, 'a sequential scan and an index scan differ'
	  if "@rows" ne "@by_index";
	foreach my $row (@rows)
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
		  && !$found{$key};
	}
	return (@problems, tools());
}

sub compare_group
{
	my ($key, $entry, $rows, $max_seq, $k, $min_ver, $max_ver, $distinct) = @_;
	my @problems;

	return "transaction $key is nobody's" unless $entry && $entry->{insert};
	push @problems, "transaction $key has $rows of $entry->{k} rows"
	  if $rows != $entry->{k};
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

# A transaction that was prepared but not answered may end either way.
sub resolve_prepared
{
	foreach my $gid (query('SELECT gid FROM pg_prepared_xacts'))
	{
		query((rand() < 0.5 ? 'COMMIT' : 'ROLLBACK') . " PREPARED '$gid'");
	}
}

sub tools
{
	my @problems;
	my %checks = (
		'bt_index_check' => q{SELECT bt_index_check(indexrelid, true)
			FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
			WHERE 'metrics'::regclass IN (i.indrelid) OR i.indrelid =
			(SELECT reltoastrelid FROM pg_class WHERE oid = 'metrics'::regclass)},
		'verify_heapam of the TOAST relation' => q{SELECT v.blkno, v.offnum, v.msg
			FROM pg_class c, verify_heapam(c.reltoastrelid) v
			WHERE c.oid = 'metrics'::regclass},
		'the visibility map' => q{SELECT c.oid::regclass, v.t_ctid
			FROM pg_class c, pg_check_visible(c.oid) v
			WHERE c.oid = 'metrics'::regclass OR c.oid = (SELECT reltoastrelid
			FROM pg_class WHERE oid = 'metrics'::regclass)},
		'the frozen bits' => q{SELECT c.oid::regclass, v.t_ctid
			FROM pg_class c, pg_check_frozen(c.oid) v
			WHERE c.oid = 'metrics'::regclass OR c.oid = (SELECT reltoastrelid
			FROM pg_class WHERE oid = 'metrics'::regclass)});
	$checks{'rusts.verify'} = q{SELECT * FROM rusts.verify('metrics')}
	  if $feature{'verify(regclass)'} eq 't';

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
	if ($feature{'segments(regclass)'} eq 't')
	{
		my ($segments) = query(
			"SELECT count(*) || ' segments with ' || coalesce(sum(rows), 0) "
			  . "FROM rusts.segments('metrics')");
		$text .= ", $segments of them";
	}
	return $text;
}
