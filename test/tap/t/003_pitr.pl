# Point-in-time recovery to places inside a flush: the flush has not happened
# then, and every row is there once.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use Test::More;

use RustsTest;

my $node = new_node('origin', has_archiving => 1, allows_streaming => 1);
$node->start;
create_twins($node);
$node->backup('base');
add_rows($node, 6001, 7000);

my $before = $node->safe_psql('postgres', 'SELECT pg_current_wal_insert_lsn()');
my $flusher = session($node);
ok($flusher->run("BEGIN; SELECT rusts.flush('t');"), 'flush in a transaction');
my $inside = $node->safe_psql('postgres', 'SELECT pg_current_wal_insert_lsn()');
ok($flusher->run('COMMIT;'), 'flush committed');
my $after = $node->safe_psql('postgres', 'SELECT pg_current_wal_insert_lsn()');
$node->safe_psql('postgres',
	"INSERT INTO h SELECT * FROM t LIMIT 1; SELECT pg_switch_wal()");

# a quarter, half and three quarters of the way, its end, its commit
my %targets = map {;
	"$_ quarters" => $node->safe_psql('postgres',
		"SELECT '$before'::pg_lsn + trunc(('$inside'::pg_lsn - '$before'::pg_lsn) * $_ / 4)")
} 1 .. 3;
$targets{'end of the flush'} = $inside;
$targets{'its commit'} = $after;

foreach my $name (sort keys %targets)
{
	my $copy = PostgreSQL::Test::Cluster->new('at_' . $name =~ s/\W/_/gr);
	$copy->init_from_backup($node, 'base', standby => 0, has_restoring => 1);
	$copy->append_conf('postgresql.conf',
		"recovery_target_lsn = '$targets{$name}'\n"
		  . "recovery_target_action = 'promote'");
	$copy->start;
	$copy->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()')
	  or die 'no end of recovery';
	same_rows($copy, $name);
	sound($copy, $name);
	$copy->safe_psql('postgres', "SELECT rusts.flush('t')");
	same_rows($copy, "$name, flushed");
	sound($copy, "$name, flushed");
	$copy->stop;
}

done_testing();
