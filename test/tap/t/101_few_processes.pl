# 101_few_processes.pl: more databases than worker processes.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
# the server's own launcher of logical replication, ours, and one worker
$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'rusts'
max_worker_processes = 3
rusts.flush_age = '1s'
autovacuum = off
CONF
$node->start;

my @databases = ('one', 'two', 'three');

foreach my $database (@databases)
{
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, <<'SQL');
CREATE EXTENSION rusts;
CREATE TABLE t (time timestamptz NOT NULL, v int) USING rusts;
INSERT INTO t VALUES (now(), 1);
SQL
}

sub flushed_everywhere
{
	my ($rows, $name) = @_;
	foreach my $database (@databases)
	{
		ok( $node->poll_query_until($database,
				"SELECT hot_rows = 0 AND segment_rows = $rows FROM rusts.tables"),
			"$name: $database");
	}
}

flushed_everywhere(1, 'first rows');
$node->safe_psql($_, 'INSERT INTO t VALUES (now(), 2)') foreach @databases;
flushed_everywhere(2, 'more rows');
like(slurp_file($node->logfile),
	qr/no worker process is free for rusts maintenance\n.*HINT:  Raise max_worker_processes/,
	'the log says what is short');
$node->stop;

done_testing();
