# A standby is promoted after its primary was killed in the middle of a
# compaction, or of a flush: all that was committed is there, once, and can be
# changed and compacted.
#
# An index expression waits for an advisory lock, so compaction and flush stop
# when part of what they write has been sent.  Once the standby has no queries,
# once it has snapshots from before that are read again after the promotion.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use Test::More;

use RustsTest;

my $stop = 4711;

fail_over('compact', 1, 'kill9');
fail_over('compact', 0, 'immediate');
fail_over('flush', 0, 'kill9');
fail_over('flush', 1, 'immediate');
done_testing();

# Twins with rows in several segments, deleted, updated and locked ones among
# them, and hot rows.
sub create_rows
{
	my ($node) = @_;

	create_twins($node);
	$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION amcheck;
CREATE FUNCTION wait_here(n bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS
$$ BEGIN IF current_setting('test.stops', true) = 'on' THEN PERFORM pg_advisory_xact_lock_shared(4711); END IF; RETURN n; END $$;
CREATE INDEX ON t (wait_here(n));
SELECT rusts.flush('t');
SQL
	add_rows($node, 5001, 6000);
	$node->safe_psql('postgres', "SELECT rusts.flush('t')");
	change($node, 'n % 10 = 3', 'n % 17 = 5');
	$node->safe_psql('postgres', 'SELECT FROM t WHERE n % 50 = 7 FOR UPDATE');
	add_rows($node, 6001, 6500);
}

# The same update and delete of both tables.
sub change
{
	my ($node, $updated, $deleted) = @_;
	$node->safe_psql('postgres', join ';', map {
		"UPDATE $_ SET v = coalesce(v, 0) + 1 WHERE $updated; DELETE FROM $_ WHERE $deleted"
	} 't', 'h');
}

sub is_sound
{
	my ($node, $label) = @_;

	same_rows($node, $label);
	sound($node, $label);
	is($node->safe_psql('postgres', 'SELECT count(*) - count(DISTINCT n) FROM t'),
		'0', "$label: no row twice");
	is($node->safe_psql('postgres', <<'SQL'), '', "$label: amcheck has no complaint");
SELECT x FROM (SELECT bt_index_check(indexrelid, true)::text AS x FROM pg_index WHERE indrelid IN
 ('t'::regclass, (SELECT reltoastrelid FROM pg_class WHERE oid = 't'::regclass))) x WHERE x <> '';
SELECT v.* FROM pg_class c, verify_heapam(c.reltoastrelid) v WHERE c.oid = 't'::regclass;
SQL
}

sub fail_over
{
	my ($step, $queries, $how) = @_;
	my $label = "$how in a $step" . ($queries ? ', with queries' : '');
	my $name = "${step}_${how}_$queries";
	my $primary = new_node("primary_$name", allows_streaming => 1);
	$primary->append_conf('postgresql.conf', "autovacuum = off\nstatement_timeout = '60s'");
	$primary->start;
	$primary->backup('base');
	my $standby = PostgreSQL::Test::Cluster->new("standby_$name");
	$standby->init_from_backup($primary, 'base', has_streaming => 1);
	$standby->append_conf('postgresql.conf', 'max_standby_streaming_delay = -1');
	$standby->start;
	create_rows($primary);
	$primary->wait_for_catchup($standby);

	my $reader = session($standby);
	my $digest = RustsTest::digest_query('t');
	my $before;
	if ($queries)
	{
		ok($reader->run("BEGIN ISOLATION LEVEL REPEATABLE READ; $digest"), "$label: a snapshot");
		$before = "@{ $reader->{rows} }";
	}
	stop_in_the_middle($primary, $standby, $step, $label);
	same_rows($standby, "$label: in the middle");
	if ($how eq 'kill9') { $primary->kill9; }
	else { $primary->stop('immediate'); }
	$standby->promote;

	is_sound($standby, "$label: promoted");
	if ($queries)
	{
		ok($reader->run("$digest COMMIT;"), "$label: the snapshot is still good");
		is("@{ $reader->{rows} }", $before, "$label: it sees what it saw");
	}
	go_on($standby, $label);
	$standby->stop;
}

# The primary waits in a flush or a compaction, and the standby has replayed
# all of it so far, as well as a transaction that has committed since.
sub stop_in_the_middle
{
	my ($primary, $standby, $step, $label) = @_;
	my $holder = session($primary);
	my $worker = session($primary);
	my $call = $step eq 'flush' ? "rusts.flush('t')" : "rusts.compact('t', true)";

	ok($holder->run("SELECT pg_advisory_lock($stop);"), "$label: hold");
	$worker->send("SET test.stops = on; SELECT $call;");
	$primary->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'advisory'")
	  or die 'it does not wait';
	# of rows that are in segments: those that are being flushed would wait
	change($primary, 'n <= 6000 AND n % 10 = 4', 'n <= 6000 AND n % 10 = 8 AND n % 19 = 6');
	add_rows($primary, 6501, 6600);
	$primary->safe_psql('postgres', 'SELECT pg_switch_wal()');
	$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
}

# The promoted server takes changes, a flush and a compaction.
sub go_on
{
	my ($standby, $label) = @_;

	change($standby, 'n % 10 = 5', 'n % 23 = 7');
	add_rows($standby, 10001, 10500);
	is_sound($standby, "$label: changed");
	$standby->safe_psql('postgres', "SELECT rusts.flush('t')");
	isnt($standby->safe_psql('postgres', "SELECT rusts.compact('t', true)"),
		'0', "$label: segments are compacted");
	change($standby, 'n % 10 = 6', 'n % 29 = 8');
	$standby->safe_psql('postgres', "VACUUM t");
	is_sound($standby, "$label: compacted and changed");
}
