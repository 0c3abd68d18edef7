# Publication and subscription: a rusts table, a partitioned one, row filters
# and column lists, to heaps and to rusts tables that are flushed meanwhile.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use Test::More;

use DecodingTest;
use RustsTest;

my $seed = $ENV{SEED} || 1;
my $rounds = $ENV{ROUNDS} || 30;
my @targets = ('heap', 'rusts');
my $conf = <<'CONF';
autovacuum = off
TimeZone = 'UTC'
lock_timeout = 60s
max_logical_replication_workers = 12
max_worker_processes = 20
rusts.bulk_rows = 100
CONF

my $publisher = new_node('publisher', allows_streaming => 'logical');
$publisher->append_conf('postgresql.conf', $conf);
$publisher->start;
my $subscriber = new_node('subscriber', allows_streaming => 'logical');
$subscriber->append_conf('postgresql.conf', $conf);
$subscriber->start;

# Tables: what follows the columns, the identity, how the publication names it,
# and what a subscriber has of it.
my %tables = (
	plain => ['', 'default with key', 'plain', '*'],
	whole => ['', 'full', 'whole', '*'],
	indexed => ['', 'index', 'indexed', '*'],
	filtered => ['', 'default with key', 'filtered WHERE (id % 2 = 0)', '* | id % 2 = 0'],
	filtered_whole => ['', 'full', q{filtered_whole WHERE (host <> 'host_3')}, q{* | host <> 'host_3'}],
	listed => ['', 'default with key', 'listed (id, time, host, note)', 'id, time, host, note'],
	parted => ['', 'default with key', 'parted', '*']);
my @names = sort keys %tables;

sub create_tables
{
	my ($node, $database, $am) = @_;

	$node->safe_psql($database, 'CREATE EXTENSION rusts');
	foreach my $name (@names)
	{
		create_table($node, $name, $am, $tables{$name}[1], $database);
	}
	my $options = $am eq 'rusts' ? q{WITH (rusts.tags = 'host')} : '';
	$node->safe_psql($database, <<SQL);
DROP TABLE parted;
CREATE TABLE parted (LIKE plain) PARTITION BY RANGE (id);
ALTER TABLE parted ADD PRIMARY KEY (id);
SET default_table_access_method = $am;
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (MINVALUE) TO (60) USING $am $options;
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (60) TO (MAXVALUE) PARTITION BY RANGE (id);
CREATE TABLE parted_3 PARTITION OF parted_2 FOR VALUES FROM (60) TO (150) USING $am $options;
CREATE TABLE parted_4 PARTITION OF parted_2 FOR VALUES FROM (150) TO (MAXVALUE) USING $am $options;
SQL
}

# Flush a table, or its partitions.
sub flush
{
	my ($node, $database, $name) = @_;
	my @parts = $name eq 'parted' ? map { "parted_$_" } 1, 3, 4 : $name;
	$node->safe_psql($database, join ' ', map { "SELECT rusts.flush('$_');" } @parts);
}

# Both sides under the same query, with the filter for the publisher's.
sub is_replicated
{
	my ($label) = @_;

	foreach my $name (@names)
	{
		my ($columns, $where) = split / \| /, $tables{$name}[3];
		my $rows = "SELECT $columns FROM $name" . ($where ? " WHERE $where" : '');
		my $whole = "SELECT count(*), md5(string_agg(md5(x::text), '' ORDER BY id, time)) FROM ($rows) x";
		my $expected = $publisher->safe_psql('postgres', $whole);
		foreach my $am (@targets)
		{
			my $outside = $where ? "SELECT count(*) FROM $name WHERE NOT ($where)" : 'SELECT 0';
			is($subscriber->safe_psql($am, $whole), $expected, "$label: $name to $am");
			is($subscriber->safe_psql($am, $outside), 0, "$label: $name to $am, nothing else") if $where;
		}
		note "$label: $name has $expected";
	}
}

sub publish
{
	my $list = join ', ', map { $tables{$_}[2] } @names;
	my $publication = $publisher->connstr . ' dbname=postgres';

	$publisher->safe_psql('postgres',
		"CREATE PUBLICATION p FOR TABLE $list WITH (publish_via_partition_root)");
	foreach my $am (@targets)
	{
		$subscriber->safe_psql($am,
			"CREATE SUBSCRIPTION to_$am CONNECTION '$publication' PUBLICATION p");
		$subscriber->wait_for_subscription_sync($publisher, "to_$am", $am);
	}
}

sub wait_for_both
{
	$publisher->wait_for_catchup("to_$_") foreach @targets;
}

# ---------- random changes ----------

sub change_table
{
	my ($name) = @_;
	my ($first, $second) = @{ transaction($tables{$name}[1] =~ /key/) };
	my $script = join '', map { "$_;\n" } @$first, @$second;

	$script =~ s/\bFLUSH\b/SELECT 1/g;
	$script =~ s/\@T/$name/g;
	$publisher->safe_psql('postgres', $script);
}

sub change_and_flush
{
	foreach my $round (1 .. $rounds)
	{
		change_table(pick(@names));
		flush($publisher, 'postgres', pick(@names)) if chance(40);
		flush($subscriber, 'rusts', pick(@names)) if chance(40);
		$subscriber->safe_psql('rusts', 'VACUUM') if chance(3);
	}
}

diag "seed $seed, $rounds rounds";
seed($seed);
create_tables($publisher, 'postgres', 'rusts');
foreach my $am (@targets)
{
	$subscriber->safe_psql('postgres', "CREATE DATABASE $am");
	create_tables($subscriber, $am, $am);
}

# rows in segments, some of them deleted or replaced since, and hot rows
foreach my $name (@names)
{
	change_table($name) foreach 1 .. 4;
	$publisher->safe_psql('postgres', <<SQL);
INSERT INTO $name (time, id, host, v, note) SELECT '2026-03-01'::timestamptz + g * interval '1 s',
	100000 + g, 'host_' || g % 5, g, CASE WHEN g % 100 = 0 THEN wide(g) END FROM generate_series(1, 3000) g;
SQL
	flush($publisher, 'postgres', $name);
	$publisher->safe_psql('postgres', <<SQL);
DELETE FROM $name WHERE id % 97 = 0;
UPDATE $name SET v = -v WHERE id % 91 = 0;
SQL
	change_table($name);
}
publish();
is_replicated('initial copy');

# the copy of a table without an index went into segments, though the
# subscriber's server could decode it
cmp_ok($subscriber->safe_psql('rusts', "SELECT sum(rows) FROM rusts.segments('whole')"), '>', 2000,
	'the initial copy is in segments');

change_and_flush();
wait_for_both();
is_replicated('changed');
flush($subscriber, 'rusts', $_) foreach @names;
is_replicated('all flushed');

$publisher->safe_psql('postgres', <<SQL) foreach @names;
UPDATE $_ SET v = v + 1 WHERE id % 50 = 0;
UPDATE $_ SET note = wide(id) WHERE id % 400 = 2;
DELETE FROM $_ WHERE id % 40 = 1;
SQL
wait_for_both();
is_replicated('rows in segments on both sides');

# a load of a published table
$publisher->safe_psql('postgres', <<SQL);
INSERT INTO whole (time, id, host) SELECT '2026-04-01', 200000 + g, 'load' FROM generate_series(1, 5000) g;
INSERT INTO parted (time, id, host) SELECT '2026-04-01', 200000 + g, 'load' FROM generate_series(1, 5000) g;
SQL
change_and_flush();
wait_for_both();
is_replicated('loaded and changed');

$publisher->safe_psql('postgres', 'TRUNCATE whole, parted');
change_table('parted') foreach 1 .. 3;
wait_for_both();
is_replicated('truncated');
foreach my $name (grep { $_ ne 'parted' } @names, 'parted_1', 'parted_3', 'parted_4')
{
	is($publisher->safe_psql('postgres', "SELECT * FROM rusts.verify('$name')"), '', "$name: sound");
	is($subscriber->safe_psql('rusts', "SELECT * FROM rusts.verify('$name')"), '', "copy of $name: sound");
}

done_testing();
