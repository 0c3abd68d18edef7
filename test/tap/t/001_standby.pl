# A streaming standby gives the primary's answers before, during and after
# flush and vacuum; a snapshot that was taken before stays right or is
# cancelled, but is never wrong.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use Test::More;

use RustsTest;

my $primary = new_node('primary', allows_streaming => 1);
$primary->append_conf('postgresql.conf', "autovacuum = off");
$primary->start;
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', "max_standby_streaming_delay = 200ms");
$standby->start;

create_twins($primary);
$primary->wait_for_catchup($standby);
same_rows($standby, 'before');

# during: the flush is replayed, its commit is not
my $flusher = session($primary);
ok($flusher->run("BEGIN; SELECT rusts.flush('t');"), 'flush in a transaction');
$primary->safe_psql('postgres', 'SELECT pg_switch_wal()');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
same_rows($standby, 'during');
ok($flusher->run('COMMIT;'), 'flush committed');
$primary->wait_for_catchup($standby);
same_rows($standby, 'after');

$primary->safe_psql('postgres', 'VACUUM t');
$primary->wait_for_catchup($standby);
same_rows($standby, 'after vacuum');
sound($standby, 'standby');

# an old snapshot, without and with feedback
foreach my $feedback ('off', 'on')
{
	$standby->append_conf('postgresql.conf', "hot_standby_feedback = $feedback");
	$standby->reload;
	if ($feedback eq 'on')
	{
		# until the primary has heard of it, feedback protects nothing
		$standby->safe_psql('postgres', 'SELECT 1');
		$primary->poll_query_until('postgres',
			'SELECT bool_and(backend_xmin IS NOT NULL) FROM pg_stat_replication')
		  or die 'no feedback';
	}
	add_rows($primary, $feedback eq 'on' ? (8001, 9000) : (7001, 8000));
	$primary->wait_for_catchup($standby);
	my $reader = session($standby);
	my $digest = RustsTest::digest_query('t');
	ok($reader->run("BEGIN ISOLATION LEVEL REPEATABLE READ; $digest"),
		"a snapshot on the standby, feedback $feedback");
	my $first = "@{ $reader->{rows} }";
	$primary->safe_psql('postgres', "SELECT rusts.flush('t')");
	$primary->safe_psql('postgres', 'VACUUM t') for 1 .. 2;
	if ($reader->run($digest))
	{
		is("@{ $reader->{rows} }", $first,
			"the snapshot still sees what it saw, feedback $feedback");
	}
	else
	{
		is($reader->error_kind =~ /^(?:40001|lost)$/ && $feedback eq 'off', 1,
			"the snapshot was cancelled, feedback $feedback")
		  or diag $reader->{error};
	}
	$reader->close;
	$primary->wait_for_catchup($standby);
	same_rows($standby, "after the old snapshot, feedback $feedback");
}

$standby->promote;
add_rows($standby, 10001, 11000);
$standby->safe_psql('postgres', "SELECT rusts.flush('t')");
same_rows($standby, 'promoted');
sound($standby, 'promoted');

done_testing();
