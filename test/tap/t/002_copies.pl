# pg_dump | psql, pg_basebackup and pg_upgrade --link keep every row once, and
# the options.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use RustsTest;

my $options = "SELECT array_to_string(reloptions, ' ') FROM pg_class "
  . "WHERE relname = 't'";
my $node = new_node('old', allows_streaming => 1);
$node->start;
create_twins($node);

# dump and restore
my $dump = "$PostgreSQL::Test::Utils::tmp_check/dump.sql";
command_ok([ 'pg_dump', '-f', $dump, $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
command_ok(
	[ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-o', '/dev/null',
		$node->connstr('restored') ],
	'restore');
same_rows($node, 'restored', 'restored');
is($node->safe_psql('restored', $options), 'rusts.tags=host', 'options restored');
is($node->safe_psql('restored', "SELECT rusts.flush('t')"), '5000', 'flush after restore')
  if $node->safe_psql('restored', "SELECT count(*) FROM rusts.segments('t')") eq '0';
same_rows($node, 'restored and flushed', 'restored');
is(contents($node, 't', 'restored'), contents($node, 't'), 'restored = original');

# base backup, taken while a flush is under way
my $flusher = session($node);
ok($flusher->run("BEGIN; SELECT rusts.flush('t');"), 'flush in a transaction');
$node->backup('base');
ok($flusher->run('ROLLBACK;'), 'flush rolled back');
my $copy = PostgreSQL::Test::Cluster->new('copy');
$copy->init_from_backup($node, 'base');
$copy->start;
same_rows($copy, 'base backup');
sound($copy, 'base backup');
is($copy->safe_psql('postgres', "SELECT rusts.flush('t')"), '2000', 'flush in the copy');
same_rows($copy, 'base backup, flushed');
$copy->stop;

# upgrade by links
same_rows($node, 'after the rollback');
$node->safe_psql('postgres', 'DROP DATABASE restored');
$node->stop;
my $new = new_node('new');
my ($bindir) = grep { -x "$_/pg_upgrade" } split /:/, $ENV{PATH};
my $work = $PostgreSQL::Test::Utils::tmp_check;
chdir $work or die "$work: $!";
command_ok(
	[
		'pg_upgrade', '--no-sync', '--link', '-d', $node->data_dir,
		'-D', $new->data_dir, '-b', $bindir, '-B', $bindir, '-s', $new->host,
		'-p', $node->port, '-P', $new->port
	],
	'pg_upgrade --link');
$new->start;
same_rows($new, 'upgraded');
sound($new, 'upgraded');
is($new->safe_psql('postgres', $options), 'rusts.tags=host', 'options upgraded');
is($new->safe_psql('postgres', "SELECT rusts.flush('t')"), '2000', 'flush after the upgrade');
same_rows($new, 'upgraded and flushed');
sound($new, 'upgraded and flushed');

done_testing();
