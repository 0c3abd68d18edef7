# Line protocol over TCP and UDP: lines in any pieces, clients that are slow,
# too fast or gone, writes that have to wait.
use strict;
use warnings;

use IO::Socket::INET;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use IngestTest;
use RustsTest;

my ($tcp, $udp) = map { PostgreSQL::Test::Cluster::get_free_port() } 1 .. 2;
my $node = ingest_node('main', <<"CONF");
rusts.ingest_tcp_port = $tcp
rusts.ingest_udp_port = $udp
rusts.ingest_max_connections = 20
CONF

sub rows { return $node->safe_psql('postgres', "SELECT count(*) FROM $_[0]"); }

sub counter { return $node->safe_psql('postgres', "SELECT $_[0] FROM rusts.ingest_stats"); }

# A table that is not there yet has no rows.
sub has_rows
{
	my ($table, $count, $label) = @_;
	eventually(sub { my ($status, $out) = $node->psql('postgres', "SELECT count(*) FROM $table"); $status == 0 && $out eq $count; }, $label);
}

sub reload
{
	$node->append_conf('postgresql.conf', $_[0]);
	$node->reload;
}

sub said
{
	my ($pattern, $label) = @_;
	eventually(sub { slurp_file($node->logfile) =~ $pattern }, $label);
}

# ---------- nobody to write as ----------

said(qr/does not listen on its TCP and UDP ports: there is no role to write as.*?HINT:  Set rusts.ingest_anonymous_role/s,
	'without a role the log says why nobody listens');
ok(!connect_to($tcp), 'and nobody does');
reload("rusts.ingest_anonymous_role = 'agent'");
my $client;
eventually(sub { $client = connect_to($tcp) }, 'SIGHUP: with a role the port is opened');

# ---------- pieces ----------

send_all($client, "a f=1 1\na f=2 2\na s=\"new");
has_rows('a', 2, 'whole lines are written');
send_all($client, "\nline\",f=3 3");
send_all($client, "\n# \" a comment\n\na,h=x\\");
has_rows('a', 3, 'a string with a new line in it');
send_all($client, "\ny f=4 4\n");
has_rows('a', 4, 'a new line after a backslash');
send_all($client, 'a f=5 5');
$client->close;
has_rows('a', 5, 'what is left at the end is a line');
is($node->safe_psql('postgres', "SELECT string_agg(f || coalesce(s, '') || coalesce(h, ''), ',' ORDER BY f) FROM a"),
	"1,2,3new\nline,4x\\\ny,5", 'all is as it was sent');
is($node->safe_psql('postgres', "SELECT max(time) = '1970-01-01 00:00:00Z' FROM a"), 't', 'in nanoseconds');

$client = connect_to($tcp);
send_all($client, "bad\nb f=1\nb f=\nb f=2\n");
has_rows('b', 2, 'bad lines cost themselves');
is(counter('rejected'), 2, 'and are counted');
send_all($client, join '', map { "c,h=x f=$_ $_\n" } 1 .. 200_000);
has_rows('c', 200000, 'many lines');
send_all($client, 'd s="' . 'x' x 3_000_000 . "\"\n");
has_rows('d', 1, 'a long line');
is($node->safe_psql('postgres', 'SELECT length(s) FROM d'), 3000000, 'all of it');

# ---------- what has to wait ----------
{
	my $holder = session($node);
	reload("rusts.ingest_lock_timeout = '100ms'");
	$holder->run('BEGIN; LOCK TABLE b;');
	send_all($client, "b f=3\n");
	my $datagram = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $udp, Proto => 'udp');
	$datagram->send("b f=4\n");
	eventually(sub { counter('refused_writes') >= 4 }, 'a locked table is tried again and again');
	is(ask(http_port($node), request('POST', '/write', 'a f=6'))->{status}, 204, 'others are served meanwhile');
	$holder->run('COMMIT;');
	has_rows('b', 4, 'and written when it is free');
	is(counter('dropped_datagrams'), 0, 'nothing is dropped');

	reload("rusts.ingest_timeout = '1s'");
	$holder->run('BEGIN; LOCK TABLE b;');
	send_all($client, "b f=5\n");
	$datagram->send("b f=6\n");
	said(qr/dropped 6 bytes of lines of TCP client 127.0.0.1/, 'TCP: what is locked for too long is dropped');
	eventually(sub { counter('dropped_datagrams') == 1 }, 'UDP: and counted');
	$holder->run('COMMIT;');
	send_all($client, "b f=7\n");
	$datagram->send("b f=8\n");
	has_rows('b', 6, 'and it goes on');
	is($node->safe_psql('postgres', 'SELECT string_agg(f::text, $$,$$ ORDER BY f) FROM b'), '1,2,3,4,7,8', 'with what came later');
}

# ---------- who is slow, who is too much ----------
{
	my $slow = connect_to($tcp);
	send_all($slow, 'e f=');
	my $silent = connect_to($tcp);
	ok(!sysread($slow, my $data, 1), 'a line that is never finished');
	said(qr/cut off TCP client 127.0.0.1 in the middle of a line/, 'is cut off');
	send_all($silent, "e f=1\n");
	has_rows('e', 1, 'who is only silent is not');
	# as many as may be, with the two that are there: none has been silent for
	# long, and then the one that has been so longest makes room
	my @many = map { connect_to($tcp) } 1 .. 18;
	eventually(sub { counter('connections') == 20 }, 'as many as may be');
	eventually(sub { my $last = connect_to($tcp); send_all($last, "e f=2\n"); rows('e') > 1 }, 'one more takes the place of a silent one');
	cmp_ok(counter('connections'), '<=', 20, 'there are no more for that');
	@many = ();
	reload("rusts.ingest_max_body = '100kB'");
	eventually(
		sub {
			my $long = connect_to($tcp);
			send_all($long, 'x' x 200000);
			return slurp_file($node->logfile) =~ /closed the connection of TCP client 127.0.0.1: a line is too long/;
		},
		'a line that is too long ends the connection');
}

# ---------- UDP ----------
{
	my $datagram = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $udp, Proto => 'udp');
	$datagram->send("g f=\"open 1\n");
	foreach my $n (1 .. 500)
	{
		$datagram->send("g,h=x f=$n $n\ng,h=y f=$n $n");
		select undef, undef, undef, 0.01 if $n % 100 == 0;
	}
	has_rows('g', 1000, 'each datagram is a batch');
	$datagram->send("\xff" x 1000);
	$datagram->send('');
	$datagram->send("g f=0 0\n");
	has_rows('g', 1001, 'garbage does no harm');
}

# ---------- no role any more ----------

$client->close;
reload("rusts.ingest_anonymous_role = ''");
eventually(sub { !connect_to($tcp) }, 'SIGHUP: without a role the port is closed');
reload("rusts.ingest_anonymous_role = 'agent'");
eventually(sub { $client = connect_to($tcp) }, 'and open again');
send_all($client, "i f=1\n");
has_rows('i', 1, 'and written to');

# ---------- the server stops ----------

send_all($client, "i f=2\ni f=3");
has_rows('i', 2, 'a line and a half');
$node->stop('fast');
$node->start;
is(rows('i'), 2, 'half a line is no line when the worker stops');

done_testing();
