# pg_upgrade, copying and linking, and logical replication from an older
# PostgreSQL keep every row once.  OLD_INSTALL is the directory of the older
# one, with bin/ in it; test/versions/run brings it.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use RustsTest;
use Version qw($MAJOR);

my $old_install = $ENV{OLD_INSTALL};

plan skip_all => 'no older PostgreSQL: see make check-versions' unless $old_install;

my $options = "SELECT array_to_string(reloptions, ' ') FROM pg_class WHERE relname = 't'";

# The bits of pages must be the same on both sides; initdb turns checksums on
# from 18 on.
sub init_options
{
	my ($is_new, $checksums) = @_;
	return (extra => ['--data-checksums']) if $checksums;
	return $is_new && $MAJOR >= 18 ? (extra => ['--no-data-checksums']) : ();
}

# Rows of every kind: in segments, hot, deleted, updated and in partitions.
sub create_old
{
	my ($name, %init) = @_;
	my $node = new_node($name, install_path => $old_install, %init);

	$node->append_conf('postgresql.conf', "wal_level = logical\nmax_wal_senders = 10");
	$node->start;
	create_twins($node);
	$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION amcheck;
DELETE FROM t WHERE n BETWEEN 3100 AND 3200;
DELETE FROM h WHERE n BETWEEN 3100 AND 3200;
UPDATE t SET v = -v WHERE n BETWEEN 4000 AND 4100;
UPDATE h SET v = -v WHERE n BETWEEN 4000 AND 4100;
CREATE TABLE p (LIKE t) PARTITION BY RANGE (time);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2026-01-01') TO ('2026-01-02') USING rusts;
CREATE TABLE p2 PARTITION OF p DEFAULT USING rusts WITH (rusts.segment_rows = 1024);
INSERT INTO p SELECT * FROM h;
SELECT rusts.flush('p1'), rusts.flush('p2');
INSERT INTO p SELECT * FROM h WHERE n < 100;
SQL
	return $node;
}

# The table, its indexes and its partitions are as they should be.
sub all_right
{
	my ($node, $label) = @_;

	same_rows($node, $label);
	sound($node, $label);
	is($node->safe_psql('postgres', <<'SQL'), '', "$label: amcheck has no complaint");
DO $$ BEGIN
	PERFORM bt_index_check(indexrelid, true) FROM pg_index i JOIN pg_class c ON c.oid = indexrelid JOIN pg_am a ON a.oid = relam
	WHERE amname = 'btree' AND indisvalid;
	PERFORM * FROM pg_class, verify_heapam(oid) v WHERE relkind = 't' AND v.blkno IS NOT NULL LIMIT 1;
	IF FOUND THEN RAISE 'a TOAST relation is damaged'; END IF;
END $$;
SQL
	is($node->safe_psql('postgres', <<'SQL'), '0', "$label: partitions = heap");
SELECT count(*) FROM (
	(SELECT * FROM p EXCEPT ALL (SELECT * FROM h UNION ALL SELECT * FROM h WHERE n < 100))
	UNION ALL ((SELECT * FROM h UNION ALL SELECT * FROM h WHERE n < 100) EXCEPT ALL SELECT * FROM p)) d
SQL
	is($node->safe_psql('postgres', "SELECT * FROM rusts.verify('p1') UNION ALL SELECT * FROM rusts.verify('p2')"),
		'', "$label: rusts.verify of the partitions");
	is($node->safe_psql('postgres', $options), 'rusts.tags=host', "$label: options");
}

sub test_pg_upgrade
{
	my ($mode, $checksums) = @_;
	my $name = $mode =~ s/\W//gr;
	my $old = create_old("old_$name", init_options(0, $checksums));
	my $new = new_node("new_$name", init_options(1, $checksums));
	my ($new_bin) = grep { -x "$_/pg_upgrade" } split /:/, $ENV{PATH};

	all_right($old, "$name, before");
	$old->stop;
	chdir $PostgreSQL::Test::Utils::tmp_check or die $!;
	# it runs programs of both
	local $ENV{LD_LIBRARY_PATH} = "$old_install/lib";
	command_ok(
		[
			'pg_upgrade', '--no-sync', $mode, '-d', $old->data_dir, '-D', $new->data_dir,
			'-b', "$old_install/bin", '-B', $new_bin, '-s', $new->host,
			'-p', $old->port, '-P', $new->port
		],
		"pg_upgrade $mode");
	$new->start;
	all_right($new, "$name, after");
	$new->safe_psql('postgres', "SELECT rusts.flush('t')");
	add_rows($new, 7001, 8000);
	$new->safe_psql('postgres', 'VACUUM (ANALYZE) t, h');
	same_rows($new, "$name, flushed and vacuumed");
	sound($new, "$name, flushed and vacuumed");
	$new->stop;
}

# Without --copy, which is new in 17, copying is the default.
test_pg_upgrade($MAJOR >= 17 ? '--copy' : '--verbose', 1);
test_pg_upgrade('--link', 0);

# from the older server to this one, both with rusts
my $publisher = create_old('publisher');
my $subscriber = new_node('subscriber', allows_streaming => 'logical');
$subscriber->start;
$publisher->safe_psql('postgres', <<'SQL');
CREATE UNIQUE INDEX t_n ON t (n);
CREATE UNIQUE INDEX h_n ON h (n);
ALTER TABLE t ALTER n SET NOT NULL, REPLICA IDENTITY USING INDEX t_n;
ALTER TABLE h ALTER n SET NOT NULL, REPLICA IDENTITY USING INDEX h_n;
CREATE PUBLICATION pub FOR TABLE t, h;
SQL
$subscriber->safe_psql('postgres', <<'SQL');
CREATE EXTENSION rusts;
CREATE TABLE t (time timestamptz NOT NULL, host text, n bigint PRIMARY KEY, v float8,
	d numeric, note text) USING rusts WITH (rusts.tags = 'host');
CREATE TABLE h (LIKE t INCLUDING INDEXES) USING heap;
SQL
$subscriber->safe_psql('postgres',
	"CREATE SUBSCRIPTION sub CONNECTION '" . $publisher->connstr . " dbname=postgres' PUBLICATION pub");
$subscriber->wait_for_subscription_sync($publisher, 'sub');
same_rows($subscriber, 'initial copy');
is(contents($subscriber, 't'), contents($publisher, 't'), 'initial copy = publisher');
$subscriber->safe_psql('postgres', "SELECT rusts.flush('t')");
add_rows($publisher, 90001, 91000);
$publisher->safe_psql('postgres', "UPDATE t SET v = 7 WHERE n % 10 = 3 AND n > 90000; UPDATE h SET v = 7 WHERE n % 10 = 3 AND n > 90000;");
$publisher->safe_psql('postgres', "DELETE FROM t WHERE n % 10 = 4 AND n > 90000; DELETE FROM h WHERE n % 10 = 4 AND n > 90000;");
$publisher->wait_for_catchup('sub');
same_rows($subscriber, 'streamed');
$publisher->safe_psql('postgres', "SELECT rusts.flush('t')");
add_rows($publisher, 92001, 93000);
$publisher->wait_for_catchup('sub');
$subscriber->safe_psql('postgres', "SELECT rusts.flush('t')");
same_rows($subscriber, 'streamed, flushed');
sound($subscriber, 'streamed, flushed');
is(contents($subscriber, 't'), contents($publisher, 't'), 'streamed = publisher');

done_testing();
