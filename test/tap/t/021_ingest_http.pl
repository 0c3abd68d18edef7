# What the ingest worker answers over HTTP: to good clients as InfluxDB does,
# to bad ones so that others do not suffer.
use strict;
use warnings;

use IO::Compress::Gzip 'gzip';
use IO::Select;
use MIME::Base64;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes 'time';

use IngestTest;
use RustsTest;

my $node = ingest_node('main', "rusts.ingest_max_connections = 230\nrusts.ingest_timeout = '20s'");
my $port = http_port($node);

sub rows { return $node->safe_psql('postgres', "SELECT count(*) FROM $_[0]"); }

sub counter { return $node->safe_psql('postgres', "SELECT $_[0] FROM rusts.ingest_stats"); }

sub basic { return 'Basic ' . encode_base64($_[0], ''); }

sub packed
{
	my ($text) = @_;
	my $out;
	gzip(\$text => \$out) or die;
	return $out;
}

sub chunked
{
	my ($text, $len) = @_;
	my @pieces = unpack "(a$len)*", $text;
	return join('', map { sprintf "%x\r\n%s\r\n", length, $_ } @pieces) . "0\r\n\r\n";
}

# status and body
sub answers
{
	my ($label, $text, $status, $body) = @_;
	my $answer = ask($port, $text);

	is($answer->{status}, $status, $label);
	ref $body ? like($answer->{body}, $body, "$label: body") : is($answer->{body}, $body, "$label: body");
	return $answer->{headers};
}

# ---------- paths ----------

my $headers = answers('ping', request('GET', '/ping', undef, Authorization => undef), 204, '');
is($headers->{'x-influxdb-version'}, '1.8.10', 'the version that clients look for');
is($headers->{'x-influxdb-build'}, 'OSS', 'the build');
like($headers->{'request-id'}, qr/^[0-9a-f-]{36}$/, 'an id for each request');
answers('ping by HEAD', request('HEAD', '/ping'), 204, '');
answers('ping that tells', request('GET', '/ping?verbose=true'), 200, '{"version":"1.8.10"}');
answers('health', request('GET', '/health', undef, Authorization => undef),
	200, qr/^\{"name":"influxdb","message":"ready for queries and writes","status":"pass",/);
answers('metrics', request('GET', '/metrics'), 200, qr/^rusts_ingest_requests_total\{worker="0"\} \d+$/m);
answers('no such path', request('GET', '/x'), 404, '{"error":"path not found"}');
answers('no such path of 2.x', request('GET', '/api/v2/x'), 404, '{"code":"not found","message":"path not found"}');
$headers = answers('a method that is not', request('GET', '/write'), 405, '{"error":"Method not allowed"}');
is($headers->{allow}, 'POST', 'which one is');

# ---------- writes ----------

answers('a write of 1.x', request('POST', '/write?db=x&precision=s', 'a f=1 1700000000'), 204, '');
answers('a write of 2.x', request('POST', '/api/v2/write?org=o&bucket=b&precision=ms', 'a f=2 1700000000000'), 204, '');
is($node->safe_psql('postgres', 'SELECT DISTINCT time = to_timestamp(1700000000) FROM a'), 't', 'both at their time');
is($node->safe_psql('postgres', "SELECT tableowner FROM pg_tables WHERE tablename = 'a'"), 'agent', 'as the role');
answers('a precision that is none', request('POST', '/write?precision=d', 'a f=1'), 400, qr/^\{"error":"invalid precision/);
answers('the same in 2.x', request('POST', '/api/v2/write?precision=d', 'a f=1'),
	400, qr/^\{"code":"invalid","message":"invalid precision/);
answers('a WAL mode', request('POST', '/write?wal=every_write', 'a f=3'), 204, '');
answers('a WAL mode that is none', request('POST', '/write?wal=x', 'a f=1'), 400, qr/^\{"error":"invalid wal/);
$headers = answers('a bad line', request('POST', '/write', "a f=4\na f=\"x"), 400, qr/^\{"error":"partial write: .*dropped=1"\}/);
like($headers->{'x-influxdb-error'}, qr/^partial write: unable to parse 'a f="x': /, 'the error in a header');
answers('the same in 2.x', request('POST', '/api/v2/write', "a f=5\na f="), 422, qr/^\{"code":"unprocessable entity","message":"/);
is(rows('a'), 5, 'the good lines are there');

# ---------- who it is ----------

my $nobody = request('POST', '/write', 'b f=1', Authorization => undef);
$headers = answers('nobody', $nobody, 401, '{"error":"unable to parse authentication credentials"}');
is($headers->{'www-authenticate'}, 'Basic realm="InfluxDB"', 'how to say who it is');
answers('the wrong password', request('POST', '/write', 'b f=1', Authorization => basic('agent:wrong')),
	401, '{"error":"authorization failed"}');
answers('the wrong password in 2.x', request('POST', '/api/v2/write', 'b f=1', Authorization => 'Token agent:wrong'),
	401, '{"code":"unauthorized","message":"unauthorized access"}');
answers('a scheme that is none', request('POST', '/write', 'b f=1', Authorization => 'Digest agent:secret'),
	401, '{"error":"unable to parse authentication credentials"}');
answers('a token without a name', request('POST', '/write', 'b f=1', Authorization => 'Token secret'),
	401, '{"error":"unable to parse authentication credentials"}');
answers('what is not base64', request('POST', '/write', 'b f=1', Authorization => 'Basic !!!'),
	401, '{"error":"unable to parse authentication credentials"}');
answers('Token', request('POST', '/api/v2/write', 'b f=1', Authorization => 'Token agent:secret'), 204, '');
answers('Bearer', request('POST', '/write', 'b f=1', Authorization => 'Bearer agent:secret'), 204, '');
answers('u and p', request('POST', '/write?u=agent&p=secret', 'b f=1', Authorization => undef), 204, '');
answers('u and p before the header', request('POST', '/write?u=agent&p=secret', 'b f=1', Authorization => basic('agent:wrong')), 204, '');
answers('wrong u and p before the header', request('POST', '/write?u=agent&p=wrong', 'b f=1'), 401, '{"error":"authorization failed"}');
$node->safe_psql('postgres', "CREATE ROLE closed NOLOGIN PASSWORD 'secret'");
answers('a role that may not log in', request('POST', '/write', 'b f=1', Authorization => basic('closed:secret')), 403, qr/^\{"error":"/);
is(rows('b'), 4, 'only who may has written');
cmp_ok(counter('auth_failures'), '>=', 8, 'failures are counted');

# ---------- bodies ----------

my $lines = join '', map { "c,h=x f=$_ $_\n" } 1 .. 1000;
answers('gzip', request('POST', '/write', packed($lines), 'Content-Encoding' => 'gzip'), 204, '');
is(rows('c'), 1000, 'unpacked');
answers('gzip in two members', request('POST', '/write', packed("d f=1\n") . packed("d f=2\n"), 'Content-Encoding' => 'gzip'), 204, '');
is(rows('d'), 2, 'both');
answers('chunks', request('POST', '/write', undef, 'Transfer-Encoding' => 'chunked') . chunked($lines =~ s/c,/e,/gr, 777), 204, '');
is(rows('e'), 1000, 'put together');
answers('gzip in chunks',
	request('POST', '/write', undef, 'Transfer-Encoding' => 'chunked', 'Content-Encoding' => 'gzip') . chunked(packed($lines =~ s/c,/g,/gr), 100),
	204, '');
is(rows('g'), 1000, 'put together and unpacked');
answers('gzip that is none', request('POST', '/write', 'a f=1', 'Content-Encoding' => 'gzip'), 400, '{"error":"unable to unpack the gzip body"}');
answers('gzip that ends too soon', request('POST', '/write', substr(packed($lines), 0, 500), 'Content-Encoding' => 'gzip'),
	400, '{"error":"unable to unpack the gzip body"}');
answers('another encoding', request('POST', '/write', 'a f=1', 'Content-Encoding' => 'br'), 415, qr/^\{"error":"unsupported content encoding/);
answers('an empty body', request('POST', '/write', ''), 204, '');

my $garbage = join '', map { chr int rand 256 } 1 .. 20000;
srand 7;
answers('binary garbage', request('POST', '/write', $garbage), 400, qr/^\{"error":"/);
# what cannot even be read as a request is refused, or the connection closed
foreach my $noise ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "$garbage\r\n\r\n", "GET\r\n\r\n", "X: " . 'x' x 300000)
{
	my $answer = ask($port, $noise);
	ok(!defined $answer || ($answer->{status} // 400) >= 400, 'no request at all');
}
ok(ask($port, request('GET', '/ping')), 'it is still there');

# ---------- large ones ----------

my $line = 'large,h=x s="' . 'y' x 1000 . '"';
my $most = 25 * 1024 * 1024;
my $large = "$line 1\n" x int($most / (length("$line 1\n")));
answers('nearly 25 MB', request('POST', '/write', $large), 204, '');
cmp_ok(rows('large'), '>', 20000, 'all of it');
answers('more than 25 MB', request('POST', '/write', $large . $large), 413, '{"error":"Request Entity Too Large"}');
answers('more than 25 MB of 2.x', request('POST', '/api/v2/write', $large . $large),
	413, '{"code":"request too large","message":"unable to read data: points batch is too large"}');
answers('more than 25 MB in chunks', request('POST', '/write', undef, 'Transfer-Encoding' => 'chunked') . chunked($large . $large, 100000),
	413, '{"error":"Request Entity Too Large"}');

my $zeros;
{
	# 512 MB are half a megabyte when packed
	my $megabyte = "\0" x (1 << 20);
	my $pack = IO::Compress::Gzip->new(\$zeros);
	$pack->print($megabyte) foreach 1 .. 512;
	$pack->close;
}
answers('a gzip bomb', request('POST', '/write', $zeros, 'Content-Encoding' => 'gzip'), 413, '{"error":"Request Entity Too Large"}');
my $peak = (slurp_file('/proc/' . worker_pid($node) . '/status') =~ /VmHWM:\s+(\d+) kB/)[0];
cmp_ok($peak, '<', 400 * 1024, 'memory is bounded');
note("the worker has had $peak kB at most");
is(counter('queue_bytes'), 0, 'nothing of it is left');

# ---------- Expect: 100-continue ----------
{
	my $socket = connect_to($port);
	my $text = request('POST', '/write', 'h f=1', Expect => '100-continue');
	my ($head) = $text =~ /^(.*?\r\n\r\n)/s;

	send_all($socket, $head);
	my $hint = '';
	sysread $socket, $hint, 25 if IO::Select->new($socket)->can_read(60);
	is($hint, "HTTP/1.1 100 Continue\r\n\r\n", 'the body is asked for');
	send_all($socket, 'h f=1');
	is(read_answer($socket)->{status}, 204, 'and written');

	$socket = connect_to($port);
	send_all($socket, request('POST', '/write', undef, Expect => '100-continue', 'Content-Length' => 1 << 30));
	is(read_answer($socket)->{status}, 413, 'of one that is too large it is not asked for');
}

# ---------- a connection is used again ----------
{
	my $socket = connect_to($port);
	foreach my $try (1 .. 3)
	{
		send_all($socket, request('POST', '/write', "i f=$try"));
		is(read_answer($socket)->{status}, 204, "write $try of a connection");
		send_all($socket, request('POST', '/write?precision=x', "i f=$try"));
		is(read_answer($socket)->{status}, 400, "refusal $try of the same connection");
		send_all($socket, request('GET', '/ping'));
		is(read_answer($socket)->{status}, 204, "ping $try of the same connection");
	}
	# all at once
	send_all($socket, request('POST', '/write', 'i f=4') . request('POST', '/write', 'i f=5') . request('GET', '/health'));
	is(join(' ', map { read_answer($socket)->{status} } 1 .. 3), '204 204 200', 'requests in a row');
	is(rows('i'), 5, 'all are written');
}

# ---------- many at a time ----------
{
	my @sockets = map { connect_to($port) } 1 .. 50;
	my $before = counter('transactions');

	send_all($sockets[$_], request('POST', '/write?wal=every_write', "j f=$_")) foreach 0 .. $#sockets;
	is(join(' ', map { read_answer($_)->{status} } @sockets), join(' ', ('204') x @sockets), '50 clients at a time');
	is(rows('j'), 50, 'all are written');
	note(counter('transactions') - $before . ' transactions');
}

# ---------- slow ones ----------
{
	my @slow = map { connect_to($port) } 1 .. 200;
	send_all($slow[$_], $_ % 2 ? "POST /write HTTP/1.1\r\nHost: x\r\nX-$_: " : "P") foreach 0 .. $#slow;
	my $body = connect_to($port);
	send_all($body, request('POST', '/write', undef, 'Content-Length' => 100) . 'k f=');
	eventually(sub { counter('connections') >= 201 }, '200 that do not finish their headers');
	my $started = time;
	my $served = 0;
	foreach (1 .. 20)
	{
		$served++ if ask($port, request('POST', '/write', "k f=$_"))->{status} == 204;
	}
	is($served, 20, 'another one is served meanwhile');
	cmp_ok(time - $started, '<', 15, 'before the slow ones are cut off');

	# up to the limit, and one more
	my @more = map { connect_to($port) } 1 .. 29;
	eventually(sub { counter('connections') >= 230 }, 'as many as may be');
	my $answer = ask($port, request('POST', '/write', 'k f=1'));
	is($answer->{status}, 503, 'one too many is sent away');
	is($answer->{body}, '{"error":"too many connections"}', 'and told why');
	ok($answer->{headers}{'retry-after'}, 'and when to come again');
	eventually(sub { counter('connections') == 0 }, 'all of the slow ones are cut off in the end');
	is(join('', map { sysread($_, my $data, 1) ? 'x' : '' } @slow), '', 'and see it');
	is(ask($port, request('POST', '/write', 'k f=1'))->{status}, 204, 'there is room again');
	is(rows('k'), 21, 'all are written');
}

# ---------- settings that change ----------

$node->append_conf('postgresql.conf', "rusts.ingest_max_body = '10kB'\nrusts.ingest_timeout = '2s'");
my $kept = connect_to($port);
send_all($kept, request('GET', '/ping'));
is(read_answer($kept)->{status}, 204, 'a connection that stays');
my $under_way = connect_to($port);
send_all($under_way, request('POST', '/write', undef, 'Content-Length' => 5));
eventually(sub { counter('connections') == 2 }, 'two connections');
$node->reload;
eventually(sub { status_of($port, request('POST', '/write', $lines)) == 413 }, 'SIGHUP: the body is too large now');
ok(!sysread($kept, my $rest, 1), 'an idle connection is closed');
send_all($under_way, 'l f=1');
my $late = read_answer($under_way);
is($late->{status}, 204, 'a request that was under way is answered');
is(lc $late->{headers}{connection}, 'close', 'and its connection closed after it');
{
	my $socket = connect_to($port);
	send_all($socket, "GET /ping HTTP/1.1\r\n");
	my $started = time;
	ok(!sysread($socket, my $data, 1), 'headers that take too long');
	cmp_ok(time - $started, '<', 10, 'are not waited for');
	$socket = connect_to($port);
	send_all($socket, request('POST', '/write', undef, 'Content-Length' => 5) . 'm');
	ok(!sysread($socket, $data, 1), 'nor is a body');
}
$node->append_conf('postgresql.conf', "rusts.ingest_max_body = '25MB'\nrusts.ingest_timeout = '60s'");
$node->reload;
eventually(sub { status_of($port, request('POST', '/write', $lines)) == 204 }, 'SIGHUP: it is not too large any more');

# ---------- anonymous ----------

$node->append_conf('postgresql.conf', "rusts.ingest_anonymous_role = 'agent'");
$node->reload;
eventually(sub { status_of($port, $nobody) == 204 }, 'who names nobody is the anonymous role');
is(ask($port, request('POST', '/write', 'b f=1', Authorization => basic('agent:wrong')))->{status}, 401, 'who names somebody is asked');

# ---------- the worker stops, and is killed ----------

sub other_worker
{
	my ($pid, $label) = @_;
	eventually(
		sub {
			my ($status, $out) = $node->psql('postgres',
				"SELECT pid FROM pg_stat_activity WHERE backend_type = 'rusts ingest' AND pid <> $pid");
			return $status == 0 && $out ne '' && ask($port, request('GET', '/ping'));
		},
		$label);
}

my $pid = worker_pid($node);
{
	# one waits for a lock, one has sent half of its body, one is idle
	my $holder = session($node);
	$holder->run('BEGIN; LOCK TABLE a;');
	my $locked = connect_to($port);
	my $half = connect_to($port);
	my $idle = connect_to($port);
	$node->append_conf('postgresql.conf', "rusts.ingest_lock_timeout = '60s'");
	$node->reload;
	eventually(
		sub {
			$node->safe_psql('postgres', "SELECT count(*) FROM pg_settings WHERE name = 'rusts.ingest_lock_timeout' AND setting = '60000'") == 1;
		},
		'the worker waits long for locks');
	send_all($locked, request('POST', '/write', 'a f=100'));
	send_all($half, request('POST', '/write', undef, 'Content-Length' => 7) . 'a f');
	eventually(sub { counter('connections') == 3 }, 'three clients');
	eventually(sub { counter('queue_bytes') > 0 }, 'one of them waits');
	kill 'TERM', $pid;
	my $started = time;
	my $answer = read_answer($locked);
	is($answer->{status}, 503, 'SIGTERM: a write that waits is refused');
	ok($answer->{headers}{'retry-after'}, 'and may come again');
	ok(!sysread($idle, my $data, 1), 'an idle client is closed');
	send_all($half, '=100');
	$answer = read_answer($half);
	ok(!defined $answer || $answer->{status} == 503, 'half a request is refused or closed');
	eventually(sub { !kill 0, $pid }, 'it stops');
	cmp_ok(time - $started, '<', 5, 'soon');
	$holder->run('COMMIT;');
}
other_worker($pid, 'it is started again');
is(rows('a WHERE f = 100'), 0, 'what was refused is not there');

$pid = worker_pid($node);
kill 'KILL', $pid;
other_worker($pid, 'kill -9: it is started again');
is(ask($port, request('POST', '/write', 'a f=200'))->{status}, 204, 'and writes');
is(rows('a WHERE f = 200'), 1, 'what it should');

# ---------- the server stops ----------
{
	my $started = time;
	my @clients = map { connect_to($port) } 1 .. 5;
	send_all($clients[0], request('POST', '/write', undef, 'Content-Length' => 5) . 'm');
	$node->stop('fast');
	cmp_ok(time - $started, '<', 20, 'clients do not keep the server from stopping');
}

done_testing();
