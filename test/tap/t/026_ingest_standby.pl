# The ingest worker of a standby asks clients to come again, and goes on when
# the standby is promoted.  Several workers share a port.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use IngestTest;
use RustsTest;

my ($port, $tcp) = map { PostgreSQL::Test::Cluster::get_free_port() } 1 .. 2;
my $primary = ingest_node('primary', '');
is(ask(http_port($primary), request('POST', '/write', 'a f=1'))->{status}, 204, 'the primary writes');
$primary->backup('copy');

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->append_conf('postgresql.conf', <<"CONF");
rusts.ingest_port = $port
rusts.ingest_tcp_port = $tcp
rusts.ingest_anonymous_role = 'agent'
rusts.ingest_workers = 3
CONF
$standby->start;

# ---------- a standby ----------

my $answer;
eventually(sub { $answer = ask($port, request('POST', '/write', 'a f=2')) }, 'the worker of the standby listens');
is($answer->{status}, 503, 'a write cannot be done here');
is($answer->{body}, '{"error":"read-only standby"}', 'and why');
ok($answer->{headers}{'retry-after'}, 'and when to come again');
$answer = ask($port, request('POST', '/api/v2/write', 'a f=2'));
is("$answer->{status} $answer->{body}", '503 {"code":"unavailable","message":"read-only standby"}', 'the same in 2.x');
is(ask($port, request('POST', '/write', 'a f=2', Authorization => 'Token agent:wrong'))->{status}, 401, 'passwords are checked');
$answer = ask($port, request('GET', '/health'));
is($answer->{status}, 503, 'it is not in good health');
like($answer->{body}, qr/"status":"fail"/, 'and says so');
is(ask($port, request('GET', '/ping'))->{status}, 204, 'it is there');
my $client = connect_to($tcp);
send_all($client, "b f=1\n");
is($standby->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'rusts ingest'"), 3, 'three workers');
my @pids = sort split /\n/, $standby->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'rusts ingest'");

# ---------- and when it is none any more ----------

$standby->promote;
eventually(sub { status_of($port, request('POST', '/write', 'a f=3')) == 204 }, 'after promotion it writes');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM a WHERE f IN (2, 3)'), 1, 'what it has said that it would');
eventually(sub { my ($status, $out) = $standby->psql('postgres', 'SELECT count(*) FROM b'); $status == 0 && $out == 1 },
	'lines over TCP have waited');
is(join(',', sort split /\n/, $standby->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'rusts ingest'")),
	join(',', @pids), 'they are the same processes');

# ---------- several workers ----------
{
	my @sockets = map { connect_to($port) } 1 .. 60;
	send_all($sockets[$_], request('POST', '/write', "c f=$_")) foreach 0 .. $#sockets;
	is(join(' ', map { read_answer($_)->{status} } @sockets), join(' ', ('204') x @sockets), '60 clients');
	is($standby->safe_psql('postgres', 'SELECT count(*) FROM c'), 60, 'all are written');
	eventually(
		sub {
			status_of($port, request('POST', '/write', 'd f=1'));
			$standby->safe_psql('postgres', 'SELECT count(*) FROM rusts.ingest_stats WHERE writes > 0') > 1;
		},
		'by several workers');
	kill 'TERM', $pids[0];
	@sockets = map { connect_to($port) } 1 .. 20;
	eventually(sub { status_of($port, request('POST', '/write', 'c f=100')) == 204 }, 'others go on while one starts again');
}

done_testing();
