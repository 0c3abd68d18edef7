#!/usr/bin/perl
#
# stress.pl BINDIR DATADIR DIR SECONDS SEED: many sessions, and what must hold.
#
# Sessions run the transactions of Bank.pm, at all isolation levels, on accounts
# that all want and on others, and repeat those that fail with 40001 or 40P01;
# no other error may come (but deadlocks of ANALYZE with CREATE INDEX
# CONCURRENTLY, as on a heap).  Meanwhile processes flush, compact, vacuum, and make
# and drop indexes, one after the other and without a pause, and readers look at
# all of it under snapshots that they keep for a while.  What must hold, seen by
# readers and in the end, by sequential scans, index scans and aggregates:
#
#  - the sum of balances is what it was, and no account or counter is there twice;
#  - each balance is what the book says;
#
# and in the end
#
#  - the book has each acknowledged transfer of each session, once, and no other;
#  - the counters have as many marks of each session as were acknowledged;
#  - rusts.verify and amcheck have no complaint, the server logged nothing worse
#    than an error.
#
use strict;
use warnings;

use Time::HiRes qw(sleep time);

use Bank;
use Client;

my ($bindir, $data, $dir, $seconds, $seed) = @ARGV;
my $method = $ENV{ACCESS_METHOD} || 'rusts';
my $sessions = $ENV{SESSIONS} || 6;
my $end;
my ($passed, $failed) = (0, 0);
my @children;

$| = 1;
$SIG{TERM} = $SIG{INT} = sub { kill 'KILL', @children; exit 143 };

create_tables();
$end = time + $seconds;
start("session $_", \&run_session, $_) foreach 1 .. $sessions;
start("reader $_", \&run_reader) foreach 1 .. 2;
start('vacuum', \&run_loop, \&vacuum);
start('index', \&run_loop, \&index_concurrently);
if ($method eq 'rusts')
{
	start('flush', \&run_loop, sub { "SELECT rusts.flush('" . any_table() . "');" });
	start('compact', \&run_loop, \&compact);
}
waitpid $_, 0 foreach @children;

my %report = read_reports();
test('no session met an error', @{ $report{error} || [] });
test('readers saw what must hold', @{ $report{wrong} || [] });
test('it holds in the end', rows(Bank::check_script([ sort keys %Bank::ways ])));
test('the book has what was acknowledged', compare_book());
test('counters have what was acknowledged', compare_marks());
test('rusts.verify has no complaint', $method eq 'rusts' ? map { rows("SELECT * FROM rusts.verify('$_');") } @Bank::tables : ());
test('amcheck has no complaint', amcheck());
test('the server logged nothing worse than errors', log_problems());
describe();
print "$passed passed, $failed failed\n";
exit($failed ? 1 : 0);

# ---------- processes ----------

sub client
{
	return Client->new(bindir => $bindir, host => $data);
}

# A process with a file for its report, a line for each thing:
# pay TXN, mark TXN (acknowledged), error TEXT, wrong TEXT, done KIND N.
sub start
{
	my ($name, $run, @arguments) = @_;
	my $number = @children;
	my $pid = fork // die "fork: $!";

	if ($pid)
	{
		push @children, $pid;
		return;
	}
	$SIG{TERM} = 'DEFAULT';
	srand $seed * 1000 + $number;
	open my $report, '>', "$dir/$name" or die "$dir/$name: $!";
	$run->(client(), sub { print $report join(' ', @_), "\n" }, @arguments);
	close $report or die "$dir/$name: $!";
	exit 0;
}

# Repeat until it is through; false: it never will be.
sub run_session
{
	my ($client, $report, $number) = @_;
	my $bank = Bank->new(session => $number, sessions => $sessions);
	my %done = (again => 0);

	while (time < $end)
	{
		my ($what, $txn, $script) = $bank->next;
		until ($client->run($script))
		{
			my $kind = $client->error_kind;
			if ($kind ne '40001' && $kind ne '40P01')
			{
				$report->('error', $client->{error} =~ s/\s+/ /gr);
				$done{lost} = 1;
				last;
			}
			$done{again}++;
		}
		last if $done{lost};
		$done{$what}++;
		$report->($what, $txn) if $what eq 'pay' || $what eq 'mark';
	}
	$report->('done', $_, $done{$_}) foreach sort keys %done;
}

sub run_reader
{
	my ($client, $report) = @_;
	my $reads = 0;

	while (time < $end)
	{
		my @ways = sort { rand() <=> 0.5 } keys %Bank::ways;
		my $pause = sprintf "\\! sleep %.2f\n", rand 0.3;
		if (!$client->run(Bank::check_script(\@ways, $pause)))
		{
			$report->('error', $client->{error} =~ s/\s+/ /gr);
			last if $client->error_kind eq 'lost';
		}
		else
		{
			$reads++;
			$report->('wrong', $_) foreach @{ $client->{rows} };
		}
	}
	$report->('done', 'read', $reads);
}

# Scripts one after the other.
sub run_loop
{
	my ($client, $report, $next) = @_;
	my %done;

	while (time < $end)
	{
		my $script = $next->();
		my ($kind) = $script =~ /(flush|compact|VACUUM|INDEX)/;
		if ($client->run($script))
		{
			$done{$kind}++;
			$done{rewritten} += $client->{rows}[0] if $kind eq 'compact';
		}
		elsif ($client->error_kind ne '40P01')
		{
			$report->('error', "$script $client->{error}" =~ s/\s+/ /gr);
			last if $client->error_kind eq 'lost';
		}
		sleep rand 0.1;
	}
	$report->('done', $_, $done{$_}) foreach sort keys %done;
}

# ---------- what they do ----------

sub any_table { return $Bank::tables[ rand @Bank::tables ]; }

sub compact
{
	my $full = rand() < 0.5 ? 'true' : 'false';
	return "SELECT rusts.compact('" . any_table() . "', $full);";
}

sub vacuum
{
	my $options = ('', '(FREEZE)', '(INDEX_CLEANUP ON)', '(ANALYZE)')[ rand 4 ];
	return "VACUUM $options " . any_table() . ';';
}

sub index_concurrently
{
	my ($name, $on) = @{ (
			[ 'extra_balance', 'accounts (balance, id)' ],
			[ 'extra_key', 'accounts (id)' ],
			[ 'extra_slot', 'counters (slot)' ],
			[ 'extra_txn', 'transfers (txn, session)' ])[ rand 4 ] };
	my $unique = $name eq 'extra_balance' || rand() < 0.5 ? '' : 'UNIQUE';

	return "DROP INDEX CONCURRENTLY IF EXISTS $name;\n"
	  . "CREATE $unique INDEX CONCURRENTLY $name ON $on;";
}

sub create_tables
{
	my $options =
	  $method eq 'rusts' ? "WITH (rusts.time = 'time', rusts.flush_age = '1s', rusts.flush_rows = 5000)" : '';
	rows("SET client_min_messages = warning; CREATE EXTENSION rusts; CREATE EXTENSION amcheck;\n"
		  . Bank::schema($method, $options));
}

# ---------- the end ----------

sub rows
{
	my ($script) = @_;
	my $client = client();

	$client->run($script) or return $client->{error};
	my @rows = @{ $client->{rows} };
	$client->close;
	return grep { /\S/ } @rows;
}

sub test
{
	my ($name, @problems) = @_;

	if (@problems) { $failed++; }
	else { $passed++; }
	print @problems ? 'not ok ' : 'ok     ', $name, "\n";
	print "    $_\n" foreach map { substr $_, 0, 500 } @problems[ 0 .. ($#problems > 19 ? 19 : $#problems) ];
}

# By the first word of the lines: the rest of them; pay and mark by session.
sub read_reports
{
	my %found;
	foreach my $number (0 .. $#children)
	{
		push @{ $found{error} }, "process $number ended with $?" if $?;
	}
	foreach my $file (glob "'$dir/*'")
	{
		my ($session) = $file =~ /session (\d+)$/;
		open my $in, '<', $file or die "$file: $!";
		while (my $line = readline $in)
		{
			chomp $line;
			my ($what, $rest) = split / /, $line, 2;
			if ($what eq 'pay') { $found{pay}{"$session $rest"} = 1; }
			elsif ($what eq 'mark') { $found{mark}{$session}++; }
			elsif ($what eq 'done') { my ($kind, $n) = split / /, $rest; $found{done}{$kind} += $n; }
			else { push @{ $found{$what} }, $rest; }
		}
	}
	return %found;
}

sub compare_book
{
	my %book = map { $_ => 1 } rows("SELECT session || ' ' || txn FROM transfers;");
	my @problems = map { "transfer $_ was acknowledged, is not there" }
	  grep { !delete $book{$_} } sort keys %{ $report{pay} };

	return (@problems, map { "transfer $_ was not acknowledged, is there" } sort keys %book);
}

sub compare_marks
{
	my %found = map { split /\|/ } rows(Bank::marks_query() . ';');
	my @problems;

	foreach my $session (1 .. $sessions)
	{
		my ($n, $acknowledged) = map { $_ // 0 } ($found{$session}, $report{mark}{$session});
		push @problems, "session $session has $n marks, $acknowledged acknowledged"
		  if $n != $acknowledged;
	}
	return @problems;
}

sub amcheck
{
	my $tables = join ', ', map { "'$_'::regclass" } @Bank::tables;
	my $relations = "(SELECT oid FROM pg_class WHERE oid IN ($tables) UNION ALL "
	  . "SELECT reltoastrelid FROM pg_class WHERE oid IN ($tables) AND reltoastrelid <> 0)";

	return (
		rows("SELECT bt_index_check(indexrelid, true) FROM pg_index WHERE indisvalid "
			  . "AND indrelid IN $relations;"),
		rows("SELECT c.oid::regclass, v.* FROM pg_class c, verify_heapam(c.oid) v WHERE c.oid IN "
			  . "$relations AND c.relam = (SELECT oid FROM pg_am WHERE amname = 'heap');"));
}

sub log_problems
{
	open my $in, '<', "$data/server.log" or return "no log";
	return grep { /PANIC|TRAP:| XX\d\d\d |signal (?:6|9|11|4|7)\b/ } readline $in;
}

sub describe
{
	my $done = $report{done} || {};
	my $transactions = 0;
	$transactions += $done->{$_} // 0 foreach qw(pay mark none back);
	print "       $transactions transactions in $seconds s: ",
	  join(', ', map { "$_ $done->{$_}" } sort keys %$done), "\n";
}
