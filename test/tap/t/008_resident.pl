# Resident workers live with their session and die with it: whatever ends the
# session, the query or the worker, no process, lock or place is left behind
# and no answer is wrong.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use RustsTest;

# A session that hangs should not hang the suite.
$SIG{ALRM} = sub { die 'the test takes too long' };
alarm 300;

# Few places for processes, half of them for resident workers, as many as four
# sessions have; and every row goes through a worker.
my $settings = $by_workers . <<'CONF';
max_worker_processes = 16
statement_timeout = 30s
CONF

my $workers = "FROM pg_stat_activity WHERE backend_type = 'rusts parallel worker'";
my $fast = 'SELECT count(*), sum(id::bigint), sum(length(md5(id::text))) FROM m';
# longer than statement_timeout allows: it must be ended
my $slow = 'SELECT sum(length(md5(repeat(md5(id::text), 20000)))) FROM m';
# about half a second
my $brisk = 'SELECT sum(length(md5(repeat(md5(id::text), 80)))) FROM m';
my $m_rows = 120000;
my $fast_answer = answer_of($m_rows);
my $brisk_answer = 32 * $m_rows;

# long before a worker leaves an idle session by itself
my $soon = 5;

my $node;

sub answer_of
{
	my ($rows) = @_;
	return join '|', $rows, $rows * ($rows + 1) / 2, 32 * $rows;
}

sub create_table
{
	my ($name, $rows, $database) = @_;
	$node->safe_psql($database || 'postgres', <<SQL);
CREATE EXTENSION IF NOT EXISTS rusts;
CREATE TABLE $name (time timestamptz NOT NULL, host text, id int)
	USING rusts WITH (rusts.tags = 'host');
INSERT INTO $name SELECT '2026-01-01 00:00+00'::timestamptz + g * interval '1 s', 'host_' || g % 7, g
	FROM generate_series(1, $rows) g;
SELECT rusts.flush('$name');
ANALYZE $name;
SQL
}

# ---------- sessions ----------

# A session that goes on after errors; {backend} is its process.
sub open_session
{
	my ($server, $database) = @_;
	my $session = session($server || $node, $database);
	$session->run("\\set ON_ERROR_STOP off\nSELECT pg_backend_pid();")
	  or die $session->{error};
	$session->{backend} = $session->{rows}[0];
	return $session;
}

# Hand a statement over without waiting for it.
sub start
{
	my ($session, $statement) = @_;
	$session->send(
		"$statement;\n\\if :ERROR\n\\echo ERROR :SQLSTATE :LAST_ERROR_MESSAGE\n\\endif");
}

# Its rows; or ERROR, the code and the message; or that the session is lost.
sub result
{
	my ($session) = @_;
	return join "\n", @{ $session->{rows} } if $session->answer;
	return 'LOST ' . $session->{error};
}

sub ask
{
	my ($session, $statement) = @_;
	start($session, $statement);
	return result($session);
}

# How many workers took part in the statement.
sub launched
{
	my ($session, $statement) = @_;
	my $plan = ask($session, "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) $statement");
	return $plan =~ /Workers Launched: (\d+)/ ? $1 : 0;
}

# The answer is right, and workers have found it.
sub answers_with_workers
{
	my ($session, $name) = @_;
	is(ask($session, $fast), $fast_answer, "$name: right answer");
	cmp_ok(launched($session, $fast), '>', 0, "$name: by workers");
}

# ---------- processes ----------

sub becomes
{
	my ($query, $name) = @_;
	ok($node->poll_query_until('postgres', $query), $name);
}

sub worker_pids
{
	my ($session) = @_;
	return split /\n/, $node->safe_psql('postgres',
		"SELECT pid $workers AND leader_pid = $session->{backend} ORDER BY pid");
}

# The processors that a process may run on.
sub processors
{
	my ($pid) = @_;
	return slurp_file("/proc/$pid/status") =~ /^Cpus_allowed_list:\s*(\S+)/m ? $1 : '';
}

# Start the statement and wait until both workers are at it.
sub start_at_work
{
	my ($session, $statement) = @_;
	start($session, $statement);
	$node->poll_query_until('postgres',
		"SELECT count(*) = 2 $workers AND leader_pid = $session->{backend} AND state = 'active'")
	  or die 'workers do not come';
}

# Do it, and see all processes of the session end.
sub ends_with_workers
{
	my ($session, $name, $end) = @_;
	my @pids = worker_pids($session);
	my $started = time;

	is(scalar @pids, 2, "$name: the session has its workers");
	push @pids, $session->{backend};
	$end->($session);
	$node->poll_query_until('postgres',
		'SELECT count(*) = 0 FROM pg_stat_activity WHERE pid IN (' . join(',', @pids) . ')');
	select undef, undef, undef, 0.01
	  while time - $started < $soon && grep { kill 0, $_ } @pids;
	cmp_ok(time - $started, '<', $soon, "$name: all processes end");
}

sub terminate
{
	my ($pid) = @_;
	$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
}

sub kill_client
{
	my ($session) = @_;
	kill 'KILL', $session->{pid};
}

# ---------- the ends of a session ----------

sub test_session_ends
{
	foreach my $case (
		[ 'disconnected', undef, sub { $_[0]->close } ],
		[ 'disconnected in a transaction', "BEGIN; $fast", sub { $_[0]->close } ],
		[ 'terminated idle', undef, sub { terminate($_[0]{backend}) } ],
		[ 'terminated in a query', $slow, sub { terminate($_[0]{backend}) } ],
		[ 'client killed in a query', $slow, \&kill_client ])
	{
		my ($name, $statement, $end) = @$case;
		my $session = open_session();

		ask($session, $fast);
		start_at_work($session, $statement) if ($statement // '') eq $slow;
		ask($session, $statement) if ($statement // $slow) ne $slow;
		ends_with_workers($session, $name, $end);
		$session->close;
	}
}

# Each would leave two places taken for good, were the last to go the worker.
sub test_places
{
	my ($sessions, $without) = (40, 0);

	foreach my $i (1 .. $sessions)
	{
		my $session = open_session();

		$without++ if launched($session, $fast) == 0;
		if ($i % 4 == 0)
		{
			start_at_work($session, $slow);
			$i % 8 == 0 ? kill_client($session) : terminate($session->{backend});
		}
		terminate($session->{backend}) if $i % 4 == 1;
		$session->close;
		$node->poll_query_until('postgres', "SELECT count(*) = 0 $workers");
	}
	is($without, 0, "each of $sessions sessions, one after the other, gets workers");
	unlike(slurp_file($node->logfile), qr/too many clients/, 'no place is lost');
}

# Sessions that are over before their workers have come.
sub test_brief_sessions
{
	my $script = $node->basedir . '/brief.sql';
	my $session;

	append_to_file($script, "SET parallel_leader_participation = on;\n"
		  . "SELECT sum(length(md5(id::text))) FROM m WHERE id < 100;\n");
	$node->command_ok(
		[ 'pgbench', '-n', '-C', '-c', 4, '-t', 40, '-f', $script, '-h', $node->host,
			'-p', $node->port, 'postgres' ],
		'160 sessions, four at once, with one short query each');
	becomes("SELECT count(*) = 0 $workers", 'no worker is left');
	$session = open_session();
	answers_with_workers($session, 'after brief sessions');
	$session->close;
}

# ---------- cancellation ----------

# What holds of every session right after a statement that failed.
sub nobody_at_work
{
	my ($session, $name) = @_;
	is(ask($session,
			"SELECT count(*) $workers AND leader_pid = pg_backend_pid() AND state = 'active'"),
		0, "$name: no worker is at work any more");
	is(ask($session,
			"SELECT count(*) FROM pg_locks WHERE relation = 'm'::regclass"),
		0, "$name: no lock is held any more");
}

sub test_cancel
{
	my $session = open_session();

	create_table('truncated', 50000);
	create_table('dropped', 50000);
	start_at_work($session, $slow);
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($session->{backend})");
	is(result($session), 'ERROR 57014 canceling statement due to user request',
		'canceled: the usual error');
	nobody_at_work($session, 'canceled');
	answers_with_workers($session, 'canceled, next query');

	ask($session, "SET statement_timeout = '300ms'");
	is(ask($session, $slow), 'ERROR 57014 canceling statement due to statement timeout',
		'timed out: the usual error');
	nobody_at_work($session, 'timed out');
	foreach my $command ('TRUNCATE truncated', 'DROP TABLE dropped')
	{
		my ($table) = $command =~ /(\w+)$/;
		like(ask($session, $slow =~ s/FROM m/FROM $table/r), qr/^ERROR 57014/,
			"timed out before $command");
		is(ask($session, $command), '', "$command in the next statement");
	}
	is(ask($session, $fast =~ s/FROM m/FROM truncated/r), '0||',
		'the truncated table is empty');

	ask($session, 'BEGIN; SAVEPOINT s');
	like(ask($session, $slow), qr/^ERROR 57014/, 'timed out in a subtransaction');
	ask($session, 'ROLLBACK TO s');
	answers_with_workers($session, 'rolled back to the savepoint');
	ask($session, 'COMMIT');
	$session->close;
}

# The cancellation comes while workers start, take the job, work, or answer.
sub test_cancel_any_time
{
	my $session = open_session();
	my ($canceled, $wrong) = (0, 0);

	foreach my $i (1 .. 25)
	{
		my $answer = ask($session, 'SET statement_timeout = ' . (1 + $i * 3 % 59)
			  . ";\n$fast;\n\\if :ERROR\n\\echo ERROR :SQLSTATE\n\\endif\nRESET statement_timeout");

		$answer =~ /^ERROR 57014/ ? $canceled++ : $answer ne $fast_answer && $wrong++;
		$wrong++ if ask($session, $fast) ne $fast_answer;
	}
	cmp_ok($canceled, '>', 0, 'some of the statements time out');
	is($wrong, 0, 'timed out at any time: a right answer or none');
	answers_with_workers($session, 'timed out at any time');
	$session->close;
}

# ---------- the ends of a worker ----------

sub test_worker_ends
{
	my $session = open_session();

	ask($session, $fast);
	foreach my $function ('pg_terminate_backend', 'pg_cancel_backend')
	{
		worker_ends_idle($session, $function);
		worker_ends_at_work($session, $function, $_) foreach 0, 1;
	}
	$session->close;
}

# The next query finds the worker alive, on its way out, or gone.
sub worker_ends_idle
{
	my ($session, $function) = @_;
	my $wrong = 0;

	foreach my $i (1 .. 10)
	{
		my ($pid) = worker_pids($session);
		$node->safe_psql('postgres', "SELECT $function($pid)");
		$wrong++ if ask($session, $fast) ne $fast_answer;
	}
	foreach my $i (1 .. 20)
	{
		# in one message, hence at once
		my $answer = ask($session, "SELECT sum($function(pid)::int) $workers "
			  . "AND leader_pid = pg_backend_pid() \\; $fast");
		$wrong++ if (split /\n/, $answer)[-1] ne $fast_answer;
	}
	is($wrong, 0, "$function of an idle worker: the next query is not bothered");
	ask($session, $fast);
	answers_with_workers($session, "$function of an idle worker");
}

# Whichever it is, the session does not wait for the other one.
sub worker_ends_at_work
{
	my ($session, $function, $which) = @_;
	my $name = "$function of worker $which at work";
	my $pid;

	start_at_work($session, $slow);
	$pid = (worker_pids($session))[$which];
	$node->safe_psql('postgres', "SELECT $function($pid)");
	like(result($session),
		qr/^ERROR (?:55000 lost connection to parallel worker|57014 canceling statement due to user request)/,
		"$name: the statement fails");
	nobody_at_work($session, $name);
	answers_with_workers($session, "$name, next query");
}

# A psql that cannot connect would not do: it leaves before it is asked.
sub server_is_back
{
	foreach (1 .. 1000)
	{
		return 1 if system('pg_isready', '-q', '-h', $node->host, '-p', $node->port) == 0;
		select undef, undef, undef, 0.02;
	}
	return 0;
}

# As after the death of any backend.
sub test_worker_killed
{
	foreach my $statement (undef, $slow)
	{
		my $session = open_session();
		my $name = 'worker killed ' . ($statement ? 'at work' : 'idle');

		ask($session, $fast);
		start_at_work($session, $statement) if $statement;
		my ($pid) = worker_pids($session);
		kill 'KILL', $pid;
		start($session, $fast) unless $statement;
		like(result($session),
			$statement ? qr/^(?:LOST|ERROR)/ : qr/^(?:LOST|ERROR|\Q$fast_answer\E$)/,
			"$name: no answer, or a right one");
		while ($session->{pid}) { ask($session, 'SELECT 1') }
		ok(server_is_back(), "$name: the server is back");
		$session = open_session();
		answers_with_workers($session, "$name, after the restart");
		$session->close;
	}
}

# A session that is idle while other tests go on, longer than workers wait.
my $idler;

sub test_idle_begin
{
	$idler = open_session();
	answers_with_workers($idler, 'a session that will be idle');
}

sub test_idle_end
{
	becomes("SELECT count(*) = 0 $workers AND leader_pid = $idler->{backend}",
		'the workers of an idle session leave');
	answers_with_workers($idler, 'the session that was idle');
	$idler->close;
}

# ---------- no place for a worker ----------

sub works_alone
{
	my ($session, $name) = @_;
	foreach my $participation ('on', 'off')
	{
		ask($session, "SET parallel_leader_participation = $participation");
		is(ask($session, $fast), $fast_answer,
			"$name, parallel_leader_participation = $participation: right answer");
		is(launched($session, $fast), 0,
			"$name, parallel_leader_participation = $participation: alone");
	}
}

sub test_no_place
{
	my $session = open_session();
	my @others;

	ask($session, 'SET max_parallel_workers = 0');
	works_alone($session, 'max_parallel_workers = 0');
	ask($session, 'RESET max_parallel_workers; SET plan_cache_mode = force_generic_plan');
	ask($session, "PREPARE p AS $fast; EXECUTE p");
	ask($session, 'SET max_parallel_workers = 0');
	is(ask($session, 'EXECUTE p'), $fast_answer, 'planned with workers, but none is allowed');
	$session->close;

	push @others, open_session();
	ask($others[0], $fast);
	$session = open_session();
	ask($session, 'SET max_parallel_workers = 2');
	works_alone($session, 'max_parallel_workers taken by another session');
	ask($session, 'RESET max_parallel_workers');
	foreach my $i (2 .. 4)
	{
		push @others, open_session();
		ask($others[-1], $fast);
	}
	works_alone($session, 'all places taken');
	$_->close foreach @others;
	$node->poll_query_until('postgres', "SELECT count(*) = 0 $workers");
	answers_with_workers($session, 'places are free again');
	$session->close;
}

# ---------- processors ----------

# A worker that is woken is kept off its session's processor, and may run anywhere
# as soon as it is awake: also one that a job met while it was on its way, or that
# slept on because the job had been done without it.
sub test_processors
{
	my $all = processors($$);
	my @places;

	foreach my $round (1 .. 5)
	{
		my $session = open_session();

		ask($session, 'SET parallel_leader_participation = on; SET rusts.place_workers = on');
		foreach my $pause ((0) x 10, 0.002, 0.01, 0, 0.1, 0, 0, 0.5)
		{
			sleep $pause;
			is(ask($session, 'SELECT max(id) FROM m WHERE id < 1000'), 999,
				'right answer after a pause');
		}
		ask($session, 'RESET parallel_leader_participation');
		answers_with_workers($session, 'after pauses');
		becomes("SELECT count(*) = 2 $workers AND leader_pid = $session->{backend} AND state = 'idle'",
			'workers are idle');
		push @places, map { processors($_) } $session->{backend}, worker_pids($session);
		$session->close;
	}
	is(join(' ', @places), join(' ', ($all) x 15),
		'sessions and workers may run on all processors');
}

# A worker that is stopped does not get to the job it is woken for: then it shows
# what the session has done.  That it is kept off only if that is wanted, and let
# go with the next job, wanted or not.
sub test_place_setting
{
	my $all = processors($$);
	my $session = open_session();

	ask($session, $fast);
	ask($session, 'SET parallel_leader_participation = on');
	foreach my $place ('off', 'on', 'off')
	{
		becomes("SELECT count(*) = 2 $workers AND leader_pid = $session->{backend} AND state = 'idle'",
			'workers are idle');
		my @pids = worker_pids($session);
		ask($session, "SET rusts.place_workers = $place");
		kill 'STOP', @pids;
		is(ask($session, $fast), $fast_answer, "place_workers $place: right answer");
		my @kept = grep { processors($_) ne $all } @pids;
		kill 'CONT', @pids;
		# with one processor there is no other
		is(scalar @kept, $place eq 'on' && $all =~ /\D/ ? 2 : 0,
			"place_workers $place: workers that are kept off a processor");
		ask($session, 'SET rusts.place_workers = off; SET parallel_leader_participation = off');
		is(ask($session, $fast), $fast_answer, "place_workers $place: the next job");
		becomes("SELECT count(*) = 2 $workers AND leader_pid = $session->{backend} AND state = 'idle'",
			'workers are idle again');
		is(join(' ', map { processors($_) } @pids), "$all $all",
			"place_workers $place: workers may run on all processors");
		ask($session, 'SET parallel_leader_participation = on');
	}
	$session->close;
}

# ---------- locks ----------

# Ordinary parallel workers join the same group.
sub test_gather
{
	my $session = open_session();
	my $heap = $fast =~ s/FROM m/FROM heap/r;

	$node->safe_psql('postgres', 'CREATE TABLE heap USING heap AS TABLE m');
	foreach my $round (1 .. 3)
	{
		answers_with_workers($session, "round $round, beside a Gather");
		is(ask($session, $heap), $fast_answer, "round $round: right answer by a Gather");
		cmp_ok(launched($session, $heap), '>', 0, "round $round: by its own workers");
	}
	$session->close;
}

sub test_locks
{
	my ($session, $other) = (open_session(), open_session());

	ask($session, 'BEGIN');
	start_at_work($session, $brisk);
	start($other, 'BEGIN; LOCK TABLE m IN ACCESS EXCLUSIVE MODE');
	becomes("SELECT count(*) = 1 FROM pg_locks WHERE NOT granted AND pid = $other->{backend}",
		'another session waits for the table');
	is(result($session), $brisk_answer, 'the query that runs goes on');
	answers_with_workers($session, 'next query in the transaction, somebody waits');
	is(ask($session, 'SELECT count(*) FROM pg_locks WHERE NOT granted'), 1,
		'the other session still waits');
	ask($session, 'COMMIT');
	is(result($other), '', 'the other session gets its lock');
	start($session, $fast);
	becomes("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted",
		'now the query waits');
	ask($other, 'COMMIT');
	is(result($session), $fast_answer, 'and ends');
	$other->close;

	ask($session, 'BEGIN; LOCK TABLE m IN ACCESS EXCLUSIVE MODE');
	is(ask($session, $fast), $fast_answer, 'a query on a table that the session has locked');
	ask($session, 'COMMIT');
	ask($session, "BEGIN; LOCK TABLE m IN SHARE MODE; PREPARE TRANSACTION 'p'");
	$node->safe_psql('postgres', "COMMIT PREPARED 'p'");
	is(ask($session, "SELECT count(*) FROM pg_locks WHERE relation = 'm'::regclass"), 0,
		'the session, a group of processes, prepares a transaction');
	answers_with_workers($session, 'after locks');
	$session->close;
}

# ---------- databases and settings ----------

my $days = 'SELECT date_trunc(\'day\', time) AT TIME ZONE current_setting(\'TimeZone\') AS d, '
  . 'count(*) FROM m GROUP BY d ORDER BY d';

# The session's days are those of the zone, and workers have found them.
sub has_days_of
{
	my ($session, $zone, $name) = @_;
	my $expected = $node->safe_psql('postgres',
		"SET rusts.enable_resident_workers = off; SET TimeZone = '$zone'; $days");
	is(ask($session, $days), $expected, $name);
	cmp_ok(launched($session, $days), '>', 0, "$name, by workers");
}

sub test_databases
{
	# who is idle must let go of files that are dropped
	my $bystander = open_session();

	ask($bystander, $fast);
	foreach my $round (1 .. 3)
	{
		$node->safe_psql('postgres', 'CREATE DATABASE brief');
		create_table('m', 20000, 'brief');
		my $session = open_session($node, 'brief');
		cmp_ok(launched($session, $fast), '>', 0, "round $round: workers in a new database");
		is(ask($session, 'CREATE DATABASE copy TEMPLATE brief'), '',
			"round $round: the session copies its own database");
		cmp_ok(launched($session, $fast), '>', 0, "round $round: and has workers again");
		$session->close;
		is($node->psql('postgres', 'DROP DATABASE copy'), 0, "round $round: DROP DATABASE of the copy");
		is($node->psql('postgres', 'DROP DATABASE brief'), 0,
			"round $round: DROP DATABASE right after the session has disconnected");
	}
	answers_with_workers($bystander, 'after DROP DATABASE');
	$bystander->close;
}

sub test_settings
{
	my $old = open_session();
	my $session;

	has_days_of($old, 'UTC', 'time zone of the configuration');
	$node->safe_psql('postgres', "ALTER DATABASE postgres SET TimeZone = 'Asia/Kolkata'");
	$session = open_session();
	has_days_of($session, 'Asia/Kolkata', 'time zone of the database');
	$session->close;
	$node->safe_psql('postgres', <<'SQL');
CREATE ROLE elsewhere LOGIN SUPERUSER;
ALTER ROLE elsewhere SET TimeZone = 'America/New_York';
SQL
	$session = session($node);
	$session->{user} = 'elsewhere';
	$session->run('\set ON_ERROR_STOP off');
	has_days_of($session, 'America/New_York', 'time zone of the role');
	$session->close;
	$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET TimeZone; DROP ROLE elsewhere');

	foreach my $zone ('Pacific/Auckland', 'America/Los_Angeles')
	{
		$node->safe_psql('postgres', "ALTER SYSTEM SET TimeZone = '$zone'");
		$node->reload;
		select undef, undef, undef, 0.01 until ask($old, 'SHOW TimeZone') eq $zone;
		has_days_of($old, $zone, "time zone $zone after ALTER SYSTEM and reload");
	}
	$node->safe_psql('postgres', 'ALTER SYSTEM RESET TimeZone');
	$node->reload;
	$old->close;
}

# ---------- beside a writer ----------

# The writer's rows are numbered without gaps and come a thousand at once, so
# one number tells what a snapshot must count.
sub wrong_answers
{
	my ($session) = @_;
	my ($wrong, $last) = (0, 0);

	foreach my $row (split /\n/, result($session))
	{
		my ($rows, $sum, $highest, $bytes) = split /\|/, $row;
		next if $rows =~ /^\d+$/
		  && $rows % 1000 == 0 && $rows >= $last && $highest == $rows
		  && $sum == $rows * ($rows + 1) / 2 && $bytes == 32 * $rows;
		$wrong++;
		diag "beside a writer: $row";
	}
	continue
	{
		($last) = $row =~ /^(\d+)/;
	}
	return $wrong;
}

sub test_writer
{
	my @readers = map { open_session() } 1, 2;
	my ($writer, $flusher) = (open_session(), open_session());
	my $query = 'SELECT count(*), sum(id::bigint), max(id), sum(length(md5(id::text))) FROM w';
	my $insert = join "\n", map
	{
		my $first = $_ * 1000 + 1;
		my $last = $_ * 1000 + 1000;
		"INSERT INTO w SELECT now(), 'host_' || g % 7, g FROM generate_series($first, $last) g;"
	} 10 .. 109;

	create_table('w', 10000);
	start($_, "$query;\n" x 60) foreach @readers;
	start($writer, $insert);
	start($flusher, "SELECT rusts.flush('w');\nSELECT pg_sleep(0.05);\n" x 30);
	is(wrong_answers($_), 0, 'beside a writer: every count is one of a snapshot')
	  foreach @readers;
	unlike(result($_), qr/ERROR|LOST/, 'the writer is not bothered') foreach $writer, $flusher;
	is(scalar worker_pids($_), 2, 'the readers had workers') foreach @readers;
	is(ask($readers[0], $query), join('|', 110000, 110000 * 110001 / 2, 110000, 32 * 110000),
		'all rows are there at the end');
	$_->close foreach @readers, $writer, $flusher;
}

# ---------- standby ----------

sub test_standby
{
	my $primary = new_node('primary', allows_streaming => 1);
	my $standby = PostgreSQL::Test::Cluster->new('standby');
	my ($session, $other);

	$primary->append_conf('postgresql.conf', $settings);
	$primary->start;
	$primary->backup('base');
	$standby->init_from_backup($primary, 'base', has_streaming => 1);
	$standby->append_conf('postgresql.conf', 'max_standby_streaming_delay = 200ms');
	$standby->start;
	$node = $primary;
	$primary->safe_psql('postgres', 'CREATE DATABASE brief');
	create_table('m', 20000, 'brief');
	create_table('m', $m_rows);
	$primary->wait_for_catchup($standby);

	$node = $standby;
	$session = open_session();
	$other = open_session($standby, 'brief');
	answers_with_workers($session, 'standby');
	cmp_ok(launched($other, $fast), '>', 0, 'standby: workers in another database');
	$primary->safe_psql('postgres', 'DROP DATABASE brief');
	$primary->wait_for_catchup($standby);
	like(ask($other, 'SELECT 1'), qr/^LOST/, 'standby: DROP DATABASE is replayed, workers or not');
	answers_with_workers($session, 'standby, after DROP DATABASE');

	$standby->promote;
	answers_with_workers($session, 'promoted');
	ask($session, "BEGIN; INSERT INTO m VALUES (now(), 'new', $m_rows + 1)");
	is(ask($session, $fast), answer_of($m_rows + 1), 'promoted: the session sees its own row');
	ask($session, 'COMMIT');
	is(ask($session, $fast), answer_of($m_rows + 1), 'promoted: committed, too');
	cmp_ok(launched($session, $fast), '>', 0, 'promoted: by workers');
	$session->close;
	$primary->stop('immediate');
}

# ---------- the server's end ----------

# Is a process there?  Who has lost its parent may stay a zombie for ever, where
# the first process of a container does not care for orphans.
sub alive
{
	my ($pid) = @_;

	open my $stat, '<', "/proc/$pid/stat" or return 0;
	my $line = <$stat> // '';
	return $line =~ /\) [^ZX] /;
}

sub test_postmaster_dies
{
	my ($server) = @_;
	my ($idle, $busy) = (open_session(), open_session());
	my $started = time;
	my @pids;

	ask($idle, $fast);
	start_at_work($busy, $brisk);
	@pids = map { $_->{backend}, worker_pids($_) } $idle, $busy;
	$server->kill9;
	select undef, undef, undef, 0.01
	  while time - $started < $soon && grep { alive($_) } @pids;
	is(scalar(grep { alive($_) } @pids), 0,
		'the postmaster is killed: workers idle and at work end, and their sessions');
	$_->close foreach $idle, $busy;
}

sub test_stop
{
	my ($server, $mode) = @_;
	my ($idle, $busy) = (open_session(), open_session());
	my $started = time;

	ask($idle, $fast);
	start_at_work($busy, $slow);
	$server->stop($mode);
	cmp_ok(time - $started, '<', 20, "stop in $mode mode, workers idle and at work");
	$_->close foreach $idle, $busy;
}

$node = my $main = new_node('main');
$main->append_conf('postgresql.conf', $settings);
$main->start;
create_table('m', $m_rows);

my $clock = time;
foreach my $test (
	\&test_session_ends, \&test_places, \&test_brief_sessions, \&test_no_place,
	\&test_idle_begin, \&test_cancel, \&test_cancel_any_time, \&test_worker_ends,
	\&test_processors, \&test_place_setting, \&test_gather, \&test_locks, \&test_databases, \&test_settings, \&test_writer,
	\&test_idle_end)
{
	$test->();
	note sprintf '%.1f s', time - $clock;
}
unlike(slurp_file($main->logfile), qr/PANIC|TRAP|terminated by signal|leak|not closed/,
	'the log has no complaint');
test_worker_killed();
test_stop($main, 'fast');
$main->start;
test_stop($main, 'immediate');
$main->start;
test_postmaster_dies($main);
note sprintf '%.1f s', time - $clock;
test_standby();
note sprintf '%.1f s', time - $clock;

done_testing();
