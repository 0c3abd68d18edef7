# 102_maintenance_log.pl: what the maintenance worker did and could not do is
# in rusts.maintenance_log: over a restart, within bounds, decoded by nobody,
# dumped by nobody, and in nobody's way.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use RustsTest;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'rusts'
wal_level = logical
autovacuum = off
CONF
$node->start;

sub logged
{
	my ($table, $where, $name) = @_;
	ok( $node->poll_query_until('postgres',
			"SELECT count(*) > 0 FROM rusts.maintenance_log WHERE relation = '$table'::regclass AND $where"),
		$name);
}

sub value { return $node->safe_psql('postgres', $_[0]) }

value(<<'SQL');
CREATE EXTENSION rusts;
SELECT pg_create_logical_replication_slot('slot', 'test_decoding');
CREATE TABLE kept (time timestamptz NOT NULL, v int) USING rusts
	WITH (rusts.flush_rows = 100, rusts.flush_age = 0, rusts.compaction = off);
CREATE TABLE merged (LIKE kept) USING rusts WITH (rusts.flush_rows = 10, rusts.flush_age = 0);
CREATE TABLE old (LIKE kept) USING rusts
	WITH (rusts.flush_rows = 10, rusts.flush_age = 0, rusts.drop_after = '10 days', rusts.compaction = off);
CREATE TABLE broken (LIKE kept) USING rusts WITH (rusts.flush_rows = 10, rusts.flush_age = 0);
CREATE TABLE switch (x int);
CREATE FUNCTION fragile(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
$$ BEGIN IF EXISTS (SELECT FROM public.switch) THEN RAISE EXCEPTION 'fragile today'; END IF; RETURN $1; END $$;
CREATE INDEX ON broken (fragile(v));
INSERT INTO kept SELECT now(), i FROM generate_series(1, 100) i;
INSERT INTO old SELECT '2020-01-01', i FROM generate_series(1, 10) i;
BEGIN;
INSERT INTO broken SELECT now(), i FROM generate_series(1, 10) i;
INSERT INTO switch VALUES (1);
COMMIT;
SQL
logged('kept', q{operation = 'flush' AND rows = 100 AND bytes > 0 AND error IS NULL}, 'a flush');
logged('old', q{operation = 'retention' AND rows = 10 AND error IS NULL}, 'retention');
logged('broken', q{operation = 'flush' AND rows IS NULL AND error = 'fragile today'}, 'a failure');
value('DROP TABLE broken');
foreach my $i (1 .. 20)
{
	value("INSERT INTO merged SELECT '2026-01-01', i FROM generate_series(1, 10) i");
	$node->poll_query_until('postgres',
		q{SELECT hot_rows = 0 FROM rusts.tables WHERE relation = 'merged'::regclass});
	last if value(q{SELECT count(*) FROM rusts.maintenance_log WHERE operation = 'compaction'}) > 0;
}
logged('merged', q{operation = 'compaction' AND rows > 0 AND bytes > 0 AND error IS NULL}, 'a compaction');
is(value(q{SELECT last_compaction IS NOT NULL FROM rusts.tables WHERE relation = 'merged'::regclass}),
	't', 'rusts.tables knows of it');

# rows that foreign keys refer to are not dropped; that is told, not too often,
# and does not keep the table from being compacted
value(<<'SQL');
CREATE TABLE referred (time timestamptz NOT NULL, v int PRIMARY KEY) USING rusts
	WITH (rusts.flush_rows = 10, rusts.flush_age = 0, rusts.drop_after = '10 days');
CREATE TABLE refers (v int REFERENCES referred);
SQL
foreach my $i (1 .. 10)
{
	value("INSERT INTO referred SELECT '2020-01-01', i FROM generate_series($i * 10, $i * 10 + 9) i");
	$node->poll_query_until('postgres',
		q{SELECT hot_rows = 0 FROM rusts.tables WHERE relation = 'referred'::regclass});
}
logged('referred', q{operation = 'retention' AND error ~ 'foreign key'}, 'retention that must not be');
logged('referred', q{operation = 'compaction' AND error IS NULL}, 'a compaction of the same table');
is(value('SELECT count(*) FROM referred'), 100, 'nothing is dropped');
cmp_ok(value(q{SELECT count(*) FROM rusts.maintenance_log WHERE operation = 'retention' AND error IS NOT NULL}),
	'<', 8, 'a failing step waits longer and longer');

value('DROP TABLE refers, referred');

# nothing of the log is decoded
my $decoded = value(q{SELECT string_agg(data, E'\n') FROM pg_logical_slot_get_changes('slot', NULL, NULL)});
like($decoded, qr/table public.kept: INSERT/, 'the table is decoded');
unlike($decoded, qr/maintenance_entries/, 'the log is not');

# over a restart, clean or not
my $entries_of = q{SELECT count(*), max(at) FROM rusts.maintenance_log WHERE relation IN ('kept'::regclass, 'old'::regclass)};
my $entries = value($entries_of);
$node->stop('immediate');
$node->start;
is(value($entries_of), $entries, 'still there after a crash');

# whoever locks the log keeps nobody from work
my $blocker = session($node);
ok($blocker->run('BEGIN; REFRESH MATERIALIZED VIEW rusts.maintenance_entries;'), 'the log is locked');
value(q{INSERT INTO kept SELECT now(), i FROM generate_series(1, 100) i});
ok( $node->poll_query_until('postgres', q{SELECT count(*) = 200 FROM kept WHERE ctid >= '(2147483648,0)'}),
	'flushed all the same');
ok($blocker->run('ROLLBACK;'), 'the log is free');

# no publication has it, so subscribers need not have it
value('CREATE PUBLICATION everything FOR ALL TABLES');
is(value(q{SELECT count(*) FROM pg_publication_tables WHERE schemaname = 'rusts'}), 0, 'not published');
value('DROP PUBLICATION everything');

# bounds of rows and of bytes, by the worker alone
$node->safe_psql('postgres', 'ALTER DATABASE postgres SET rusts.maintenance_log_rows = 40');
$node->restart;
value(q{ALTER TABLE kept SET (rusts.flush_rows = 1)});
foreach my $i (1 .. 80)
{
	value("INSERT INTO kept VALUES (now(), $i)");
	$node->poll_query_until('postgres', q{SELECT NOT EXISTS (SELECT FROM kept WHERE ctid < '(2147483648,0)')})
	  or last;
}
ok( $node->poll_query_until('postgres', 'SELECT count(*) BETWEEN 40 AND 44 FROM rusts.maintenance_log'),
	'as many entries as asked for, and no more than a few');
cmp_ok(value(q{SELECT pg_table_size('rusts.maintenance_entries') / current_setting('block_size')::int}),
	'<=', 8, 'in a few pages, with autovacuum off');

# a dump has the extension, not the log
my ($dump) = run_command([ 'pg_dump', '-h', $node->host, '-p', $node->port, 'postgres' ]);
unlike($dump, qr/maintenance_entries/, 'not dumped');

done_testing();
