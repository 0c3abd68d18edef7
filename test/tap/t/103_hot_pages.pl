# 103_hot_pages.pl: a table with indexes keeps a heap of a few minutes' rows,
# not of its history: with VACUUM by hand, and with nothing but the maintenance
# worker under continuous inserts.  Whoever wants the table's lock gets it.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'rusts'
autovacuum = on
autovacuum_naptime = 1h
rusts.flush_age = 0
rusts.flush_rows = 0
rusts.flush_size = 0
log_min_messages = warning
CONF
$node->start;

sub value { return $node->safe_psql('postgres', $_[0]) }

sub pages
{
	return value("SELECT pg_relation_size('$_[0]') / current_setting('block_size')::int");
}

my $columns = '(time timestamptz NOT NULL, k int PRIMARY KEY, v float8)';

# by hand
value(<<SQL);
CREATE EXTENSION rusts;
CREATE TABLE by_hand $columns USING rusts;
CREATE INDEX ON by_hand (time);
SQL
my $most = 0;
my $script = '';
foreach my $i (1 .. 50)
{
	my ($from, $to) = ($i * 1000, $i * 1000 + 999);
	$script .= <<SQL;
INSERT INTO by_hand SELECT '2026-01-01'::timestamptz + i * interval '1 s', i, i FROM generate_series($from, $to) i;
SELECT 'rows ' || rusts.flush('by_hand');
VACUUM by_hand;
SELECT 'pages ' || pg_relation_size('by_hand') / current_setting('block_size')::int;
SQL
}
my $output = value($script);
is(scalar(() = $output =~ /^rows 1000$/mg), 50, 'fifty flushes');
foreach my $pages ($output =~ /^pages (\d+)$/mg)
{
	$most = $pages if $pages > $most;
}
cmp_ok($most, '<=', 16, 'two rounds of rows at most');
is(value('SELECT count(*), sum(v) FROM by_hand'), '50000|1299975000', 'every row is there');

# by the worker alone: autovacuum sleeps for an hour
value(<<SQL);
CREATE TABLE by_worker $columns USING rusts WITH (rusts.flush_rows = 2000);
CREATE INDEX ON by_worker (time);
SQL
my $total = 0;
foreach my $i (1 .. 40)
{
	my ($from, $to) = ($i * 2000, $i * 2000 + 1999);
	value("INSERT INTO by_worker SELECT '2026-01-01'::timestamptz + i * interval '1 s', i, i FROM generate_series($from, $to) i");
	$node->poll_query_until('postgres', q{SELECT hot_rows < 2000 FROM rusts.tables WHERE relation = 'by_worker'::regclass})
	  or last;
	$total += 2000;
}
is($total, 80000, 'flushed by the worker');
is(value('SELECT count(*) FROM by_worker'), 80000, 'every row is there');
# all of them would take some 520 pages
cmp_ok(pages('by_worker'), '<', 200, 'the heap has not grown with them');
is(value(q{SELECT vacuum_count > 0, autovacuum_count FROM pg_stat_user_tables WHERE relname = 'by_worker'}),
	't|0', 'by the worker');
is(value(q{SELECT count(*) FROM rusts.maintenance_log WHERE error IS NOT NULL}), 0, 'nothing failed');

# the owner's wish counts: no VACUUM where autovacuum is off
value(<<SQL);
CREATE TABLE untouched $columns USING rusts WITH (rusts.flush_rows = 2000, autovacuum_enabled = off);
INSERT INTO untouched SELECT '2026-01-01'::timestamptz + i * interval '1 s', i, i FROM generate_series(1, 2000) i;
SQL
$node->poll_query_until('postgres', q{SELECT hot_rows = 0 FROM rusts.tables WHERE relation = 'untouched'::regclass});
is(value(q{SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = 'untouched'}), 0, 'no VACUUM');

# a session that wants the lock of a long VACUUM gets it, and that is no failure
$node->safe_psql('postgres', <<SQL);
ALTER DATABASE postgres SET vacuum_cost_delay = '100ms';
ALTER DATABASE postgres SET vacuum_cost_limit = 1;
SQL
$node->restart;
my $vacuumed = q{SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = 'by_worker'};
my $before = value($vacuumed);
value("INSERT INTO by_worker SELECT '2026-01-02', i, i FROM generate_series(1000000, 1005000) i");
ok( $node->poll_query_until('postgres',
		q{SELECT count(*) > 0 FROM pg_stat_progress_vacuum WHERE relid = 'by_worker'::regclass}),
	'a VACUUM that takes its time');
is($node->psql('postgres', q{SET lock_timeout = '30s'; ALTER TABLE by_worker ADD COLUMN w int}),
	0, 'a column is added meanwhile');
is(value($vacuumed), $before, 'the VACUUM has not finished');
is(value(q{SELECT count(*) FROM rusts.maintenance_log WHERE error IS NOT NULL}), 0, 'that is no failure');
is(value('SELECT count(*) FROM by_worker'), 85001, 'every row is there');

done_testing();
