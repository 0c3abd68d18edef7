# 011_onlooker.pl: another extension's utility hook, called by ours or calling
# ours, finds storage parameters in the catalog as soon as the server is done
# with a statement; and its C functions are not taken for ours.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use RustsTest;

my $library = "$ENV{MODULES}/onlooker.so";

# Statements, each with the parameters that are in the catalog behind it: of
# all relations called seen_*, by name.  What stands before # is not looked at.
my @statements = (
	[ q(CREATE TABLE seen_a (time timestamptz NOT NULL, host text, mood mood, v float8) USING rusts WITH (rusts.tags = 'host,mood', fillfactor = 90)),
		'seen_a {fillfactor=90,"rusts.tags=host,mood"}' ],
	[ q(ALTER TABLE seen_a SET (rusts.flush_rows = 5)), 'seen_a {fillfactor=90,"rusts.tags=host,mood",rusts.flush_rows=5}' ],
	[ q(ALTER TABLE seen_a RESET (rusts.flush_rows), SET (fillfactor = 80)), 'seen_a {fillfactor=80,"rusts.tags=host,mood"}' ],
	[ q(ALTER TABLE seen_a SET (fillfactor = 70, rusts.flush_age = 0), SET (autovacuum_enabled = off), RESET (fillfactor)),
		'seen_a {autovacuum_enabled=off,"rusts.tags=host,mood",rusts.flush_age=0}' ],
	[ q(ALTER TABLE seen_a RESET (autovacuum_enabled)), 'seen_a {"rusts.tags=host,mood",rusts.flush_age=0}' ],
	[ q(ALTER TABLE seen_a OWNER TO CURRENT_USER, ADD COLUMN rack int DEFAULT 7, ALTER COLUMN v TYPE float4, DISABLE TRIGGER ALL, SET (rusts.tags = 'rack,host,mood')),
		'seen_a {rusts.flush_age=0,"rusts.tags=rack,host,mood"}' ],
	[ q(ALTER TABLE seen_a RENAME COLUMN rack TO shelf), 'seen_a {rusts.flush_age=0,"rusts.tags=shelf,host,mood"}' ],
	[ q(ALTER TABLE seen_a DROP COLUMN shelf, ADD COLUMN shelf text), 'seen_a {rusts.flush_age=0,"rusts.tags=host,mood"}' ],
	[ q(ALTER TABLE seen_a DROP COLUMN shelf, ADD COLUMN bay text, SET (rusts.tags = 'bay,host,mood'), SET LOGGED),
		'seen_a {rusts.flush_age=0,"rusts.tags=bay,host,mood"}' ],
	[ q(ALTER TABLE seen_a DROP COLUMN bay, SET (fillfactor = 60)), 'seen_a {fillfactor=60,rusts.flush_age=0,"rusts.tags=host,mood"}' ],
	[ q(DROP TYPE mood CASCADE), 'seen_a {fillfactor=60,rusts.flush_age=0,rusts.tags=host}' ],
	[ q(ALTER TABLE seen_a RENAME TO seen_b), 'seen_b {fillfactor=60,rusts.flush_age=0,rusts.tags=host}' ],
	[ q(CREATE TABLE seen_c (LIKE seen_b INCLUDING ALL) USING rusts WITH (rusts.flush_rows = 9)),
		'seen_b {fillfactor=60,rusts.flush_age=0,rusts.tags=host} seen_c {rusts.flush_age=0,rusts.tags=host,rusts.flush_rows=9}' ],
	[ q(DROP TABLE seen_b), 'seen_c {rusts.flush_age=0,rusts.tags=host,rusts.flush_rows=9}' ],
	[ q(ALTER TABLE seen_c SET ACCESS METHOD heap), '' ],
	[ q(ALTER TABLE seen_c SET (rusts.tags = 'v', fillfactor = 50), SET ACCESS METHOD rusts), 'seen_c {fillfactor=50,rusts.tags=v}' ],
	[ q(DROP TABLE seen_c), '' ],
	[ q(CREATE TABLE seen_p (time timestamptz NOT NULL, host text) PARTITION BY RANGE (time)), '' ],
	[ q(CREATE TABLE seen_p1 PARTITION OF seen_p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') USING rusts WITH (rusts.tags = 'host')), 'seen_p1 {rusts.tags=host}' ],
	[ q(CREATE TABLE seen_pd PARTITION OF seen_p DEFAULT USING rusts WITH (rusts.tags = 'host')), 'seen_p1 {rusts.tags=host} seen_pd {rusts.tags=host}' ],
	[ q(ALTER TABLE seen_p RENAME COLUMN host TO machine), 'seen_p1 {rusts.tags=machine} seen_pd {rusts.tags=machine}' ],
	[ q(ALTER TABLE seen_p DROP COLUMN machine), '' ],
	[ q(DROP TABLE seen_p), '' ],
	[ q(CREATE TABLE seen_s (id serial PRIMARY KEY, time timestamptz, host text UNIQUE, CHECK (id > 0)) USING rusts WITH (rusts.tags = 'host')), 'seen_s {rusts.tags=host}' ],
	[ q(DROP TABLE seen_s), '' ],
	[ q(CREATE TABLE seen_as USING rusts WITH (rusts.tags = 'host') AS SELECT now() AS time, 'a' AS host, i FROM generate_series(1, 30000) i), 'seen_as {rusts.tags=host}' ],
	[ q(CREATE MATERIALIZED VIEW seen_mv USING rusts WITH (rusts.tags = 'host') AS TABLE seen_as), 'seen_as {rusts.tags=host} seen_mv {rusts.tags=host}' ],
	[ q(ALTER MATERIALIZED VIEW seen_mv SET (rusts.flush_rows = 3)), 'seen_as {rusts.tags=host} seen_mv {rusts.tags=host,rusts.flush_rows=3}' ],
	[ q(DROP MATERIALIZED VIEW seen_mv), 'seen_as {rusts.tags=host}' ],
	[ q(DROP TABLE seen_as), '' ],
	[ q(EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) CREATE TABLE seen_e USING rusts WITH (rusts.tags = 'host') AS SELECT now() AS time, 1 AS host), 'seen_e {rusts.tags=host}' ],
	[ q(DROP TABLE seen_e), '' ],
	[ q(CREATE TEMP TABLE seen_t (time timestamptz, host text) USING rusts WITH ("rusts.tags" = 'host'); SELECT 1), 'seen_t {rusts.tags=host}' ],
	[ q(CREATE SCHEMA seen CREATE TABLE seen_in (time timestamptz, host text) USING rusts WITH (rusts.tags = 'host')), 'seen.seen_in {rusts.tags=host}' ],
	[ q(DROP TABLE seen.seen_in; DROP SCHEMA seen), '' ],
);

sub look
{
	my ($libraries, $label) = @_;
	my $node = new_node($label);

	$node->append_conf('postgresql.conf', "shared_preload_libraries = '$libraries'\n");
	$node->start;
	$node->safe_psql('postgres', "CREATE EXTENSION rusts; CREATE TYPE mood AS ENUM ('sad', 'happy');");
	foreach (@statements)
	{
		my ($sql, $expected) = @$_;
		my ($status, $out, $err) = $node->psql('postgres', $sql);
		my @seen = $err =~ /seen: (.*)/g;
		my $stored = $node->safe_psql('postgres', q{SELECT string_agg(format('%s %s', oid::regclass, reloptions), ' ' ORDER BY oid::regclass::text COLLATE "C")
			FROM pg_class WHERE relname LIKE 'seen\_%' AND reloptions IS NOT NULL});

		s/pg_temp_\d+\.// foreach @seen;
		is($seen[-1] // "nothing: $err", $expected, "$label sees: " . substr($sql, 0, 100));
		is($stored, $sql =~ /TEMP/ ? '' : $expected, "$label: that is what stays");
	}
	event_triggers($node, $label);
	aborted($node, $label);
	lookalike($node, $label);
	$node->stop;
}

# An event trigger runs inside of the server's part of the statement.
sub event_triggers
{
	my ($node, $label) = @_;
	my ($status, $out, $err) = $node->psql('postgres', <<'SQL');
CREATE FUNCTION tell() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE 'event: % %', tg_tag, (SELECT string_agg(reloptions::text, ' ') FROM pg_class WHERE relname LIKE 'seen\_%');
END $$;
CREATE EVENT TRIGGER tell ON ddl_command_end EXECUTE FUNCTION tell();
CREATE TABLE seen_v (time timestamptz NOT NULL, host text) USING rusts WITH (rusts.tags = 'host');
ALTER TABLE seen_v SET (rusts.tags = ''), ADD COLUMN v int;
ALTER TABLE seen_v SET (rusts.tags = 'v'), SET (fillfactor = 50);
ALTER TABLE seen_v RENAME COLUMN v TO w;
DROP TABLE seen_v;
DROP EVENT TRIGGER tell;
SQL
	is_deeply([ $err =~ /event: (.*)/g ],
		[ 'CREATE TABLE {rusts.tags=host}', 'ALTER TABLE {rusts.tags=}', 'ALTER TABLE {fillfactor=50,rusts.tags=v}', 'ALTER TABLE {fillfactor=50,rusts.tags=w}', 'DROP TABLE <NULL>' ],
		"$label: event triggers see them");
}

# What fails, in the statement or behind it, leaves everything as it was.
sub aborted
{
	my ($node, $label) = @_;
	my $before = q(seen_f|{fillfactor=40,"rusts.tags=host,v"});

	$node->safe_psql('postgres', q(CREATE TABLE seen_f (time timestamptz NOT NULL, host text, v int) USING rusts WITH (rusts.tags = 'host,v', fillfactor = 40)));
	foreach my $sql (
		q(ALTER TABLE seen_f SET (rusts.tags = 'none')), q(ALTER TABLE seen_f SET (fillfactor = 1, rusts.tags = 'v')),
		q(ALTER TABLE seen_f SET (rusts.tags = 'v'), ALTER COLUMN host TYPE int USING host::int / 0, ADD CHECK (v > 1 / 0)),
		q(BEGIN; ALTER TABLE seen_f SET (rusts.tags = 'v'); ALTER TABLE seen_f RENAME COLUMN v TO w; ROLLBACK),
		q(BEGIN; SAVEPOINT s; ALTER TABLE seen_f DROP COLUMN v, SET (rusts.flush_rows = 3); ROLLBACK TO s; COMMIT),
		q(BEGIN; ALTER TABLE seen_f SET ACCESS METHOD heap; ROLLBACK),
		q(CREATE TABLE seen_g (time timestamptz, host text) USING rusts WITH (rusts.tags = 'nobody')),
		q(CREATE TABLE seen_g USING rusts WITH (rusts.tags = 'host') AS SELECT now() AS time, 1 / (3 - i) AS host FROM generate_series(1, 5) i))
	{
		$node->psql('postgres', $sql);
		is($node->safe_psql('postgres', q(SELECT relname, reloptions FROM pg_class WHERE relname LIKE 'seen\_%')), $before, "$label: as before after $sql");
	}
	$node->safe_psql('postgres', 'DROP TABLE seen_f');
}

# A function with our symbol in another library, which is no step function.
sub lookalike
{
	my ($node, $label) = @_;

	$node->safe_psql('postgres', <<SQL);
CREATE FUNCTION alike(bigint, bigint) RETURNS bigint AS '$library', 'rusts_time_bucket_int8' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE TABLE h AS SELECT i::bigint AS n, i % 3 AS tag FROM generate_series(1, 20000) i;
CREATE TABLE r (n bigint NOT NULL, tag int) USING rusts WITH (rusts.time = 'n', rusts.partition_interval = 0);
INSERT INTO r TABLE h;
SELECT rusts.flush('r');
SQL
	foreach my $query ('SELECT alike(1000, n) AS b, count(*) FROM T GROUP BY b ORDER BY b', 'SELECT count(*), sum(n) FROM T WHERE alike(1000, n) > 900',
		'SELECT alike(1000, n) AS b, max(n) FROM T GROUP BY b ORDER BY b DESC LIMIT 3')
	{
		is($node->safe_psql('postgres', $query =~ s/\bT\b/r/r), $node->safe_psql('postgres', $query =~ s/\bT\b/h/r), "$label: $query");
	}
}

look("$library,rusts", 'inner');
look("rusts,$library", 'outer');
done_testing();
