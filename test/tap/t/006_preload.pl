# Without shared_preload_libraries: a warning that says what to do, and the
# tables can still be read.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use Test::More;

use RustsTest;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

my ($status, $out, $errors) = $node->psql('postgres', 'CREATE EXTENSION rusts');
is($status, 0, 'CREATE EXTENSION works without preloading');
like($errors, qr/shared_preload_libraries/, 'and says what is missing');

create_twins($node);
same_rows($node, 'without preloading');

$node->append_conf('postgresql.conf', "shared_preload_libraries = 'rusts'");
$node->restart;
same_rows($node, 'preloaded');
sound($node, 'preloaded');

# and back, with a new session that first meets the table in a query
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
same_rows($node, 'without preloading again');
sound($node, 'without preloading again');

done_testing();
