#!/usr/bin/perl
#
# writer.pl BINDIR HOST NUMBER LEDGER: insert until the server is gone.
#
# Each transaction writes 20 rides.  Its number goes into the ledger only when
# the server has answered COMMIT, so the ledger is what a client was promised.
#
use strict;
use warnings;

use Client;
use IO::Handle;

my ($bindir, $host, $number, $ledger) = @ARGV;
my $client = Client->new(bindir => $bindir, host => $host);
my $txn = 0;

open my $out, '>', $ledger or die "$ledger: $!";
$out->autoflush(1);
while (1)
{
	$txn++;
	last unless $client->run(
		"INSERT INTO live SELECT clock_timestamp(), $number, $txn, g, "
		  . "round((random() * 40)::numeric, 2) FROM generate_series(1, 20) g;");
	print $out "$txn\n";
}
exit 0;
