# Version.pm: what differs between versions of PostgreSQL, for scripts.
package Version;

use strict;
use warnings;

use Exporter 'import';
our @EXPORT_OK = qw($MAJOR $FORCE_PARALLEL);

my $program = ($ENV{BINDIR} ? "$ENV{BINDIR}/" : '') . 'psql';

# of the server whose programs these are
our ($MAJOR) = `$program --version` =~ /(\d+)/;

# The setting that plans workers where none are needed.
our $FORCE_PARALLEL = $MAJOR >= 16 ? 'debug_parallel_query' : 'force_parallel_mode';

1;
