# Groups of complete buckets are sent while resident workers read the rest.
# Whatever becomes of the client, the session, a worker or the server between
# two rows: the rows are right, those before an error are the first of them,
# and no process, lock or place is left behind.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use Frontend;
use RustsTest;

# A session that hangs should not hang the suite.
$SIG{ALRM} = sub { die 'the test takes too long' };
alarm 120;

# The session leaves the reading to its workers, so that it cannot be done
# before they come.  Two sessions can have workers: a place that is left behind
# is missed soon.
my $settings = <<'CONF';
max_worker_processes = 8
restart_after_crash = on
autovacuum = off
client_connection_check_interval = 20ms
statement_timeout = 60s
TimeZone = 'UTC'
work_mem = 64MB
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
max_parallel_workers_per_gather = 2
parallel_leader_participation = off
rusts.enable_metadata_agg = off
CONF

my ($segments, $segment_rows) = (20, 5000);
my $m_rows = $segments * $segment_rows + 300;
my $fast = 'SELECT count(*), sum(id::bigint) FROM m';
my $fast_answer = "$m_rows|" . $m_rows * ($m_rows + 1) / 2;
# 70,000 rows, about as many groups, in half a second
my $stream = streamed(300);
# the same, but after a quarter there is a minute to wait: it must be ended
my $slow = streamed(200000);

my ($node, $watch);
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

# Segments that are not in the order of time, and hot rows all over it.
sub create_table
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

# The session waits for its client, and the workers for the session.
sub waits_for_client
{
	my ($client) = @_;
	my $workers = workers_of($client->{backend});
	return becomes("EXISTS (SELECT FROM pg_stat_activity WHERE pid = $client->{backend} "
		  . "AND wait_event = 'ClientWrite') AND 2 = (SELECT count(*) $workers "
		  . "AND state = 'active' AND wait_event = 'MessageQueueSend')");
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

sub no_locks
{
	my ($client, $name) = @_;
	my $workers = workers_of($client->{backend});
	is($watch->ask("SELECT count(*) FROM pg_locks WHERE relation = 'm'::regclass AND "
			  . "(pid = $client->{backend} OR pid IN (SELECT pid $workers))"),
		0, "$name: no lock is left");
	is($watch->ask("SELECT count(*) $workers AND state = 'active'"), 0,
		"$name: no worker is at work");
}

# The session is there, and as it should be.
sub goes_on
{
	my ($client, $name) = @_;
	no_locks($client, $name);
	answers_with_workers($client, $name);
	$client->close;
}

# It is not, and has left nothing.
sub is_gone
{
	my ($client, $name) = @_;
	my $next = connect_client();
	ok(becomes("NOT EXISTS (SELECT FROM pg_stat_activity WHERE $client->{backend} IN (pid, leader_pid))"),
		"$name: session and workers end");
	answers_with_workers($next, "$name, another session");
	$next->close;
}

sub signal
{
	my ($function, $pid) = @_;
	is($watch->ask("SELECT $function($pid)"), 't', $function);
}

# ---------- while rows come ----------

my @situations = (
	[ 'client does not read', $stream, \&waits_for_client ],
	[ 'client waits for rows', $slow, \&waits_for_workers ]);

# A client at each point, in the middle of the statement's rows.
sub in_the_middle
{
	my ($what, $end) = @_;

	foreach my $situation (@situations)
	{
		my ($where, $statement, $wait) = @$situation;
		my $client = connect_client();
		my $name = "$what, $where";

		$client->query($statement);
		ok($wait->($client), $name);
		$end->($client, $name);
	}
}

sub test_reading
{
	my $client = connect_client();
	my $plan = $client->ask("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) $stream");

	like($plan, qr/Workers Launched: 2/, 'the statement has workers');
	like($plan, qr/Streamed Groups: [1-9]/, 'and is streamed');
	$client->query($stream);
	ok(waits_for_client($client), 'the client does not read, and is waited for');
	ok($client->read_rows(500), 'some rows are read');
	ok(waits_for_client($client), 'the client is waited for again');
	ok($client->answer, 'all rows are read');
	has_all_rows($client->{rows}, 'pauses');
	goes_on($client, 'pauses');
}

sub test_session_ends
{
	in_the_middle('cancelled', sub {
		my ($client, $name) = @_;
		signal('pg_cancel_backend', $client->{backend});
		$client->answer;
		is($client->{error}, '57014 canceling statement due to user request', "$name: the error");
		has_first_rows($client->{rows}, $name);
		goes_on($client, $name);
	});
	in_the_middle('terminated', sub {
		my ($client, $name) = @_;
		signal('pg_terminate_backend', $client->{backend});
		is_gone($client, $name);
		$client->answer;
		like($client->{error}, qr/^(?:57P01|LOST)/, "$name: the error");
		has_first_rows($client->{rows}, $name);
	});
	in_the_middle('disconnected', sub {
		my ($client, $name) = @_;
		$client->close;
		is_gone($client, $name);
	});
}

# A session that sends learns that nobody is there without looking.
sub test_client_killed
{
	foreach my $interval ('0', '20ms')
	{
		my $name = "client killed, client_connection_check_interval = $interval";
		my $client = session($node);

		$client->run("SET client_connection_check_interval = '$interval'; SELECT pg_backend_pid();");
		$client->{backend} = $client->{rows}[0];
		# psql keeps rows of other statements until it has all
		$client->send("COPY ($stream) TO STDOUT;");
		ok(waits_for_client($client), $name);
		kill 'KILL', $client->{pid};
		is_gone($client, $name);
		$client->close;
	}
}

sub test_worker_ends
{
	foreach my $function ('pg_cancel_backend', 'pg_terminate_backend')
	{
		foreach my $which (0, 1)
		{
			in_the_middle("$function of worker $which", sub {
				my ($client, $name) = @_;
				signal($function, (worker_pids($client))[$which]);
				$client->answer;
				like($client->{error},
					qr/^(?:55000 lost connection to parallel worker|57014 canceling statement due to user request)$/,
					"$name: the error");
				has_first_rows($client->{rows}, $name);
				goes_on($client, $name);
			});
		}
	}
}

$node = new_node('main');
$node->append_conf('postgresql.conf', $settings);
$node->start;
create_table();
$watch = connect_client();

my $clock = time;
foreach my $test (\&test_reading, \&test_session_ends, \&test_client_killed, \&test_worker_ends)
{
	$test->();
	note sprintf '%.1f s', time - $clock;
}
done_testing();
