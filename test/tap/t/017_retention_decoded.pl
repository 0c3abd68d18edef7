# With rusts.decode_retention, dropped rows are decoded as a heap's deleted
# rows are: each once, whole segments and single rows, whatever the replica
# identity.  A subscriber loses them, by hand and by the maintenance worker.
# Without it they are decoded as nothing.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use Test::More;

use DecodingTest;
use RustsTest;

my $node = new_node('main', allows_streaming => 'logical');
$node->append_conf('postgresql.conf', "autovacuum = off\nTimeZone = 'UTC'");
$node->start;

sub sql { return $node->safe_psql('postgres', $_[0]) }

sub decoded
{
	return grep { !/^(BEGIN|COMMIT)/ } split /\n/,
	  sql(q{SELECT data FROM pg_logical_slot_get_changes('slot', NULL, NULL, 'include-xids', '0')});
}

# What both tables' lines are, without their names, in any order.
sub lines_of
{
	my ($table, @lines) = @_;
	return join "\n", sort map { s/^table public\.$table: //r } grep { /^table public\.$table:/ } @lines;
}

sql(q{CREATE EXTENSION rusts; SELECT pg_create_logical_replication_slot('slot', 'test_decoding')});
my $columns = '(id int NOT NULL, time timestamptz NOT NULL, host text NOT NULL, note text)';
foreach my $identity (sort keys %identities)
{
	foreach my $table ('r', 'h')
	{
		my $am = $table eq 'r' ? 'rusts' : 'heap';
		sql("CREATE TABLE $table $columns USING $am; " . ($identities{$identity} =~ s/\@T/$table/gr));
		sql("INSERT INTO $table SELECT i, '2026-01-01'::timestamptz + i * interval '5 minutes', 'h' || i % 3, "
			  . "CASE WHEN i % 200 = 7 THEN repeat('long', 20000) ELSE 'n' || i END FROM generate_series(1, 1000) i");
	}
	sql(q{SELECT rusts.flush('r')});
	sql("DELETE FROM $_ WHERE id % 10 = 3; UPDATE $_ SET note = 'new' WHERE id % 10 = 4") foreach ('r', 'h');
	decoded();

	# the first day whole, the second half; rows of the own transaction among them
	sql(<<SQL);
SET rusts.decode_retention = on;
BEGIN;
DELETE FROM r WHERE id = 11;
UPDATE r SET note = 'newer' WHERE id = 12;
SELECT count(*) FROM drop_chunks('r', timestamptz '2026-01-02 12:00');
COMMIT;
SQL
	my $left = sql('SELECT count(*) FROM r');
	# rows that this transaction has made stay hot, and are dropped by the next
	sql(q{SET rusts.decode_retention = on; SELECT count(*) FROM drop_chunks('r', timestamptz '2026-01-02 12:00')});
	sql(<<SQL);
DELETE FROM h WHERE id = 11;
UPDATE h SET note = 'newer' WHERE id = 12;
DELETE FROM h WHERE time < '2026-01-02 12:00';
SQL
	is(sql(q{SELECT count(*), min(time) FROM r}), sql(q{SELECT count(*), min(time) FROM h}), "$identity: the same rows are left");
	my @lines = decoded();
	is(lines_of('r', @lines), lines_of('h', @lines), "$identity: the same deletions are decoded");
	cmp_ok(scalar(@lines), '>', 400, "$identity: and there are some");
	is(sql(q{SELECT count(*) FROM rusts.verify('r')}), 0, "$identity: sound");
	is(sql(q{SELECT (SELECT count(*) FROM r WHERE ctid < '(2147483648,0)'), n_live_tup = (SELECT count(*) FROM r) FROM pg_stat_user_tables WHERE relname = 'r'}),
		'0|t', "$identity: no image is left alive or counted");

	# off: nothing
	sql(q{SELECT count(*) FROM drop_chunks('r', timestamptz '2026-01-03')});
	is(join("\n", decoded()), '', "$identity: nothing without the setting");
	sql('DROP TABLE r, h');
	decoded();
}

# a subscriber
my $subscriber = new_node('subscriber', allows_streaming => 'logical');
$subscriber->start;
my $metrics = '(id int PRIMARY KEY, time timestamptz NOT NULL, v int)';
sql("CREATE TABLE metrics $metrics USING rusts; CREATE TABLE keyless (id int, time timestamptz NOT NULL) USING rusts");
sql('CREATE PUBLICATION pub FOR ALL TABLES');
$subscriber->safe_psql('postgres', "CREATE TABLE metrics $metrics; CREATE TABLE keyless (id int, time timestamptz NOT NULL)");
$subscriber->safe_psql('postgres',
	"CREATE SUBSCRIPTION sub CONNECTION '" . $node->connstr . " dbname=postgres' PUBLICATION pub");
sql(q{INSERT INTO metrics SELECT i, '2020-01-01'::timestamptz + i * interval '1 minute', i FROM generate_series(1, 3000) i});
sql(q{SELECT rusts.flush('metrics')});
sql(q{UPDATE metrics SET v = -v WHERE id % 7 = 0});
sql(q{SET rusts.decode_retention = on; SELECT count(*) FROM drop_chunks('metrics', timestamptz '2020-01-02 12:00')});
$node->wait_for_catchup('sub');
my $contents = 'SELECT count(*), min(id), sum(v) FROM metrics';
is($subscriber->safe_psql('postgres', $contents), sql($contents), 'the subscriber has what is left');

my ($status, $out, $error) = $node->psql('postgres',
	q{INSERT INTO keyless VALUES (1, '2020-01-01'); SET rusts.decode_retention = on; SELECT count(*) FROM drop_chunks('keyless', timestamptz '2021-01-01')});
isnt($status, 0, 'without an identity a published table is refused');
like($error, qr/does not have a replica identity and publishes deletes/, 'as DELETE refuses it');

# by the worker
sql(q{ALTER SYSTEM SET rusts.decode_retention = on; SELECT pg_reload_conf()});
sql(q{ALTER TABLE metrics SET (rusts.drop_after = '30 days', rusts.flush_rows = 10)});
sql(q{INSERT INTO metrics SELECT i, now(), i FROM generate_series(10001, 10020) i});
ok($node->poll_query_until('postgres', 'SELECT count(*) = 20 FROM metrics'), 'dropped by the worker');
$node->wait_for_catchup('sub');
is($subscriber->safe_psql('postgres', $contents), sql($contents), 'and at the subscriber');
is(sql(q{SELECT count(*) FROM rusts.maintenance_log WHERE error IS NOT NULL}), 0, 'nothing failed');

done_testing();
