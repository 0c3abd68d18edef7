# With wal_level = logical: a load becomes segments where nobody can decode it,
# and no row is kept from those who can, whenever they came.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use Test::More;

use RustsTest;
use Version qw($MAJOR);

my $node = new_node('main', allows_streaming => 'logical');
$node->append_conf('postgresql.conf', <<'CONF');
rusts.bulk_rows = 100
autovacuum = off
lock_timeout = 60s
synchronous_standby_names = 'nobody'
synchronous_commit = local
CONF
$node->start;

my $definition = '(time timestamptz NOT NULL, n int)';
$node->safe_psql('postgres', <<SQL);
CREATE EXTENSION rusts;
CREATE SCHEMA watched;
CREATE TABLE t $definition USING rusts;
CREATE TABLE other $definition USING rusts;
CREATE TABLE watched.w $definition USING rusts;
CREATE UNLOGGED TABLE light $definition USING rusts;
CREATE TABLE root $definition PARTITION BY RANGE (n);
CREATE TABLE middle PARTITION OF root FOR VALUES FROM (0) TO (10000) PARTITION BY RANGE (n);
CREATE TABLE leaf PARTITION OF middle FOR VALUES FROM (0) TO (10000) USING rusts;
SQL

sub sql
{
	my ($query) = @_;
	return $node->safe_psql('postgres', $query);
}

sub rows_sql
{
	my ($table) = @_;
	return "INSERT INTO $table SELECT '2026-01-01'::timestamptz + g * interval '1 s', g "
	  . 'FROM generate_series(1, 1000) g;';
}

# Rows in segments: 0 or 900 of the 1,000 that a load brings.
sub in_segments
{
	my ($table) = @_;
	return sql("SELECT coalesce(sum(rows), 0) FROM rusts.segments('$table')");
}

sub load_is
{
	my ($expected, $label, $table, $through) = @_;
	$table ||= 't';
	$through ||= $table;
	sql("TRUNCATE $table; " . rows_sql($through));
	is(in_segments($table), $expected eq 'hot' ? 0 : 900, "$label: $expected");
	is(sql("SELECT count(*), sum(n) FROM $table"), '1000|500500', "$label: all rows");
}

# ---------- who can decode ----------

sub test_publications
{
	load_is('segments', 'nothing there');
	sql("SELECT pg_create_logical_replication_slot('out', 'pgoutput')");
	load_is('segments', 'a slot of pgoutput');
	sql('CREATE PUBLICATION p FOR TABLE other');
	load_is('segments', 'another table published');
	sql('ALTER PUBLICATION p ADD TABLE t');
	load_is('hot', 'published');
	sql('ALTER PUBLICATION p SET TABLE other');
	load_is('segments', 'no longer published');
	sql('DROP PUBLICATION p; CREATE PUBLICATION p FOR TABLES IN SCHEMA watched');
	load_is('hot', 'schema published', 'watched.w');
	load_is('segments', 'another schema published');
	sql('ALTER TABLE root SET SCHEMA watched');
	load_is('hot', 'schema of the root published', 'leaf');
	sql('ALTER TABLE watched.root SET SCHEMA public; DROP PUBLICATION p');
	load_is('segments', 'partition', 'leaf', 'root');
	foreach my $published ('root', 'middle', 'leaf')
	{
		sql("CREATE PUBLICATION p FOR TABLE $published");
		load_is('hot', "$published published, partition loaded", 'leaf');
		load_is('hot', "$published published, root loaded", 'leaf', 'root');
		sql('DROP PUBLICATION p');
	}
}

sub test_all_tables
{
	sql('CREATE PUBLICATION p FOR ALL TABLES');
	load_is('hot', 'all tables published');
	load_is('segments', 'all tables published, unlogged', 'light');
	sql('CREATE TABLE made USING rusts AS SELECT * FROM t');
	is(in_segments('made'), 0, 'CREATE TABLE AS, all tables published: hot');
	sql('CREATE MATERIALIZED VIEW seen USING rusts AS SELECT * FROM t');
	is(in_segments('seen'), 900, 'a materialized view is never published: segments');

	# the subscriber gets none of the rows that a rewrite writes
	sql('DROP MATERIALIZED VIEW seen; ALTER TABLE t ALTER n TYPE bigint');
	is(in_segments('t'), 900, 'all tables published, rewritten: segments');
	sql('DROP PUBLICATION p; DROP TABLE made');
}

sub test_slots
{
	sql("SELECT pg_create_logical_replication_slot('raw', 'test_decoding')");
	load_is('hot', 'a slot of test_decoding');
	load_is('segments', 'a slot of test_decoding, unlogged', 'light');
	sql('ALTER TABLE t ALTER n TYPE int');
	is(in_segments('t'), 0, 'a plugin may want rewrites: hot');
	sql("SELECT pg_drop_replication_slot('raw')");
	load_is('segments', 'slot dropped');

	$node->safe_psql('postgres', 'CREATE DATABASE elsewhere');
	$node->safe_psql('elsewhere',
		"SELECT pg_create_logical_replication_slot('far', 'test_decoding')");
	load_is('segments', 'a slot of another database');
	sql("SELECT pg_create_physical_replication_slot('bytes', true)");
	load_is('segments', 'a physical slot');

	my $client = session($node);
	$client->run("SELECT pg_create_logical_replication_slot('brief', 'test_decoding', true);");
	load_is('hot', 'a temporary slot');
	$client->close;
	$node->poll_query_until('postgres',
		"SELECT count(*) = 0 FROM pg_replication_slots WHERE slot_name = 'brief'");
	load_is('segments', 'temporary slot gone');
}

# Of a slot on a standby the primary knows by what it must keep for it.
sub test_standby
{
	my $standby = PostgreSQL::Test::Cluster->new('standby');

	$node->backup('base');
	$standby->init_from_backup($node, 'base', has_streaming => 1);
	$standby->append_conf('postgresql.conf', <<'CONF');
primary_slot_name = 'bytes'
hot_standby_feedback = on
wal_receiver_status_interval = 1s
CONF
	$standby->start;
	$node->wait_for_catchup($standby);
	load_is('segments', 'a standby');

	my $client = session($standby);
	$client->send("SELECT pg_create_logical_replication_slot('there', 'test_decoding');");
	foreach (1 .. 60)
	{
		sql('SELECT pg_log_standby_snapshot()');
		last if $standby->safe_psql('postgres',
			'SELECT count(confirmed_flush_lsn) FROM pg_replication_slots');
		select undef, undef, undef, 0.5;
	}
	ok($client->answer, 'a slot on the standby');
	$node->poll_query_until('postgres',
		"SELECT catalog_xmin IS NOT NULL FROM pg_replication_slots WHERE slot_name = 'bytes'");
	load_is('hot', 'a slot on a standby');
	$client->close;
	$standby->stop;
	sql("SELECT pg_drop_replication_slot('bytes')");
	load_is('segments', 'the standby gone');
}

# ---------- who comes while a load is under way ----------

# Rows that a subscriber to p gets.
sub sent
{
	return sql("SELECT count(*) FILTER (WHERE get_byte(data, 0) = ascii('I')) "
		  . "FROM pg_logical_slot_get_binary_changes('out', NULL, NULL, "
		  . "'proto_version', '1', 'publication_names', 'p')");
}

sub begin_load
{
	my ($client) = @_;
	sql('TRUNCATE t');
	ok($client->run('BEGIN; ' . rows_sql('t')
			  . " SELECT coalesce(sum(rows), 0) FROM rusts.segments('t');"), 'loaded');
	return $client->{rows}[0];
}

sub commit_fails
{
	my ($client, $label, $command) = @_;
	ok(!$client->run($command || 'COMMIT;'), "$label: fails");
	is($client->error_kind, '40001', "$label: as a serialization failure");
	is(sql('SELECT count(*) FROM t'), 0, "$label: no rows");
}

sub test_published_meanwhile
{
	my $client = session($node);

	# pgoutput wants the publication to be there from where it begins to decode
	sql('CREATE PUBLICATION p FOR TABLE other');
	sql("SELECT pg_replication_slot_advance('out', pg_current_wal_lsn())");
	foreach my $publish ('ALTER PUBLICATION p ADD TABLE t', 'CREATE PUBLICATION q FOR ALL TABLES',
		'CREATE PUBLICATION q FOR TABLES IN SCHEMA public')
	{
		is(begin_load($client), 900, "a load before $publish");
		sql($publish);
		commit_fails($client, $publish);
		is(begin_load($client), 0, "$publish: retried, hot");
		ok($client->run('COMMIT;'), "$publish: retried, committed");
		is(sent(), 1000, "$publish: all rows sent") if $publish =~ /^ALTER/;
		sql($publish =~ /^ALTER/ ? 'ALTER PUBLICATION p DROP TABLE t' : 'DROP PUBLICATION q');
	}

	is(begin_load($client), 900, 'a load before another publication');
	sql('CREATE PUBLICATION q FOR TABLE other; DROP PUBLICATION q');
	ok($client->run('COMMIT;'), 'another table published: committed');

	is(begin_load($client), 900, 'a load before its own publication');
	ok($client->run('CREATE PUBLICATION q FOR ALL TABLES; COMMIT;'),
		'own publication: committed');
	load_is('hot', 'after it');
	sql('DROP PUBLICATION q');

	is(begin_load($client), 900, 'a load to be prepared');
	sql('ALTER PUBLICATION p ADD TABLE t');
	commit_fails($client, 'prepare', "PREPARE TRANSACTION 'load';");
	sql('ALTER PUBLICATION p DROP TABLE t');
	is(begin_load($client), 900, 'a load that is prepared');
	ok($client->run("PREPARE TRANSACTION 'load';"), 'prepared');
	sql("ALTER PUBLICATION p ADD TABLE t; COMMIT PREPARED 'load'");
	is(in_segments('t'), 900, 'prepared before the publication: committed');
	is(sent(), 0, 'and a heap would send nothing either');
	sql('DROP PUBLICATION p');
	$client->close;
}

sub test_publication_unfinished
{
	my ($loader, $publisher) = (session($node), session($node));

	# of all tables: one of a table would stand in the way of TRUNCATE
	$publisher->run('BEGIN; CREATE PUBLICATION p FOR ALL TABLES;');
	is(begin_load($loader), 0, 'a publication not yet committed: hot');
	ok($loader->run('COMMIT;'), 'and committed');
	$publisher->run('ROLLBACK;');

	is(begin_load($loader), 900, 'a publication rolled back: segments');
	$publisher->run('BEGIN; CREATE PUBLICATION p FOR TABLE t;');
	commit_fails($loader, 'a publication under way');
	$publisher->run('ROLLBACK;');
	is(begin_load($loader), 900, 'a load before a publication that is given up');
	$publisher->run('BEGIN; CREATE PUBLICATION p FOR TABLE t; ROLLBACK;');
	ok($loader->run('COMMIT;'), 'committed');

	# in the WAL, but not yet seen by snapshots
	is(begin_load($loader), 900, 'a load before a publication that waits for a standby');
	$publisher->send('SET synchronous_commit = on; CREATE PUBLICATION p FOR TABLE t;');
	$node->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
	commit_fails($loader, 'a publication waits for a standby');
	ok($loader->run(rows_sql('t')), 'retried');
	is(in_segments('t'), 0, 'retried: hot');
	sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
	ok($publisher->answer, 'the publication is there');
	sql('DROP PUBLICATION p');
	$_->close foreach $loader, $publisher;
}

sub test_slot_meanwhile
{
	my ($loader, $decoder) = (session($node), session($node));

	is(begin_load($loader), 900, 'a load before a slot');
	$decoder->send("SELECT pg_create_logical_replication_slot('raw', 'test_decoding');");
	$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity "
		  . "WHERE query ~ 'create_logical' AND wait_event = 'transactionid'");
	load_is('hot', 'a slot being created', 'other');
	ok($loader->run('COMMIT;'), 'the load commits');
	ok($decoder->answer, 'then the slot is there');
	is(sql("SELECT count(*) FROM pg_logical_slot_get_changes('raw', NULL, NULL) "
			  . "WHERE data ~ '^table public.t:'"), 0, 'and begins after the load');
	is(in_segments('t'), 900, 'whose rows are in segments');
	load_is('hot', 'the slot is there');
	is(sql("SELECT count(*) FROM pg_logical_slot_get_changes('raw', NULL, NULL) "
			  . "WHERE data ~ '^table public.t: INSERT'"), 1000, 'all rows decoded');
	sql("SELECT pg_drop_replication_slot('raw')");
	$_->close foreach $loader, $decoder;
}

# The names under which a table is published stay while a load is under way.
sub test_names_meanwhile
{
	my $client = session($node);

	sql('TRUNCATE leaf; CREATE PUBLICATION p FOR TABLES IN SCHEMA watched');
	ok($client->run('BEGIN; ' . rows_sql('leaf')), 'partition loaded');
	foreach my $table ('root', 'middle', 'leaf')
	{
		my ($status, undef, $error) = $node->psql('postgres',
			"SET lock_timeout = '100ms'; ALTER TABLE $table SET SCHEMA watched");
		like($error, qr/lock timeout/, "$table stays in its schema");
	}
	ok($client->run('COMMIT;'), 'committed');
	is(in_segments('leaf'), 900, 'in segments');

	# whose partition constraint the session knows, so that it need not wait
	my $other = session($node);
	ok($other->run('BEGIN; LOCK ONLY root;'), 'the root locked');
	ok($client->run(rows_sql('leaf')), 'loaded meanwhile');
	$other->run('ROLLBACK;');
	is(in_segments('leaf'), 900, 'the root being altered: hot');
	is(sql('SELECT count(*) FROM leaf'), 2000, 'the root being altered: all rows');
	sql('DROP PUBLICATION p');
	$_->close foreach $client, $other;
}

test_publications();
test_all_tables();
test_slots();
test_standby() if $MAJOR >= 16;
test_published_meanwhile();
test_publication_unfinished();
test_slot_meanwhile();
test_names_meanwhile();
sound($node, 'at the end');

done_testing();
