#!/usr/bin/perl
#
# agents.pl BINDIR DATADIR PORT ROUNDS SEED: agents, kills, and a ledger.
#
# Six agents write batches over HTTP, in one WAL mode or, each fourth round, two
# in each (a flush of one mode's WAL is one of all WAL), each batch once: one
# that was refused (503) is sent again, one whose answer did not come is
# forgotten, and is there whole or not at all.  An agent notes each 204 with
# its time.  Then some process is killed, the server recovers, and:
#
#  - no batch is there in part, nor twice;
#  - every_write: each acknowledged batch is there;
#  - periodic: each that was acknowledged more than a second before the kill
#    (rusts.ingest_wal_sync_interval is 100 ms; the rest is a busy machine);
#  - os_default: each from more than five seconds before (PostgreSQL's WAL
#    writer flushes within three of its delays of 200 ms);
#  - rusts.verify has no complaint, and the log has no PANIC.
#
use strict;
use warnings;

use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep time);

use constant LINES => 40;

my ($bindir, $data, $port, $rounds, $seed) = @ARGV;
my @modes = qw(every_write periodic os_default);
my %window = (every_write => 0, periodic => 1, os_default => 5);
my %oldest = map { $_ => 0 } @modes;
my %lost = map { $_ => 0 } @modes;
my ($passed, $failed, $postmaster, $batches) = (0, 0, 0, 0);
my $log = "$data/server.log";
my $log_offset = 0;
my @agents;

$| = 1;
$SIG{TERM} = $SIG{INT} = sub { kill 'KILL', @agents; kill 'QUIT', $postmaster; exit 143 };

start_server();
foreach my $round (1 .. $rounds)
{
	srand $seed * 1000 + $round;
	my $kill = (qw(worker worker backend postmaster everything checkpointer))[ rand 6 ];
	my $after = 0.3 + rand 1.2;

	@agents = map { start_agent($round, $_) } 0 .. 5;
	sleep $after;
	my $at = kill_server($kill);
	sleep 0.1;
	kill 'TERM', @agents;
	waitpid $_, 0 foreach @agents;
	start_server();
	my @problems = (compare($round, $at), log_problems());
	@problems ? $failed++ : $passed++;
	printf "%s round %d (seed %d, %s after %.1f s)\n", @problems ? 'not ok' : 'ok    ', $round, $seed, $kill, $after;
	print "    $_\n" foreach @problems[ 0 .. ($#problems > 9 ? 9 : $#problems) ];
	# names of tables and columns are new again, and damage has had time
	psql("DROP TABLE IF EXISTS every_write, periodic, os_default") if $round % 10 == 0;
}
kill 'INT', $postmaster;
reap_postmaster();
printf "%d acknowledged batches; lost, and acknowledged before the kill at most: %s\n", $batches,
  join ', ', map { sprintf '%s %d, %.0f ms', $_, $lost{$_}, $oldest{$_} * 1000 } @modes;
print "$passed passed, $failed failed\n";
exit($failed ? 1 : 0);

# ---------- the server ----------

sub psql
{
	my ($sql) = @_;
	open my $in, '-|', "$bindir/psql", '-XqAt', '-F', ' ', '-h', $data, '-U', 'postgres', '-d', 'postgres',
	  '-v', 'ON_ERROR_STOP=1', '-c', $sql
	  or die "psql: $!";
	my @rows = <$in>;
	close $in or die "psql failed: $sql\n";
	chomp @rows;
	return @rows;
}

sub own_processes
{
	return grep { (readlink("/proc/$_/cwd") // '') eq $data } map { m{(\d+)$} } glob '/proc/[0-9]*';
}

sub title
{
	my ($pid) = @_;
	open my $in, '<', "/proc/$pid/cmdline" or return '';
	return readline($in) // '';
}

sub reap_postmaster
{
	my $deadline = time + 60;

	waitpid $postmaster, 0 if $postmaster;
	$postmaster = 0;
	while (grep { title($_) =~ /\S/ && $_ != $$ && title($_) !~ /agents\.pl/ } own_processes())
	{
		die "the server's processes do not end" if time > $deadline;
		sleep 0.02;
	}
}

# Start it, or wait until it has recovered, its workers included.
sub start_server
{
	my $deadline = time + 120;

	if (!$postmaster || waitpid($postmaster, POSIX::WNOHANG()) != 0)
	{
		reap_postmaster();
		unlink "$data/postmaster.pid" if -z "$data/postmaster.pid";
		$postmaster = fork // die "fork: $!";
		if ($postmaster == 0)
		{
			POSIX::setsid();
			open STDIN, '<', '/dev/null';
			open STDOUT, '>>', $log;
			open STDERR, '>&', \*STDOUT;
			exec("$bindir/postgres", '-D', $data) or POSIX::_exit(127);
		}
	}
	until (system("'$bindir/pg_isready' -q -h '$data'") == 0 && ping())
	{
		die "the server does not start again:\n" . `tail -n 30 '$log'` if time > $deadline;
		sleep 0.05;
	}
}

sub ping
{
	my $socket = connect_worker() or return 0;
	print $socket "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n";
	return (read_status($socket) // 0) == 204;
}

# The time before which nothing was killed.
sub kill_server
{
	my ($kind) = @_;
	my %pattern = (worker => qr/rusts ingest/, backend => qr/^postgres: \S+ \S+ \[local\]/, checkpointer => qr/checkpointer/);
	my $at = time;

	if ($kind eq 'everything')
	{
		kill 'KILL', $postmaster;
		waitpid $postmaster, 0;
		$postmaster = 0;
		kill 'KILL', grep { title($_) !~ /agents\.pl/ } own_processes();
	}
	elsif ($kind eq 'postmaster')
	{
		kill 'KILL', $postmaster;
		waitpid $postmaster, 0;
		$postmaster = 0;
	}
	else
	{
		my $session;
		if ($kind eq 'backend')
		{
			open $session, '|-', "$bindir/psql", '-Xq', '-h', $data, '-U', 'postgres', '-d', 'postgres' or die;
			sleep 0.2;
			$at = time;
		}
		my @pids = grep { title($_) =~ $pattern{$kind} } own_processes();
		kill 'KILL', $pids[ rand @pids ] if @pids;
		local $SIG{PIPE} = 'IGNORE';
		close $session if $session;
	}
	return $at;
}

sub log_problems
{
	open my $in, '<', $log or return "no log";
	seek $in, $log_offset, 0;
	my @bad = grep { /PANIC|TRAP|XX00|segfault|signal 11|signal 6/ } <$in>;
	$log_offset = tell $in;
	chomp @bad;
	return map { "log: $_" } @bad;
}

# ---------- agents ----------

sub connect_worker
{
	return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 5);
}

sub read_status
{
	my ($socket) = @_;
	my ($status, $length) = (undef, 0);

	while (defined(my $line = <$socket>))
	{
		$status = $1 if $line =~ m{^HTTP/1\.1 (\d+)};
		$length = $1 if $line =~ /^Content-Length: (\d+)/i;
		last if $line =~ /^\r?\n/;
	}
	my $body = '';
	read $socket, $body, $length if $length;
	return wantarray ? ($status, $body) : $status;
}

sub mode_of
{
	my ($round, $agent) = @_;
	return $modes[ $round % 4 == 0 ? $agent % 3 : $round % 4 - 1 ];
}

# Batches of one agent have numbers of their own; each line has the number.
# Now and then there is a column that no other round has.
sub batch
{
	my ($round, $agent, $number) = @_;
	my $extra = $number % 10 == 3 ? ",round_$round=1" : '';

	return join '', map { mode_of($round, $agent) . ",agent=$agent n=${number}i,line=${_}i,v=0.5$extra " . (1_700_000_000_000_000_000 + $number * 1_000_000 + $_ * 1000) . "\n" }
	  1 .. LINES;
}

sub start_agent
{
	my ($round, $agent) = @_;
	my $pid = fork // die "fork: $!";
	return $pid if $pid;

	my $stop = 0;
	$SIG{TERM} = sub { $stop = 1 };
	$SIG{PIPE} = 'IGNORE';
	open my $ledger, '>', "$data/ledger-$agent" or die;
	my ($number, $socket) = ($round * 1000000);
	while (!$stop)
	{
		$socket ||= connect_worker();
		if (!$socket)
		{
			sleep 0.05;
			next;
		}
		my $body = batch($round, $agent, $number);
		print $socket "POST /write?db=x&wal=" . mode_of($round, $agent) . " HTTP/1.1\r\nHost: x\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
		$socket->flush;
		my ($status, $answer) = read_status($socket);
		# of an interrupted read nothing is known
		last if $stop && !defined $status;
		if (!defined $status)
		{
			$socket = undef;
			$number++;
		}
		elsif ($status == 204)
		{
			syswrite $ledger, sprintf("%d %.6f\n", $number, time);
			$number++;
			# a little WAL is flushed later than much
			sleep 0.01 if $round % 2;
		}
		elsif ($status != 503)
		{
			syswrite $ledger, "bad status $status $answer";
			last;
		}
	}
	POSIX::_exit(0);
}

# ---------- the ledger ----------

sub compare
{
	my ($round, $at) = @_;
	my @problems;

	foreach my $mode (@modes)
	{
		my %found;
		if (psql("SELECT 1 FROM pg_class WHERE relname = '$mode'"))
		{
			foreach (psql("SELECT agent, n, count(*), count(DISTINCT line) FROM $mode WHERE n >= $round * 1000000 GROUP BY agent, n"))
			{
				my ($agent, $n, $count, $lines) = split;
				$found{"$agent $n"} = 1;
				push @problems, "$mode: batch $n of agent $agent has $count rows, $lines lines" if $count != LINES || $lines != LINES;
			}
			push @problems, map { "verify: $_" } psql("SELECT * FROM rusts.verify('$mode')");
		}
		push @problems, compare_mode($round, $mode, $at, \%found);
	}
	return @problems;
}

sub compare_mode
{
	my ($round, $mode, $at, $found) = @_;
	my @problems;

	foreach my $agent (grep { mode_of($round, $_) eq $mode } 0 .. 5)
	{
		open my $in, '<', "$data/ledger-$agent" or next;
		foreach (<$in>)
		{
			my ($n, $time) = /^(\d+) ([\d.]+)$/ or push @problems, "agent $agent: $_";
			next if !defined $time;
			$batches++;
			next if $found->{"$agent $n"};
			# acknowledged by a server that was killed after that, at least
			my $age = $at - $time;
			$lost{$mode}++;
			$oldest{$mode} = $age if $age > $oldest{$mode};
			push @problems, sprintf('%s: batch %d of agent %d was acknowledged %.0f ms before the kill, and is lost', $mode, $n, $agent, $age * 1000)
			  if $mode eq 'every_write' || $age > $window{$mode};
		}
	}
	return @problems;
}
