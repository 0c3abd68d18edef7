# Chunks of a segment that do not lie side by side: two sessions write segments
# of one table at the same time, beside transactions that rolled back, values that
# PostgreSQL itself put into the TOAST relation, and space that VACUUM has freed.
#
# A reader goes to the pages of a segment by itself where the index says that they
# are consecutive, and asks the index for every read where they are not
# (src/segment/README.md, 10).
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

use RustsTest;

my $node = new_node('main');
$node->append_conf('postgresql.conf', <<'CONF');
autovacuum = off
TimeZone = 'UTC'
CONF
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION rusts;
CREATE TABLE t (time timestamptz NOT NULL, host text, v float8, w float8, note text)
	USING rusts WITH (rusts.tags = 'host');
ALTER TABLE t ALTER note SET STORAGE EXTERNAL;
CREATE TABLE h (LIKE t);
SQL

# Values that do not compress, so that a segment has hundreds of chunks.
sub rows
{
	my ($from, $to) = @_;
	return <<SQL;
SELECT '2026-01-01'::timestamptz + g * interval '10 s', 'host ' || g % 7,
	hashint8extended(g, 1)::float8 / 1000, hashint8extended(g, 2)::float8 / 3,
	'note ' || g % 100
FROM generate_series($from, $to) g ORDER BY g
SQL
}

sub insert
{
	my ($from, $to) = @_;
	return "INSERT INTO t " . rows($from, $to) . ";";
}

# Neighbours in a stream that are not neighbours in the relation.
my $apart = <<'SQL';
SELECT format('SELECT count(*) FROM (SELECT (ctid::text::point)[0]::bigint - chunk_seq
	- lag((ctid::text::point)[0]::bigint - chunk_seq) OVER (PARTITION BY chunk_id ORDER BY chunk_seq)
	FROM %s WHERE chunk_id > 3) s(d) WHERE d <> 0', reltoastrelid::regclass)
FROM pg_class WHERE oid = 't'::regclass
SQL

sub chunks_apart
{
	return $node->safe_psql('postgres', $node->safe_psql('postgres', $apart));
}

my %ways = (
	'vectorised' => '',
	'with workers' => 'SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET min_parallel_table_scan_size = 0;',
	'row by row' => 'SET rusts.enable_custom_scan = off;',
	'without the cache' => 'SET rusts.segment_cache_size = 0;');

sub same_content
{
	my ($label) = @_;
	my %queries = (
		'all' => 'SELECT count(*), sum(hashtext(ROW(x.*)::text)::bigint), max(w) FROM %s x',
		'newest first' => 'SELECT * FROM %s ORDER BY time DESC LIMIT 500',
		'a piece of a series' => "SELECT time, v FROM %s WHERE host = 'host 3' AND time >= '2026-01-20' AND time < '2026-01-21' ORDER BY time");

	foreach my $query (sort keys %queries)
	{
		my $expected = $node->safe_psql('postgres', sprintf $queries{$query}, 'h');

		is($node->safe_psql('postgres', $ways{$_} . sprintf $queries{$query}, 't'),
			$expected, "$label: $query, $_")
		  foreach sort keys %ways;
	}
	sound($node, $label);
}

# alone: everything side by side
$node->safe_psql('postgres', insert(1, 300000));
is(chunks_apart(), 0, 'one writer: side by side');
$node->safe_psql('postgres', 'INSERT INTO h ' . rows(1, 300000));
same_content('one writer');

# two at a time, a third one rolls back
my @writers = map { session($node) } 1 .. 3;
foreach my $round (1 .. 5)
{
	my $from = 300000 + ($round - 1) * 400000;

	$writers[2]->send('BEGIN; ' . insert(1, 200000) . ' ROLLBACK;');
	$writers[0]->send(insert($from + 1, $from + 200000));
	$writers[1]->send(insert($from + 200001, $from + 400000));
	ok($_->answer, 'written') or diag $_->{error} foreach @writers;
	$node->safe_psql('postgres', 'INSERT INTO h ' . rows($from + 1, $from + 400000));
	last if chunks_apart() > 10;
}
cmp_ok(chunks_apart(), '>', 10, 'several writers: mixed');
same_content('several writers');

# space is freed, and taken by PostgreSQL's own TOAST values
$node->safe_psql('postgres', 'VACUUM t');
my $wide = "SELECT '2026-06-01'::timestamptz + g * interval '1 s', 'host 1', g, g, repeat(md5(g::text), 200) FROM generate_series(1, 500) g";
$node->safe_psql('postgres', "INSERT INTO t $wide; INSERT INTO h $wide");
$node->safe_psql('postgres', insert(3000001, 3200000));
$node->safe_psql('postgres', 'INSERT INTO h ' . rows(3000001, 3200000));
same_content('after VACUUM');

# one after the other again
$node->safe_psql('postgres', 'VACUUM FULL t');
same_content('after VACUUM FULL');

done_testing();
