#
# StreamTest.pm: a server that sends groups while resident workers read.
#
#   start_server()             $node with table m, and $watch, who looks on
#   connect_client()           a Frontend, which says when it reads
#   waits_for_client(CLIENT), waits_for_workers(CLIENT)
#                              two ways to be in the middle of $stream or $slow
#   has_all_rows, has_first_rows(ROWS, LABEL)   tests: the rows of it
#   goes_on, is_gone(CLIENT, LABEL)             tests: nothing is left behind
#
package StreamTest;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use Frontend;
use RustsTest;

our @EXPORT = qw($node $watch $m_rows $fast $stream $slow
  start_server server_is_back connect_client has_all_rows has_first_rows launched
  answers_with_workers becomes workers_of worker_pids is_sending waits_for_client
  waits_for_workers nobody_at_work goes_on is_gone signal);

# The session leaves the reading to its workers, so that it cannot be done
# before they come.  Two sessions can have workers: a place that is left behind
# is missed soon.
my $settings = $by_workers . <<'CONF';
max_worker_processes = 8
statement_timeout = 60s
work_mem = 64MB
CONF

my ($segments, $segment_rows) = (20, 5000);
our $m_rows = $segments * $segment_rows + 300;
our $fast = 'SELECT count(*), sum(id::bigint) FROM m';
my $fast_answer = "$m_rows|" . $m_rows * ($m_rows + 1) / 2;
# 70,000 rows, about as many groups, in half a second
our $stream = streamed(300);
# the same, but after a quarter there is a minute to wait: it must be ended
our $slow = streamed(200000);

our ($node, $watch);
my @expected;

# The first rows are wide, so that a client that does not read is waited for
# soon; the reading is not too fast, so that there is something left by then.
sub streamed
{
	my ($effort) = @_;
	return <<SQL;
SELECT time_bucket('10 s', time) AS b, host, count(*), sum(id), sum(length(md5(
		repeat(id::text, CASE WHEN id BETWEEN 4 * $segment_rows AND 100000 THEN $effort ELSE 300 END)))),
	repeat('x', CASE WHEN time_bucket('10 s', time) < '2026-01-01 02:00+00' THEN 1000 ELSE 1 END)
FROM m GROUP BY b, host ORDER BY b, host
SQL
}

# Start the server.  Segments are not in the order of time, and hot rows are all
# over it.
sub start_server
{
	my $insert = "INSERT INTO m SELECT '2026-01-01 00:00+00'::timestamptz + g * interval '1 s', "
	  . "'host_' || g % 7, g FROM generate_series";
	my $flushes = join '', map
	{
		my $first = ($_ * 7 % $segments) * $segment_rows + 1;
		my $last = $first + $segment_rows - 1;
		"$insert($first, $last) g;\nSELECT rusts.flush('m');\n"
	} 0 .. $segments - 1;
	my $hot = $insert =~ s/g \* interval '1 s'/g * 7919 % 100000 * interval '1 s'/r;

	$node = new_node('main');
	$node->append_conf('postgresql.conf', $settings);
	$node->start;
	$node->safe_psql('postgres', <<SQL);
CREATE EXTENSION rusts;
CREATE TABLE m (time timestamptz NOT NULL, host text, id int)
	USING rusts WITH (rusts.tags = 'host');
$flushes
$hot($segments * $segment_rows + 1, $m_rows) g;
ANALYZE m;
SQL
	@expected = split /\n/, $node->safe_psql('postgres',
		"SET max_parallel_workers_per_gather = 0; SET rusts.enable_ordered_scan = off; $stream");
	$watch = connect_client();
}

# The server restarts by itself.
sub server_is_back
{
	foreach (1 .. 1500)
	{
		return 1 if $watch = eval { connect_client() };
		select undef, undef, undef, 0.02;
	}
	return 0;
}

# ---------- clients ----------

sub connect_client
{
	return Frontend->new(
		path => $node->host . '/.s.PGSQL.' . $node->port,
		user => getpwuid($<) . '');
}

sub has_all_rows
{
	my ($rows, $name) = @_;
	is(scalar @$rows, scalar @expected, "$name: number of rows");
	ok(join("\n", @$rows) eq join("\n", @expected), "$name: the rows");
}

# What came before an error.
sub has_first_rows
{
	my ($rows, $name) = @_;
	my $n = @$rows;
	cmp_ok($n, '<', scalar @expected, "$name: not all rows");
	ok(join("\n", @$rows) eq join("\n", @expected[ 0 .. $n - 1 ]), "$name: the first $n rows");
}

# How many workers took part in the statement.
sub launched
{
	my ($client, $statement) = @_;
	my $plan = $client->ask("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) $statement");
	return $plan =~ /Workers Launched: (\d+)/ ? $1 : 0;
}

sub answers_with_workers
{
	my ($client, $name) = @_;
	$client->ask('SET parallel_leader_participation = off');
	is($client->ask($fast), $fast_answer, "$name: next query, right answer");
	is(launched($client, $fast), 2, "$name: by workers");
}

# ---------- processes ----------

sub becomes
{
	my ($condition) = @_;
	my $started = time;

	while (time - $started < 30)
	{
		return 1 if $watch->ask("SELECT $condition") eq 't';
		select undef, undef, undef, 0.005;
	}
	diag "does not become true: $condition\n"
	  . $watch->ask('SELECT pid, leader_pid, state, wait_event, query FROM pg_stat_activity');
	return 0;
}

sub workers_of
{
	my ($backend) = @_;
	return "FROM pg_stat_activity WHERE backend_type = 'rusts parallel worker' "
	  . "AND leader_pid = $backend";
}

sub worker_pids
{
	my ($client) = @_;
	return split /\n/, $watch->ask('SELECT pid ' . workers_of($client->{backend}) . ' ORDER BY pid');
}

# The session has sent what the client has room for.
sub is_sending
{
	my ($client) = @_;
	return becomes("'ClientWrite' = (SELECT wait_event FROM pg_stat_activity "
		  . "WHERE pid = $client->{backend})");
}

# The session waits for its client, and the workers for the session.
sub waits_for_client
{
	my ($client) = @_;
	my $workers = workers_of($client->{backend});
	return is_sending($client)
	  && becomes("2 = (SELECT count(*) $workers AND wait_event = 'MessageQueueSend')");
}

# Rows have come, no more are there, and the workers are reading.
sub waits_for_workers
{
	my ($client) = @_;
	my $workers = workers_of($client->{backend});
	my $condition = "EXISTS (SELECT FROM pg_stat_activity WHERE pid = $client->{backend} "
	  . "AND wait_event = 'MessageQueueReceive') AND 2 = (SELECT count(*) $workers "
	  . "AND state = 'active')";
	my $started = time;

	while (time - $started < 30)
	{
		$client->read_available;
		return 1 if @{ $client->{rows} } > 0 && $watch->ask("SELECT $condition") eq 't'
		  && !$client->read_available;
	}
	return 0;
}

# Right after a statement, be it in a transaction.
sub nobody_at_work
{
	my ($client, $name) = @_;
	my $workers = workers_of($client->{backend});
	is($watch->ask("SELECT count(*) FROM pg_locks WHERE pid IN (SELECT pid $workers)"), 0,
		"$name: workers have no locks");
	ok(becomes("NOT EXISTS (SELECT $workers AND state = 'active')"), "$name: and nothing to do");
}

# The next test finds all places free.
sub leave
{
	my ($client) = @_;
	$client->close;
	return becomes("NOT EXISTS (SELECT FROM pg_stat_activity "
		  . "WHERE $client->{backend} IN (pid, leader_pid))");
}

# The session is there, and as it should be.
sub goes_on
{
	my ($client, $name) = @_;
	nobody_at_work($client, $name);
	is($watch->ask("SELECT count(*) FROM pg_locks WHERE relation = 'm'::regclass "
			  . "AND pid = $client->{backend}"), 0, "$name: no lock is left");
	answers_with_workers($client, $name);
	leave($client);
}

# It is not, and has left nothing.
sub is_gone
{
	my ($client, $name) = @_;
	my $next = connect_client();
	ok(leave($client), "$name: session and workers end");
	answers_with_workers($next, "$name, another session");
	leave($next);
}

sub signal
{
	my ($function, $pid) = @_;
	is($watch->ask("SELECT $function($pid)"), 't', $function);
}

1;
