# Prepared transactions that wrote hot rows, wrote in bulk or flushed, across
# a restart that gave them no warning.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use Test::More;

use RustsTest;

my $node = new_node('main');
$node->start;
create_twins($node);

my $few = RustsTest::rows(20001, 20100);
my $many = RustsTest::rows(30001, 80000);
my $never = RustsTest::rows(90001, 99000);
$node->safe_psql('postgres', $_)
  foreach "BEGIN; INSERT INTO t $few; PREPARE TRANSACTION 'few';",
  "BEGIN; INSERT INTO t $many; PREPARE TRANSACTION 'many';",
  "BEGIN; INSERT INTO t $never; PREPARE TRANSACTION 'never';",
  "BEGIN; SELECT rusts.flush('t'); PREPARE TRANSACTION 'flush';";
same_rows($node, 'prepared');

$node->stop('immediate');
$node->start;
same_rows($node, 'prepared, after a crash');

$node->safe_psql('postgres',
	"COMMIT PREPARED 'few'; INSERT INTO h $few;");
same_rows($node, 'few committed');
$node->safe_psql('postgres', "COMMIT PREPARED 'flush'");
same_rows($node, 'flush committed');
$node->safe_psql('postgres',
	"COMMIT PREPARED 'many'; INSERT INTO h $many;");
same_rows($node, 'many committed');
$node->safe_psql('postgres', "ROLLBACK PREPARED 'never'");
same_rows($node, 'never rolled back');
$node->safe_psql('postgres', "SELECT rusts.flush('t')");
$node->safe_psql('postgres', 'VACUUM t');
same_rows($node, 'flushed and vacuumed');
sound($node, 'at the end');

done_testing();
