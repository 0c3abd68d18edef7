#
# RustsTest.pm: what the TAP tests share.
#
#   new_node(NAME, %init)      a node with rusts preloaded, not yet started;
#                              install_path: of another server's programs
#                              flush triggers and compaction are off: a test asks for them
#   create_twins(NODE)         tables t (rusts) and h (heap), 3,000 rows in t's
#                              segments, 2,000 hot, the same in h
#   add_rows(NODE, FROM, TO)   the same rows into both
#   contents(NODE, TABLE)      a text that is equal when the rows are equal
#   same_rows(NODE, LABEL)     a test: t and h hold the same, scanned and by index
#   session(NODE, DATABASE)    a Client: a psql that stays connected
#   $by_workers                settings: every row goes through a resident worker
#
package RustsTest;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Client;

our @EXPORT =
  qw(new_node create_twins add_rows contents same_rows session sound $by_workers);

# Newer servers' modules have a handler that does nothing; reads would end with
# EINTR when a client is killed.
INIT { $SIG{CHLD} = 'DEFAULT' }

our $by_workers = <<'CONF';
restart_after_crash = on
autovacuum = off
client_connection_check_interval = 20ms
TimeZone = 'UTC'
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
max_parallel_workers_per_gather = 2
parallel_leader_participation = off
rusts.enable_metadata_agg = off
CONF

my $columns = <<'SQL';
(time timestamptz NOT NULL, host text, n bigint, v float8, d numeric, note text)
SQL

sub new_node
{
	my ($name, %init) = @_;
	my $install = delete $init{install_path};
	my $node = PostgreSQL::Test::Cluster->new($name, $install ? (install_path => $install) : ());

	$node->init(%init);
	$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'rusts'
rusts.flush_rows = 0
rusts.flush_size = 0
rusts.flush_age = 0
rusts.compaction = off
max_prepared_transactions = 10
CONF
	return $node;
}

sub rows
{
	my ($from, $to) = @_;
	return "SELECT '2026-01-01'::timestamptz + g * interval '1 minute', "
	  . "'host_' || g % 7, g, CASE WHEN g % 11 <> 0 THEN g / 8.0 END, g / 3.0::numeric, "
	  . "CASE WHEN g % 500 = 0 THEN repeat('long', 20000) ELSE 'n' || g % 13 END "
	  . "FROM generate_series($from, $to) g";
}

sub add_rows
{
	my ($node, $from, $to) = @_;
	my $rows = rows($from, $to);
	$node->safe_psql('postgres', "INSERT INTO t $rows; INSERT INTO h $rows;");
}

# LOAD matters only to a server that does not preload the library.
sub create_twins
{
	my ($node) = @_;
	$node->safe_psql('postgres', <<SQL);
CREATE EXTENSION IF NOT EXISTS rusts;
LOAD 'rusts';
CREATE TABLE t $columns USING rusts WITH (rusts.tags = 'host');
CREATE TABLE h $columns USING heap;
CREATE INDEX ON t (n);
SQL
	add_rows($node, 1, 3000);
	$node->safe_psql('postgres', "SELECT rusts.flush('t')");
	add_rows($node, 3001, 5000);
}

# Every column takes part, long values by their hash.
sub digest_query
{
	my ($table) = @_;
	return "SELECT count(*), min(n), max(n), "
	  . "md5(string_agg(md5(ROW(x.*)::text), '' ORDER BY n)) FROM $table x;";
}

sub contents
{
	my ($node, $table, $database) = @_;
	return $node->safe_psql($database || 'postgres', digest_query($table));
}

sub same_rows
{
	my ($node, $label, $database) = @_;
	$database ||= 'postgres';
	my $heap = contents($node, 'h', $database);
	my $by_index = $node->safe_psql($database,
			"SET enable_seqscan = off; SELECT count(*) FROM "
		  . "(SELECT v FROM t WHERE n BETWEEN 1 AND 1000000000) x");

	is(contents($node, 't', $database), $heap, "$label: same rows as the heap");
	is($by_index, (split /\|/, $heap)[0], "$label: as many by index");
}

sub sound
{
	my ($node, $label, $database) = @_;
	is($node->safe_psql($database || 'postgres', "SELECT * FROM rusts.verify('t')"),
		'', "$label: rusts.verify has no complaint");
}

sub session
{
	my ($node, $database) = @_;
	my ($postgres) = grep { -x "$_/psql" } split /:/, $ENV{PATH};
	return Client->new(
		bindir => $postgres,
		host => $node->host,
		port => $node->port,
		user => getpwuid($<) . '',
		database => $database || 'postgres');
}

1;
