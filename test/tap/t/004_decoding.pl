# Logical decoding: inserts are decoded, by whatever path they came; a flush
# decodes as nothing; a subscriber ends up with the same rows.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use Test::More;

use RustsTest;

my $publisher = new_node('publisher', allows_streaming => 'logical');
$publisher->start;
my $subscriber = new_node('subscriber', allows_streaming => 'logical');
$subscriber->start;

create_twins($publisher);
my $slot = "pg_logical_slot_get_changes('s', NULL, NULL, "
  . "'include-xids', '0', 'skip-empty-xacts', '1')";
$publisher->safe_psql('postgres',
	"SELECT pg_create_logical_replication_slot('s', 'test_decoding')");

sub changes
{
	my ($pattern) = @_;
	return $publisher->safe_psql('postgres',
		"SELECT count(*) FROM $slot WHERE data ~ '$pattern'");
}

add_rows($publisher, 20001, 20100);
is(changes('^table public.t: INSERT'), '100', 'inserts are decoded');

$publisher->safe_psql('postgres', "SELECT rusts.flush('t')");
is($publisher->safe_psql('postgres', "SELECT string_agg(data, chr(10)) FROM $slot"),
	'', 'a flush decodes as nothing');

# past the threshold of the bulk path
my $many = RustsTest::rows(30001, 80000);
$publisher->safe_psql('postgres', "INSERT INTO t $many; INSERT INTO h $many;");
is(changes('^table public.t: INSERT'), '50000', 'a large INSERT is decoded');
my $flushed = $publisher->safe_psql('postgres', "SELECT rusts.flush('t')");
is($publisher->safe_psql('postgres', "SELECT count(*) FROM $slot"),
	'0', "a flush of $flushed rows decodes as nothing");

$publisher->safe_psql('postgres',
	"BEGIN; INSERT INTO t SELECT * FROM t LIMIT 5; ROLLBACK;");
is($publisher->safe_psql('postgres', "SELECT count(*) FROM $slot"),
	'0', 'a rollback decodes as nothing');

# publication and subscription, from rusts to rusts
$publisher->safe_psql('postgres', 'CREATE PUBLICATION p FOR TABLE t, h');
$subscriber->safe_psql('postgres', <<'SQL');
CREATE EXTENSION rusts;
CREATE TABLE t (time timestamptz NOT NULL, host text, n bigint, v float8,
	d numeric, note text) USING rusts WITH (rusts.tags = 'host');
CREATE TABLE h (LIKE t) USING heap;
CREATE INDEX ON t (n);
SQL
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION c CONNECTION '"
	  . $publisher->connstr . ' dbname=postgres'
	  . "' PUBLICATION p");
$subscriber->wait_for_subscription_sync($publisher, 'c');
same_rows($subscriber, 'initial copy');
is(contents($subscriber, 't'), contents($publisher, 't'), 'initial copy = publisher');

add_rows($publisher, 90001, 91000);
$publisher->safe_psql('postgres', "SELECT rusts.flush('t')");
$publisher->wait_for_catchup('c');
$subscriber->safe_psql('postgres', "SELECT rusts.flush('t')");
same_rows($subscriber, 'streamed');
is(contents($subscriber, 't'), contents($publisher, 't'), 'streamed = publisher');

done_testing();
