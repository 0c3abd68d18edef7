# A random series of changes decodes as it does for a heap, whatever the
# replica identity, and wherever the rows are when they are changed; what moves
# rows decodes as nothing.  A standby that is promoted has no slots before 17.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use Test::More;

use DecodingTest;
use RustsTest;
use Version qw($MAJOR);

my $seed = $ENV{SEED} || 1;
my $rounds = $ENV{ROUNDS} || 12;
my $node = new_node('main', allows_streaming => 'logical');

$node->append_conf('postgresql.conf', "autovacuum = off\nTimeZone = 'UTC'\nlock_timeout = 60s");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION rusts');

sub sql
{
	my ($query) = @_;
	return $node->safe_psql('postgres', $query);
}

sub decoded
{
	my ($slot, $skip) = @_;
	return split /\n/, sql("SELECT data FROM pg_logical_slot_get_changes('$slot', NULL, NULL, "
		  . "'include-xids', '0', 'include-timestamp', '0', 'skip-empty-xacts', '"
		  . ($skip // 0) . "')");
}

# ---------- twins ----------

sub alter_twins
{
	foreach my $table ('r', 'h')
	{
		sql("ALTER TABLE $table ADD added int DEFAULT 7; ALTER TABLE $table DROP gone");
		sql("ALTER TABLE $table DROP note; ALTER TABLE $table ADD note text");
	}
}

sub maintain
{
	my ($label) = @_;
	my $command = pick("SELECT rusts.flush('r')", "SELECT rusts.flush('r')", 'VACUUM r', 'VACUUM FULL r');

	sql($command);
	sql('VACUUM FULL r') if $command =~ /flush/ && chance(10);
}

sub test_identity
{
	my ($identity) = @_;
	my $key = $identity =~ /with key|nothing/;

	create_table($node, 'r', 'rusts', $identity);
	create_table($node, 'h', 'heap', $identity);
	sql("SELECT pg_create_logical_replication_slot('s', 'test_decoding')");
	sql("SELECT pg_create_logical_replication_slot('two', 'test_decoding', false, true)");
	foreach my $round (1 .. $rounds)
	{
		run_twins($node, transaction($key), $identity);
		maintain($identity) if chance(40);
		alter_twins() if $round == int($rounds * 0.6);
	}
	cmp_ok(compare($identity, decoded('s')), '>', $rounds, "$identity: and not few");
	compare("$identity, two-phase", decoded('two'));
	my $whole = "SELECT md5(string_agg(x::text, ' ' ORDER BY id, time)) FROM";
	is(sql("$whole r x"), sql("$whole h x"), "$identity: the same rows");
	is(sql("SELECT * FROM rusts.verify('r')"), '', "$identity: sound");

	foreach my $command ("SELECT rusts.flush('r')", 'VACUUM r', 'VACUUM FULL r')
	{
		sql($command);
		is(join("\n", decoded('s', 1)), '', "$identity: $command decodes as nothing");
	}
	sql("SELECT pg_drop_replication_slot(s) FROM unnest('{s,two}'::name[]) s");
}

# ---------- a standby is promoted ----------

sub make_standby
{
	my ($conf) = @_;
	my $standby = PostgreSQL::Test::Cluster->new('standby');

	$node->backup('base');
	$standby->init_from_backup($node, 'base', has_streaming => 1);
	$standby->append_conf('postgresql.conf', $conf);
	$standby->start;
	return $standby;
}

sub changes_of
{
	my ($server, $slot) = @_;
	return $server->safe_psql('postgres',
		"SELECT data FROM pg_logical_slot_get_changes('$slot', NULL, NULL, 'include-xids', '0') "
		  . "WHERE data ~ '^table'");
}

# The standby takes a slot over once the primary's is as far as its own WAL.
sub synchronize_slot
{
	my ($standby) = @_;

	sql("SELECT pg_create_logical_replication_slot('s', 'test_decoding', false, false, true)");
	foreach (1 .. 60)
	{
		sql('SELECT pg_log_standby_snapshot()');
		sql("SELECT pg_replication_slot_advance('s', pg_current_wal_lsn())");
		$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
		$standby->safe_psql('postgres', 'SELECT pg_sync_replication_slots()');
		return if $standby->safe_psql('postgres',
			'SELECT count(*) FROM pg_replication_slots WHERE NOT temporary') == 1;
	}
	die 'the slot is not synchronized';
}

# The primary's slots are not on the standby, unless it synchronizes them.
sub test_promotion
{
	my $failover = $MAJOR >= 17;

	sql(<<'SQL');
DROP TABLE r, h;
CREATE TABLE r (time timestamptz NOT NULL, id int PRIMARY KEY, v int) USING rusts;
INSERT INTO r SELECT '2026-01-01', g, g FROM generate_series(1, 2000) g;
SELECT rusts.flush('r');
SELECT pg_create_physical_replication_slot('bytes', true);
SQL
	sql("SELECT pg_create_logical_replication_slot('s', 'test_decoding')") unless $failover;
	my $connection = $node->connstr('postgres');
	$connection =~ s/'/''/g;
	my $standby = make_standby("primary_slot_name = 'bytes'\nhot_standby_feedback = on\n"
		  . ($failover ? "primary_conninfo = '$connection'\n" : ''));
	synchronize_slot($standby) if $failover;
	sql('UPDATE r SET v = 0 WHERE id = 1; DELETE FROM r WHERE id = 2');
	$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
	$node->stop;
	$standby->promote;
	$standby->safe_psql('postgres', 'UPDATE r SET v = 0 WHERE id = 3');
	my $slots = $standby->safe_psql('postgres',
		"SELECT count(*) FROM pg_replication_slots WHERE slot_type = 'logical'");
	is($slots, $failover ? 1 : 0, 'slots on the promoted standby');
	if ($failover)
	{
		like(changes_of($standby, 's'), qr/id\[integer\]:1 .*\n.*DELETE: id\[integer\]:2.*\n.*id\[integer\]:3 /,
			'the slot goes on where it was');
	}
	$standby->safe_psql('postgres',
		"SELECT pg_create_logical_replication_slot('new', 'test_decoding')");
	$standby->safe_psql('postgres', 'DELETE FROM r WHERE id = 4');
	is(changes_of($standby, 'new'), 'table public.r: DELETE: id[integer]:4',
		'a new slot decodes changes of rows in segments');
}

diag "seed $seed, $rounds rounds";
seed($seed);
test_identity($_) foreach sort keys %identities;
test_promotion();

done_testing();
