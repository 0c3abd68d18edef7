# Groups of complete buckets are sent while resident workers read the rest.
# Whatever becomes of the client, the session, a worker or the server between
# two rows: the rows are right, those before an error are the first of them,
# and no process, lock or place is left behind.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use RustsTest;
use StreamTest;

# A session that hangs should not hang the suite.
$SIG{ALRM} = sub { die 'the test takes too long' };
alarm 300;

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

# Workers that are to be woken, whatever happens.
my @stopped;
END { kill 'CONT', @stopped }

# Workers that take the job when groups have been sent already.
sub test_late_workers
{
	foreach my $end ('go on', 'cancelled', 'never')
	{
		my $client = connect_client();
		my $name = "workers come late: $end";

		$client->ask("$fast; SET parallel_leader_participation = on");
		ok(becomes('2 = (SELECT count(*) ' . workers_of($client->{backend}) . " AND state = 'idle')"),
			"$name: workers are idle");
		kill 'STOP', @stopped = worker_pids($client);
		$client->query($stream);
		ok(is_sending($client), "$name: rows come");
		if ($end ne 'never')
		{
			kill 'CONT', splice @stopped;
			ok(waits_for_client($client), "$name: and then the workers");
		}
		signal('pg_cancel_backend', $client->{backend}) if $end eq 'cancelled';
		$client->answer;
		kill 'CONT', splice @stopped;
		$end eq 'cancelled' ? has_first_rows($client->{rows}, $name) : has_all_rows($client->{rows}, $name);
		goes_on($client, $name);
	}
}

# ---------- portals ----------

# Fetch some rows more; may there be others?
sub fetch_more
{
	my ($client, $portal, $rows, @n) = @_;
	my $more = $client->fetch($portal, @n);
	push @$rows, @{ $client->{rows} };
	return $more;
}

# Whatever happens between two steps, they come from where the last one ended.
sub test_steps
{
	foreach my $participation ('off', 'on')
	{
		my $name = "portal, parallel_leader_participation = $participation";
		my $client = connect_client();
		my (@p, @q);

		$client->ask("SET parallel_leader_participation = $participation; BEGIN");
		ok($client->open_portal('p', $stream), "$name: is open");
		ok(fetch_more($client, 'p', \@p, 10), "$name: some rows");
		is(scalar @p, 10, "$name: as many as asked for");
		nobody_at_work($client, $name);
		answers_with_workers($client, "$name, in the same transaction");
		$client->ask("SET parallel_leader_participation = $participation");
		$client->open_portal('q', $stream);
		ok(fetch_more($client, 'q', \@q, 700), "$name: another one");
		ok(fetch_more($client, 'p', \@p, 7000), "$name: and the first again");
		$client->ask('SAVEPOINT s');
		like($client->ask('DROP TABLE m'), qr/^ERROR 55006 .* being used by active queries/,
			"$name: the table is in use");
		$client->ask('ROLLBACK TO s');
		like($client->ask("SELECT 1 / (c - c) FROM ($fast) x (c)"), qr/^ERROR 22012/, "$name: an error");
		$client->ask('ROLLBACK TO s');
		ok(fetch_more($client, 'p', \@p, 1, 5, 50), "$name: goes on, several steps at once");
		$client->ask("INSERT INTO m VALUES ('2026-01-01 00:00+00', 'new', 0)");
		is($client->ask('SELECT count(*) FROM m'), $m_rows + 1, "$name: the transaction has a new row");
		ok(fetch_more($client, 'p', \@p, 1000), "$name: goes on after that");
		ok(!fetch_more($client, 'p', \@p, 0), "$name: the rest");
		has_all_rows(\@p, $name);
		1 while fetch_more($client, 'q', \@q, 10000);
		has_all_rows(\@q, "$name, the other one");
		$client->ask('ROLLBACK');
		goes_on($client, $name);
	}
}

# The client does not read what it has asked for.
sub test_step_waits
{
	my $client = connect_client();
	my @rows;

	$client->ask('BEGIN');
	$client->open_portal('p', $stream);
	$client->execute('p', 4000);
	ok(waits_for_client($client), 'a step waits for the client');
	$client->answer;
	push @rows, @{ $client->{rows} };
	is(scalar @rows, 4000, 'a step that waited: number of rows');
	ok(!fetch_more($client, 'p', \@rows, 0), 'a step that waited: the rest');
	has_all_rows(\@rows, 'a step that waited');
	$client->ask('COMMIT');
	goes_on($client, 'a step that waited');
}

sub test_portal_ends
{
	my %ends = (
		'closed' => sub { $_[0]->close_portal('p') },
		'committed' => sub { $_[0]->ask('COMMIT') },
		'rolled back' => sub { $_[0]->ask('ROLLBACK') },
		'rolled back to a savepoint' => sub { $_[0]->ask('ROLLBACK TO s') },
		'after an error' => sub { $_[0]->ask('SELECT 1 / 0') },
		'cancelled' => sub {
			my ($client) = @_;
			$client->execute('p', 0);
			ok(is_sending($client), 'the rest of a portal comes');
			signal('pg_cancel_backend', $client->{backend});
			$client->answer;
		},
		'disconnected' => sub { $_[0]->close });

	foreach my $end (sort keys %ends)
	{
		my $client = connect_client();
		my $name = "portal, $end";

		$client->ask('BEGIN; SAVEPOINT s');
		$client->open_portal('p', $stream);
		ok($client->fetch('p', 3000), "$name: some rows");
		has_first_rows($client->{rows}, $name);
		$ends{$end}->($client);
		if ($end eq 'disconnected')
		{
			is_gone($client, $name);
			next;
		}
		ok(!$client->fetch('p', 1) && $client->{error} =~ /^(?:34000|25P02)/, "$name: no rows any more");
		$client->ask('ROLLBACK');
		goes_on($client, $name);
	}
}

# ---------- subtransactions ----------

sub test_savepoint
{
	my $client = connect_client();
	my $name = 'error in a subtransaction';
	my $error_at = "'2026-01-01 01:00+00'";

	$client->ask('BEGIN; SAVEPOINT s');
	$client->query("SELECT *, 1 / (b <> $error_at)::int FROM ($stream) x");
	$client->answer;
	like($client->{error}, qr/^22012/, "$name: the error");
	has_first_rows([ map { s/\|1$//r } @{ $client->{rows} } ], $name);
	nobody_at_work($client, $name);
	$client->ask('ROLLBACK TO s');
	answers_with_workers($client, "$name, in the same transaction");
	$client->ask('COMMIT');
	goes_on($client, $name);
}

# A cancellation that is caught where the query began.
sub test_caught
{
	my $client = connect_client();
	my $name = 'cancelled in a subtransaction';

	$client->ask('BEGIN');
	$client->query(<<SQL);
DO \$\$ BEGIN
	PERFORM x.* FROM ($slow) x;
EXCEPTION WHEN query_canceled THEN
	PERFORM set_config('test.caught', 'yes', false);
END \$\$
SQL
	ok(becomes('2 = (SELECT count(*) ' . workers_of($client->{backend}) . " AND state = 'active')"),
		"$name: workers are at work");
	signal('pg_cancel_backend', $client->{backend});
	ok($client->answer, "$name: no error");
	nobody_at_work($client, $name);
	is($client->ask('SHOW test.caught'), 'yes', "$name: is caught");
	answers_with_workers($client, "$name, in the same transaction");
	$client->ask('COMMIT');
	goes_on($client, $name);
}

# What is done between rows, in subtransactions that fail or do not.
sub test_between_rows
{
	my $client = connect_client();
	my $name = 'subtransactions between rows';
	my $statement = "SELECT *, CASE WHEN host = 'host_1' THEN act(b) END FROM ($stream) x";
	my $plan;

	$node->safe_psql('postgres', <<'SQL');
CREATE TABLE acts (what text);
CREATE FUNCTION act(b timestamptz) RETURNS text LANGUAGE plpgsql PARALLEL RESTRICTED AS $$
DECLARE
	what text := (ARRAY['SELECT 1 / 0', 'DROP TABLE m', 'LOCK TABLE m', 'SELECT sum(id) FROM m WHERE id < 100',
		'INSERT INTO acts VALUES (''kept'')', 'INSERT INTO acts VALUES (''lost''), (1 / 0)'])
		[extract(minute FROM b)::int / 10 + 1];
BEGIN
	IF date_bin('10 min', b, '2026-01-01 00:00+00') <> b THEN
		RETURN NULL;
	END IF;
	EXECUTE what;
	RETURN what;
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate;
END $$;
SQL
	$plan = $client->ask("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) $statement");
	like($plan, qr/Workers Launched: 2/, "$name: the statement has workers");
	like($plan, qr/Streamed Groups: [1-9]/, "$name: and is streamed");
	$client->ask('TRUNCATE acts');
	$client->query($statement);
	ok(waits_for_client($client), "$name: the client is waited for");
	ok($client->answer, "$name: no error");
	is(join(' ', sort keys %{ { map { /\|([^|]*)$/ => 1 } @{ $client->{rows} } } }),
		" 22012 55006 INSERT INTO acts VALUES ('kept') LOCK TABLE m SELECT sum(id) FROM m WHERE id < 100",
		"$name: what has been done");
	has_all_rows([ map { s/\|[^|]*$//r } @{ $client->{rows} } ], $name);
	is($client->ask('SELECT what, count(*) FROM acts GROUP BY 1'), 'kept|28', "$name: what is kept");
	goes_on($client, $name);
}

# ---------- procedures ----------

# A commit while rows are to come: the loop gets all of them, from the workers
# of a function, or from the loop's own query, which has none.
sub test_commit
{
	my $client = connect_client();

	$node->safe_psql('postgres', <<SQL);
CREATE TABLE walked (n int, r text);
CREATE FUNCTION rows_of_stream() RETURNS SETOF text LANGUAGE sql AS \$\$
	SELECT concat_ws('|', b, h, c, s, t, p) FROM ($stream) x (b, h, c, s, t, p) \$\$;
CREATE PROCEDURE walk(query text) LANGUAGE plpgsql AS \$\$
DECLARE
	x record;
	n int := 0;
BEGIN
	FOR x IN EXECUTE query LOOP
		n := n + 1;
		INSERT INTO walked VALUES (n, x.r);
		IF n IN (1, 100, 50000) THEN
			COMMIT;
		END IF;
	END LOOP;
END \$\$;
SQL
	foreach my $query ('SELECT rows_of_stream() AS r',
		"SELECT concat_ws('|', b, h, c, s, t, p) AS r FROM ($stream) x (b, h, c, s, t, p)")
	{
		$client->ask('TRUNCATE walked');
		is($client->ask("CALL walk(\$\$$query\$\$)"), '', 'commits in a loop: no error');
		$client->ask('SELECT r FROM walked ORDER BY n');
		has_all_rows($client->{rows}, 'commits in a loop');
	}
	goes_on($client, 'commits in a loop');
}

# ---------- the server ----------

sub test_worker_killed
{
	in_the_middle('worker killed', sub {
		my ($client, $name) = @_;
		kill 'KILL', (worker_pids($client))[1];
		$client->answer;
		is($client->{state}, '', "$name: the session is lost");
		has_first_rows($client->{rows}, $name);
		ok(server_is_back(), "$name: the server is back");
		goes_on(connect_client(), $name);
	});
}

sub test_stop
{
	foreach my $mode ('fast', 'immediate')
	{
		in_the_middle("stop in $mode mode", sub {
			my ($client, $name) = @_;
			my $started = time;
			$node->stop($mode);
			cmp_ok(time - $started, '<', 20, "$name: does not take long");
			$client->answer;
			has_first_rows($client->{rows}, $name);
			$node->start;
			server_is_back();
			goes_on(connect_client(), $name);
		});
	}
}

start_server();

my $clock = time;
foreach my $test (
	\&test_reading, \&test_session_ends, \&test_client_killed, \&test_worker_ends,
	\&test_late_workers, \&test_steps, \&test_step_waits, \&test_portal_ends,
	\&test_savepoint, \&test_caught, \&test_between_rows, \&test_commit)
{
	$test->();
	note sprintf '%.1f s', time - $clock;
}
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal|leak|not closed/,
	'the log has no complaint');
test_worker_killed();
test_stop();
note sprintf '%.1f s', time - $clock;
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|leak|not closed/, 'nor has it at the end');

done_testing();
