# 100_worker.pl: the maintenance worker comes, flushes, survives and goes.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'rusts'
max_prepared_transactions = 5
autovacuum = off
CONF
$node->start;
my $log = $node->logfile;

sub becomes
{
	my ($query, $expected, $name) = @_;
	ok($node->poll_query_until('postgres', $query, $expected), $name);
}

sub workers_become
{
	my ($database, $count, $name) = @_;
	becomes(
		"SELECT count(*) FROM pg_stat_activity
		 WHERE backend_type = 'rusts maintenance' AND datname = '$database'",
		$count, $name);
}

sub hot_rows_become
{
	my ($table, $count, $name) = @_;
	becomes(
		"SELECT hot_rows FROM rusts.tables WHERE relation = '$table'::regclass",
		$count, $name);
}

sub log_has
{
	my ($pattern) = @_;
	foreach (1 .. 300)
	{
		return 1 if slurp_file($log) =~ $pattern;
		select undef, undef, undef, 0.1;
	}
	return 0;
}

becomes(
	q{SELECT application_name FROM pg_stat_activity WHERE backend_type = 'rusts launcher'},
	'rusts launcher', 'the launcher runs');
workers_become('postgres', 0, 'no worker without rusts tables');

# Each trigger on its own.
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION rusts;
CREATE TABLE by_age (time timestamptz NOT NULL, v float8) USING rusts
	WITH (rusts.flush_age = '1s', rusts.flush_rows = 0, rusts.flush_size = 0);
CREATE TABLE by_rows (time timestamptz NOT NULL, v float8) USING rusts
	WITH (rusts.flush_age = 0, rusts.flush_rows = 500, rusts.flush_size = 0);
CREATE TABLE by_size (time timestamptz NOT NULL, v text) USING rusts
	WITH (rusts.flush_age = 0, rusts.flush_rows = 0, rusts.flush_size = '100kB');
CREATE TABLE never (time timestamptz NOT NULL, v float8) USING rusts
	WITH (rusts.flush_age = 0, rusts.flush_rows = 0, rusts.flush_size = 0);
INSERT INTO never VALUES (now(), 1);
INSERT INTO by_age VALUES (now(), 1);
INSERT INTO by_rows SELECT now(), i FROM generate_series(1, 400) i;
INSERT INTO by_size SELECT now(), repeat('x', 100) FROM generate_series(1, 300) i;
SQL
workers_become('postgres', 1, 'a worker once there are hot rows');
hot_rows_become('by_age', 0, 'flushed by age');
is($node->safe_psql('postgres', q{SELECT count(*) FROM rusts.segments('by_rows')}),
	0, 'too few rows stay hot');
$node->safe_psql('postgres',
	'INSERT INTO by_rows SELECT now(), i FROM generate_series(1, 100) i');
hot_rows_become('by_rows', 0, 'flushed by number of rows');
$node->safe_psql('postgres',
	q{INSERT INTO by_size SELECT now(), repeat('x', 100) FROM generate_series(1, 700) i});
hot_rows_become('by_size', 0, 'flushed by size');
is($node->safe_psql('postgres', q{SELECT count(*) FROM rusts.segments('never')}),
	0, 'all triggers off: not flushed');
is( $node->safe_psql('postgres',
		'SELECT (SELECT count(*) FROM by_age), (SELECT count(*) FROM by_rows), (SELECT count(*) FROM by_size)'),
	'1|500|1000', 'every row is there once');

# A changed parameter counts for rows that are already there.
$node->safe_psql('postgres', q{ALTER TABLE never SET (rusts.flush_age = '1s')});
hot_rows_become('never', 0, 'flushed after ALTER TABLE');

# A rolled back insert counts for nothing, a prepared one in the end.
$node->safe_psql('postgres', <<'SQL');
BEGIN; INSERT INTO by_rows SELECT now(), i FROM generate_series(1, 600) i; ROLLBACK;
BEGIN; INSERT INTO by_age VALUES (now(), 2); PREPARE TRANSACTION 'p';
SELECT pg_sleep(2);
COMMIT PREPARED 'p';
SQL
becomes(
	q{SELECT hot_rows = 0 AND segment_rows = 2 FROM rusts.tables WHERE relation = 'by_age'::regclass},
	't', 'rows of a prepared transaction are flushed in the end');

# A locked table is left alone until it is free.
$node->safe_psql('postgres', <<'SQL');
INSERT INTO by_age VALUES (now(), 3);
BEGIN;
LOCK TABLE by_age IN ACCESS EXCLUSIVE MODE;
SELECT pg_sleep(2);
COMMIT;
SQL
hot_rows_become('by_age', 0, 'flushed once the lock is gone');

# A table that cannot be flushed does not keep others from it.
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE switch (x int);
CREATE FUNCTION fragile(double precision) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
$$BEGIN
	IF $1 = 13 AND EXISTS (SELECT FROM public.switch) THEN RAISE EXCEPTION 'fragile'; END IF;
	RETURN 1;
END$$;
CREATE TABLE broken (time timestamptz NOT NULL, v float8) USING rusts WITH (rusts.flush_age = '1s');
CREATE INDEX ON broken (fragile(v));
BEGIN;
INSERT INTO broken VALUES (now(), 13);
INSERT INTO switch VALUES (1);
COMMIT;
INSERT INTO by_age VALUES (now(), 4);
SQL
hot_rows_become('by_age', 0, 'another table is flushed');
ok(log_has(qr/ERROR:  fragile.*flushing public\.broken/s),
	'the failure is logged with its table');
$node->safe_psql('postgres', 'DELETE FROM switch');
hot_rows_become('broken', 0, 'and the table is flushed when it can be');

# A worker that dies comes back; so does the launcher.
my $pid = $node->safe_psql('postgres',
	q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'rusts maintenance'});
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
becomes(
	"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'rusts maintenance' AND pid <> $pid",
	1, 'a new worker after the old one was terminated');
$pid = $node->safe_psql('postgres',
	q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'rusts launcher'});
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
becomes(
	"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'rusts launcher' AND pid <> $pid",
	1, 'a new launcher after the old one was terminated');
$node->safe_psql('postgres', 'INSERT INTO by_age VALUES (now(), 5)');
hot_rows_become('by_age', 0, 'and work goes on');

# Hot rows from before a restart, of which nothing is known, are found.
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE before (time timestamptz NOT NULL, v float8) USING rusts WITH (rusts.flush_age = '1h');
INSERT INTO before VALUES (now(), 1);
SQL
$node->restart;
$node->safe_psql('postgres', q{ALTER TABLE before SET (rusts.flush_age = '1s')});
hot_rows_become('before', 0, 'flushed after a restart');

# Commands that need a database for themselves.
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', <<'SQL');
CREATE EXTENSION rusts;
CREATE TABLE t (time timestamptz NOT NULL, v float8) USING rusts;
INSERT INTO t VALUES (now(), 1);
SQL
workers_become('other', 1, 'each database has its worker');
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE other');
workers_become('other', 1, 'it is back after CREATE DATABASE ... TEMPLATE');
workers_become('copy', 1, 'the copy has one too');
$node->safe_psql('postgres', 'ALTER DATABASE other RENAME TO another');
workers_become('another', 1, 'it is back after ALTER DATABASE ... RENAME');
$node->safe_psql('postgres', 'DROP DATABASE another');
$node->safe_psql('postgres', 'DROP DATABASE copy WITH (FORCE)');
workers_become('another', 0, 'no worker of a dropped database');

$node->safe_psql('postgres', 'DROP EXTENSION rusts CASCADE');
$node->stop;
my $text = slurp_file($log);
unlike($text, qr/database \d+ does not exist/,
	'no worker starts in a dropped database');
unlike($text, qr/terminated by signal|PANIC/, 'nothing crashed');

done_testing();
