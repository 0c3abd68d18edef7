# Queries over HTTP: what agents ask for in InfluxQL, and one statement of SQL
# that only reads, as the role of the client.  Rows stream, limits hold, and
# neither a client nor a query that goes away leaves anything behind.
use strict;
use warnings;

use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes 'time';

use RustsTest;

use constant PATIENCE => 120;

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $url = "127.0.0.1:$port";
my $http = HTTP::Tiny->new(timeout => PATIENCE);
my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $node = new_node('queries', allows_streaming => 1);

# Shared memory as files, which can be counted.
$node->append_conf('postgresql.conf', <<"CONF");
rusts.ingest_port = $port
rusts.ingest_listen_addresses = '127.0.0.1'
rusts.ingest_max_queries = 3
rusts.ingest_query_timeout = '60s'
restart_after_crash = on
max_worker_processes = 24
dynamic_shared_memory_type = mmap
TimeZone = 'UTC'
CONF
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION rusts;
CREATE ROLE agent LOGIN PASSWORD 'secret';
CREATE ROLE guest LOGIN PASSWORD 'secret';
CREATE ROLE keeper;
GRANT keeper TO agent;
CREATE TABLE cpu (time timestamptz NOT NULL, host text, usage float8) USING rusts WITH (rusts.tags = 'host');
INSERT INTO cpu SELECT '2024-01-01'::timestamptz + g * interval '1 minute', 'h' || g % 3, g FROM generate_series(1, 3000) g;
SELECT rusts.flush('cpu');
CREATE TABLE secrets (owner name, t text);
INSERT INTO secrets VALUES ('agent', 'mine'), ('guest', 'not mine');
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON secrets USING (owner = current_user);
CREATE TABLE locked (a int);
GRANT SELECT ON cpu, secrets, locked TO agent;
SQL

# ---------- a client ----------

sub user_url { return sprintf 'http://%s:secret@%s/query%s', $_[0] || 'agent', $url, $_[1] || ''; }

# Tries again while the worker is starting.
sub patiently
{
	my ($ask) = @_;
	my $until = time + PATIENCE;
	my $answer;

	do
	{
		$answer = $ask->();
		return $answer if $answer->{status} != 599 || $answer->{content} !~ /Could not connect/;
		select undef, undef, undef, 0.05;
	} while (time < $until);
	return $answer;
}

sub influxql
{
	my ($q, %options) = @_;
	my $args = '?q=' . $q =~ s/([^A-Za-z0-9])/sprintf '%%%02X', ord $1/ger;
	return patiently(sub { $http->request($options{method} || 'POST', user_url($options{user}, $args)) });
}

sub body_of
{
	my ($sql, $params) = @_;
	return $json->encode({ query => $sql, defined $params ? (params => $params) : () });
}

sub query
{
	my ($sql, %options) = @_;
	my %headers = ('Content-Type' => 'application/json', %{ $options{headers} || {} });
	my $content = $options{body} // body_of($sql, $options{params});
	return patiently(sub {
		$http->post(user_url($options{user}, $options{args}), { headers => \%headers, content => $content });
	});
}

sub rows
{
	my ($sql, %options) = @_;
	my $answer = query($sql, %options);
	my $decoded = eval { $json->decode($answer->{content}) } || {};
	return $decoded->{rows} || $answer->{content};
}

sub rows_are
{
	my ($sql, $expected, $label, %options) = @_;
	is_deeply(rows($sql, %options), $expected, $label);
}

# The status, and a field of the error.
sub refused
{
	my ($sql, $status, $field, $expected, $label, %options) = @_;
	my $answer = query($sql, %options);
	my $error = eval { $json->decode($answer->{content}) } || {};

	is($answer->{status}, $status, $label) or diag $answer->{content};
	ref $expected ? like($error->{$field} // '', $expected, "$label: $field")
	  : is($error->{$field}, $expected, "$label: $field");
	return $answer;
}

# A query that somebody may wait for, or leave.
sub open_query
{
	my ($sql, $args) = @_;
	my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or die "$!";
	my $body = body_of($sql);

	print $socket join("\r\n", 'POST /query' . ($args || '') . ' HTTP/1.1', 'Host: test',
		'Authorization: Basic ' . encode_base64('agent:secret', ''),
		'Content-Type: application/json', 'Content-Length: ' . length $body, 'Connection: close', '', $body);
	$socket->flush;
	return $socket;
}

# What comes, until it matches or ends.
sub read_until
{
	my ($socket, $pattern) = @_;
	my $data = '';

	until (defined $pattern && $data =~ $pattern)
	{
		last unless IO::Select->new($socket)->can_read(PATIENCE);
		last unless sysread $socket, $data, 65536, length $data;
	}
	return $data;
}

sub sql { return $node->safe_psql('postgres', $_[0]); }

sub eventually
{
	my ($code, $label) = @_;
	my $until = time + PATIENCE;
	my $done;

	until (($done = $code->()) || time > $until)
	{
		select undef, undef, undef, 0.05;
	}
	return ok($done, $label);
}

sub running { return sql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'rusts query'" . ($_[0] || '')); }

sub eventually_running
{
	my ($count, $label) = @_;
	return eventually(sub { running() == $count }, $label);
}

# All of them wait for the lock that the session has.
sub waiting { return running(" AND wait_event_type = 'Lock'"); }

# The worker has taken note of it when it lets more or fewer queries run: the
# settings of a file come all at once.
sub set_and_reload
{
	my (%settings) = @_;

	sql("ALTER SYSTEM SET $_ = '$settings{$_}'") foreach sort keys %settings;
	sql('ALTER SYSTEM SET rusts.ingest_max_queries = 0');
	sql('SELECT pg_reload_conf()');
	eventually(sub { query('SELECT 1')->{status} == 403 }, 'queries are off');
	sql('ALTER SYSTEM SET rusts.ingest_max_queries = 3');
	sql('SELECT pg_reload_conf()');
	eventually(sub { query('SELECT 1')->{status} == 200 }, 'and on again, with ' . join ' ', %settings);
}

sub memory_files { return scalar(() = glob($node->data_dir . '/pg_dynshmem/*')); }

# ---------- InfluxQL ----------

sub influx_is
{
	my ($q, $expected, $label, %options) = @_;
	my $answer = influxql($q, %options);
	is($answer->{content}, "$expected\n", $label);
	return $answer;
}

my $policies = '{"results":[{"statement_id":0,"series":[{"columns":["name","duration","shardGroupDuration","replicaN","default"],"values":[["autogen","0s","168h0m0s",1,true]]}]}]}';
my $warning = '"messages":[{"level":"warning","text":"points are kept until rusts.drop_after of their table"}]';

my $answer = influx_is('CREATE DATABASE telegraf', '{"results":[{"statement_id":0}]}', 'CREATE DATABASE');
is("$answer->{status} $answer->{headers}{'content-type'}", '200 application/json', 'its status and type');
influx_is("create\n database \"a \\\"b\" -- a comment", '{"results":[{"statement_id":0}]}', 'a name in quotes', method => 'GET');
influx_is('CREATE DATABASE x WITH DURATION 30d REPLICATION 1 SHARD DURATION 1h NAME "rp"',
	"{\"results\":[{\"statement_id\":0,$warning}]}", 'a policy is not kept, with a warning');
influx_is('SHOW DATABASES; show databases;',
	'{"results":[' . join(',', map { "{\"statement_id\":$_," . '"series":[{"name":"databases","columns":["name"],"values":[["postgres"],["telegraf"],["a \"b"],["x"]]}]}' } 0, 1) . ']}',
	'SHOW DATABASES, and two statements');
influx_is('SHOW RETENTION POLICIES ON telegraf', $policies, 'SHOW RETENTION POLICIES');
influx_is('CREATE RETENTION POLICY p ON telegraf DURATION 1h30m REPLICATION 1 DEFAULT',
	"{\"results\":[{\"statement_id\":0,$warning}]}", 'CREATE RETENTION POLICY');
influx_is('ALTER RETENTION POLICY p ON telegraf DURATION INF',
	"{\"results\":[{\"statement_id\":0,$warning}]}", 'ALTER RETENTION POLICY');
influx_is('SHOW MEASUREMENTS', '{"results":[{"statement_id":0,"series":[{"name":"measurements","columns":["name"],"values":[["cpu"],["locked"],["secrets"]]}]}]}',
	'SHOW MEASUREMENTS: what the role may read');
influx_is('SHOW MEASUREMENTS ON x LIMIT 1 OFFSET 1', '{"results":[{"statement_id":0,"series":[{"name":"measurements","columns":["name"],"values":[["locked"]]}]}]}',
	'a part of them');
influx_is('SHOW MEASUREMENTS', '{"results":[{"statement_id":0}]}', 'none', user => 'guest');
influx_is('DROP DATABASE telegraf; SHOW DATABASES',
	'{"results":[{"statement_id":0,"error":"DROP DATABASE is not supported: data are deleted by SQL, through PostgreSQL"},{"statement_id":1,"error":"not executed"}]}',
	'nothing is deleted, and what comes after is not done');
influx_is(';', '{}', 'no statement');

foreach my $case (
	[ 'SELECT * FROM cpu', qr/found SELECT, expected SHOW, .* at line 1, char 1 .*\\"query\\"/ ],
	[ "SHOW\n  FOO", qr/found FOO, expected DATABASES, .* at line 2, char 3/ ],
	[ 'CREATE DATABASE', qr/found EOF, expected identifier/ ],
	[ 'CREATE DATABASE a b', qr/found b, expected ;/ ],
	[ "CREATE DATABASE 'a'", qr/expected identifier/ ],
	[ 'CREATE DATABASE "a', qr/expected identifier/ ],
	[ 'CREATE DATABASE new; SHOW FOO', qr/found FOO/ ],
	[ "CREATE DATABASE \xff", qr/not UTF-8/ ],
	[ 'CREATE DATABASE a WITH', qr/expected DURATION/ ])
{
	my $wrong = influxql($case->[0]);
	is($wrong->{status}, 400, "wrong: $case->[0]");
	like($wrong->{content}, qr/^\{"error":"error parsing query: .*"\}\n$/, 'a JSON error');
	like($wrong->{content}, $case->[1], 'that says what and where');
}
unlike(influxql('SHOW DATABASES')->{content}, qr/new/, 'nothing was done of what does not parse');
is(influxql('')->{status}, 400, 'no q');
like(influxql('')->{content}, qr/missing required parameter \\"q\\"/, 'and why not');

SKIP:
{
	skip "SKIPPED: Debian's influxdb-client is not installed", 1 unless -x '/usr/bin/influx';
	my ($out) = run_command([ '/usr/bin/influx', '-host', '127.0.0.1', '-port', $port, '-username', 'agent',
		'-password', 'secret', '-execute', 'CREATE DATABASE cli; SHOW DATABASES' ]);
	like($out, qr/name: databases\nname\n----\npostgres\n.*\ncli$/s, "the influx client's CREATE and SHOW DATABASES");
}

# ---------- rows as text ----------

my $types = <<'SQL';
SELECT 1::int2 AS i2, -5::int8 AS i8, 0.5::float8 AS f8, true AS b, 'NaN'::float8 AS nan,
  '-Infinity'::float8 AS inf, 1.50::numeric AS n, 'a"b\c' || chr(10) AS t, NULL::int AS nothing, '{"a":1}'::jsonb AS jb,
  '2024-01-02 03:04:05.5+00'::timestamptz AS tz, '2024-01-02 03:04:05'::timestamp AS ts, '2024-01-02'::date AS d,
  'infinity'::timestamptz AS ever, ARRAY[1,2] AS a, '1 day'::interval AS iv, '\x0102'::bytea AS by
SQL
$answer = query($types);
is($answer->{headers}{'content-type'}, 'application/json', 'JSON is the default');
is($answer->{content}, <<'TEXT', 'all kinds of values');
{"columns":[{"name":"i2","type":"smallint"},{"name":"i8","type":"bigint"},{"name":"f8","type":"double precision"},{"name":"b","type":"boolean"},{"name":"nan","type":"double precision"},{"name":"inf","type":"double precision"},{"name":"n","type":"numeric"},{"name":"t","type":"text"},{"name":"nothing","type":"integer"},{"name":"jb","type":"jsonb"},{"name":"tz","type":"timestamp with time zone"},{"name":"ts","type":"timestamp without time zone"},{"name":"d","type":"date"},{"name":"ever","type":"timestamp with time zone"},{"name":"a","type":"integer[]"},{"name":"iv","type":"interval"},{"name":"by","type":"bytea"}],"rows":[[1,-5,0.5,true,"NaN","-Infinity",1.50,"a\"b\\c\n",null,{"a": 1},"2024-01-02T03:04:05.5+00:00","2024-01-02T03:04:05","2024-01-02","infinity","{1,2}","1 day","\\x0102"]],"row_count":1}
TEXT
is(query('SELECT 1 AS "a""b", 2 AS c', args => '?format=ndjson')->{content}, "{\"a\\\"b\":1,\"c\":2}\n", 'JSON lines');
is(query(qq{SELECT json '{"a":\n1}' AS j}, args => '?format=jsonl')->{content}, "{\"j\":{\"a\": 1}}\n", 'a new line in JSON');
is(query(q{SELECT 1 AS "a,b", 'x"y' AS c, '' AS d, NULL AS e, true AS f, '2024-01-01'::timestamptz AS g}, args => '?format=csv')->{content},
	qq{"a,b",c,d,e,f,g\r\n1,"x""y","",,true,2024-01-01T00:00:00+00:00\r\n}, 'CSV');
is(query('SELECT 1 AS a WHERE false', args => '?format=csv')->{content}, "a\r\n", 'CSV without rows');
is(query('SELECT 1 AS a WHERE false', args => '?format=ndjson')->{content}, '', 'JSON lines without rows');
is(query('SELECT 1 AS a WHERE false')->{content}, qq({"columns":[{"name":"a","type":"integer"}],"rows":[],"row_count":0}\n), 'JSON without rows');
is(query('SELECT')->{content}, qq({"columns":[],"rows":[[]],"row_count":1}\n), 'no columns');
is(query($json->decode('"SELECT \'ä€😀\' AS \"ü\""'))->{content},
	qq({"columns":[{"name":"\xc3\xbc","type":"text"}],"rows":[["\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"]],"row_count":1}\n), 'UTF-8');

foreach my $case (
	[ 'text/csv', 'text/csv; charset=utf-8; header=present' ],
	[ 'application/x-ndjson', 'application/x-ndjson' ],
	[ '*/*', 'application/json' ],
	[ 'text/html, image/png', 'application/json' ],
	[ 'application/json;q=0.5, text/csv;q=0.8', 'text/csv; charset=utf-8; header=present' ],
	[ 'text/csv; q=0, application/json', 'application/json' ])
{
	is(query('SELECT 1', headers => { Accept => $case->[0] })->{headers}{'content-type'}, $case->[1], "Accept: $case->[0]");
}
is(query('SELECT 1', args => '?format=csv', headers => { Accept => 'application/json' })->{content}, "?column?\r\n1\r\n", 'format= counts more');
refused('SELECT 1', 400, 'error', qr/unknown format/, 'an unknown format', args => '?format=xml');

my $times = "SELECT t FROM (VALUES (1, '2024-01-01 00:00:01.5+00'::timestamptz), (2, '1969-12-31 23:59:59.9+00'), (3, 'infinity'), (4, '9999-01-01+00'), (5, '1970-01-01+00')) v(i, t) ORDER BY i";
rows_are($times, [ [1704067201], [-1], ['infinity'], [253370764800], [0] ], 'seconds', args => '?epoch=s');
rows_are($times, [ [1704067201500], [-100], ['infinity'], [253370764800000], [0] ], 'milliseconds', args => '?epoch=ms');
like(query($times, args => '?epoch=ns')->{content}, qr/\[\[1704067201500000000\],\[-100000000\],\["infinity"\],\[253370764800000000000\],\[0\]\]/, 'nanoseconds, also after 2262');
rows_are("SELECT '294276-12-31'::timestamp", [ ['294276-12-31T00:00:00'] ], 'what int64 does not hold is left as it is', args => '?epoch=us');
refused('SELECT 1', 400, 'error', qr/unknown epoch/, 'an unknown epoch', args => '?epoch=d');
rows_are("SELECT host, count(*), sum(usage) FROM cpu GROUP BY host ORDER BY host",
	[ [ 'h0', 1000, 1501500 ], [ 'h1', 1000, 1499500 ], [ 'h2', 1000, 1500500 ] ], 'a rusts table');

# ---------- parameters ----------

rows_are('SELECT $1::text, $2::int + 1, $3::bool, $4::text, $5::numeric, $6::jsonb',
	[ [ q{'; DROP TABLE cpu; --}, 8, JSON::PP::true, undef, 1.25, { a => [ 1, 'x' ] } ] ], 'parameters of all kinds',
	params => [ q{'; DROP TABLE cpu; --}, 7, JSON::PP::true, undef, 1.25, { a => [ 1, 'x' ] } ]);
rows_are('SELECT count(*) FROM cpu WHERE host = $1 AND time < $2', [ [20] ], 'their types are inferred', params => [ 'h1', '2024-01-01 01:00+00' ]);
rows_are('SELECT count(*) FROM cpu WHERE host = ANY ($1)', [ [2000] ], 'an array', params => ['{h1,h2}']);
rows_are('SELECT $1 || $2', [ ['ab'] ], 'an object with numbers as keys', params => { 1 => 'a', 2 => 'b' });
rows_are('SELECT $1::bigint', [ ['9007199254740993'] ], 'no number is rounded', body => '{"query":"SELECT $1::bigint::text","params":[9007199254740993]}');
like(query('EXPLAIN SELECT * FROM cpu WHERE host = $1', params => ['h1'])->{content}, qr/'h1'/, 'they are known to the planner');
refused('SELECT $1::int', 400, 'code', '22P02', 'a value that does not fit', params => ['x']);
refused('SELECT $1::int', 400, 'error', 'the query has 1 parameters, and 0 are given', 'one too few');
refused('SELECT 1', 400, 'error', 'the query has 0 parameters, and 1 are given', 'one too many', params => [1]);
refused('SELECT $2::int', 400, 'code', '42P18', 'one that is not used', params => [ 1, 2 ]);
refused('SELECT $1 || $2', 400, 'detail', qr/Keys of "params"/, 'names are no numbers', params => { 1 => 'a', b => 'b' });
refused(undef, 400, 'error', 'missing required parameter "q"', 'no body', body => '');
foreach my $case (
	[ '{', '22P02' ], [ '[]', '22023' ], [ '{}', '22023' ], [ '"SELECT 1"', '22023' ], [ '{"query":1}', '22023' ],
	[ '{"query":"SELECT 1","params":1}', '22023' ], [ '{"query":"SELECT 1","parms":[1]}', '22023' ],
	[ "{\"query\":\"SELECT '\xff'\"}", '22021' ], [ "{\"query\":\"SELECT 1\0\"}", '22023' ],
	[ '{"query":"SELECT \'\u0000\'"}', '22P05' ], [ '[' x 100000, '54001' ])
{
	refused(undef, 400, 'code', $case->[1], 'not a query: ' . substr($case->[0], 0, 40) =~ s/[^ -~]/?/gr, body => $case->[0]);
}

# ---------- one statement that reads ----------

rows_are($_->[0], $_->[1], "reads: $_->[0]") foreach (
	[ 'TABLE secrets', [ [ 'agent', 'mine' ] ] ],
	[ 'VALUES (1), (2)', [ [1], [2] ] ],
	[ 'WITH a AS (SELECT 1) SELECT * FROM a;', [ [1] ] ],
	[ 'SHOW transaction_read_only', [ ['on'] ] ],
	[ 'SELECT 1 UNION ALL SELECT 2', [ [1], [2] ] ]);
like(query('EXPLAIN (ANALYZE, FORMAT JSON) SELECT 1')->{content}, qr/Actual Rows/, 'EXPLAIN ANALYZE');
refused($_, 400, 'code', '42601', "not one statement: $_") foreach ('', ';', '-- nothing', 'SELECT 1; SELECT 2', 'SELEC 1');
refused($_, 400, 'code', '0A000', "does not only read: $_") foreach (
	'BEGIN', 'COMMIT', 'ROLLBACK', 'SET ROLE guest', 'RESET ALL', 'SET transaction_read_only = off', "COPY cpu TO PROGRAM 'true'",
	'INSERT INTO locked VALUES (1)', 'DELETE FROM cpu', 'EXPLAIN ANALYZE INSERT INTO locked VALUES (1)', 'EXPLAIN ANALYZE CREATE TABLE n AS SELECT 1',
	'SELECT 1 INTO n', '(SELECT 1 INTO n) UNION SELECT 2', 'CREATE TEMP TABLE n (a int)', 'DO $$ BEGIN END $$', 'PREPARE p AS SELECT 1',
	'DECLARE c CURSOR FOR SELECT 1', 'LISTEN x', 'VACUUM', 'LOCK TABLE cpu');

# ---------- nothing changes ----------

sql(<<'SQL');
CREATE SCHEMA evil;
GRANT ALL ON SCHEMA evil TO agent;
CREATE TABLE evil.t (a int);
CREATE SEQUENCE evil.s;
GRANT ALL ON evil.t, evil.s TO agent;
CREATE FUNCTION evil.put() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO evil.t VALUES (1); RETURN 1; END $$;
CREATE FUNCTION evil.run(command text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE command; RETURN 'done'; END $$;
CREATE FUNCTION evil.run_as_owner(command text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN EXECUTE command; RETURN 'done'; END $$;
CREATE FUNCTION evil.try(command text) RETURNS text LANGUAGE plpgsql AS
  $$ BEGIN EXECUTE command; RETURN 'done'; EXCEPTION WHEN OTHERS THEN RETURN sqlstate; END $$;
CREATE FUNCTION evil.stubborn() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  LOOP
    BEGIN
      PERFORM pg_sleep(60);
    EXCEPTION WHEN query_canceled THEN
    END;
  END LOOP;
END $$;
SQL
refused($_->[0], 400, 'code', $_->[1], "changes nothing: $_->[0]") foreach (
	[ 'SELECT evil.put()', '25006' ],
	[ q{SELECT evil.run_as_owner('INSERT INTO evil.t VALUES (2)')}, '25006' ],
	[ q{SELECT set_config('transaction_read_only', 'off', false)}, '25001' ],
	[ q{SELECT set_config('transaction_read_only', NULL, false), evil.put()}, '25006' ],
	[ q{SELECT set_config('default_transaction_read_only', 'off', false), evil.put()}, '25006' ],
	[ q{SELECT evil.run('SET TRANSACTION READ WRITE')}, '25001' ],
	[ q{SELECT evil.run('RESET transaction_read_only'), evil.put()}, '25006' ],
	[ q{SELECT evil.run('SET transaction_read_only TO DEFAULT'), evil.put()}, '25006' ],
	[ q{SELECT evil.run('RESET ALL'), evil.put()}, '25006' ],
	[ q{SELECT evil.try('SET transaction_read_only = off'), evil.put()}, '25006' ],
	[ q{SELECT evil.run('COMMIT')}, '0A000' ],
	[ q{SELECT evil.run('CREATE TEMP TABLE n (a int)')}, '25006' ],
	[ q{SELECT nextval('evil.s')}, '25006' ],
	[ q{SELECT setval('evil.s', 7)}, '25006' ],
	[ 'WITH i AS (INSERT INTO evil.t VALUES (3) RETURNING a) SELECT * FROM i', '25006' ],
	[ 'SELECT * FROM evil.t FOR UPDATE', '25006' ]);
# what the server does not call writing is undone
query('SELECT lo_create(4711)');
query('SELECT pg_current_xact_id()');
is(sql('SELECT (SELECT count(*) FROM evil.t), (SELECT count(*) FROM pg_largeobject_metadata), (SELECT is_called FROM evil.s)'), '0|0|f', 'nothing has changed');

# ---------- the role ----------

rows_are('SELECT current_user, session_user', [ [ 'agent', 'agent' ] ], 'the role of the client');
rows_are('SELECT t FROM secrets', [ ['mine'] ], 'with its policies');
refused('SELECT * FROM secrets', 403, 'code', '42501', 'without privileges', user => 'guest');
refused('SELECT * FROM pg_authid', 403, 'code', '42501', 'no superuser');
refused($_, 403, 'code', '42501', "keeps its role: $_") foreach (
	q{SELECT set_config('role', 'keeper', false)}, q{SELECT set_config('role', NULL, false)},
	q{SELECT set_config('session_authorization', 'postgres', false)},
	map { "SELECT evil.run('$_')" } 'SET ROLE keeper', 'RESET ROLE', 'SET SESSION AUTHORIZATION guest', 'RESET SESSION AUTHORIZATION',
	"COPY (SELECT 1) TO PROGRAM ''true''");
refused(q{SELECT evil.run_as_owner('SET ROLE agent')}, 403, 'code', '42501', 'in a function of a superuser, too');
sql('ALTER ROLE agent SET role = keeper');
sql("ALTER ROLE agent SET transaction_read_only = off; ALTER ROLE agent SET default_transaction_read_only = off; ALTER ROLE agent SET datestyle = 'German'");
rows_are(q{SELECT current_user, evil.try('SELECT evil.put()'), tstzrange('2024-01-01', NULL)}, [ [ 'agent', '25006', '["2024-01-01 00:00:00+00",)' ] ], 'settings of the role do not matter');
sql('ALTER ROLE agent RESET ALL');

# ---------- errors ----------

refused('SELECT * FROM nothing_there', 400, 'code', '42P01', 'no such table');
refused('SELECT 1/0', 400, 'code', '22012', 'an error of data');
refused(q{SELECT evil.run($1)}, 400, 'code', 'P0001', 'an error that somebody raises',
	params => [q{DO $$ BEGIN RAISE 'no' USING DETAIL = 'why', HINT = 'how'; END $$}]);
like(query(q{SELECT evil.run($1)}, params => [q{DO $$ BEGIN RAISE 'no' USING DETAIL = 'why', HINT = 'how'; END $$}])->{content},
	qr/^\{"error":"no","code":"P0001","detail":"why","hint":"how"\}\n$/, 'with detail and hint');
foreach my $case ([ '40P01', 503 ], [ '53100', 503 ], [ '57P03', 503 ], [ '58030', 500 ], [ 'XX001', 500 ], [ '42501', 403 ], [ '23505', 400 ])
{
	$answer = refused(q{SELECT evil.run($1)}, $case->[1], 'code', $case->[0], "SQLSTATE $case->[0]",
		params => ["DO \$\$ BEGIN RAISE 'no' USING ERRCODE = '$case->[0]'; END \$\$"]);
	is($answer->{headers}{'retry-after'}, $case->[1] == 503 ? 1 : undef, 'come again?');
}

# after rows were sent: 1,000 characters a row are enough to send some
my $late = 'SELECT g, repeat($$x$$, 1000), 1 / (200 - g) FROM generate_series(1, 300) g';
my $object = $json->decode(query($late)->{content});
is(scalar @{ $object->{rows} }, 199, 'JSON: the rows before an error');
is("$object->{row_count} $object->{code} $object->{error}", '199 22012 division by zero', 'and the error');
my @lines = map { $json->decode($_) } split /\n/, query($late, args => '?format=ndjson')->{content};
is(scalar @lines, 200, 'JSON lines: the rows before an error');
is("$lines[-1]{code} $lines[-1]{error}", '22012 division by zero', 'and the error');
is(query($late, args => '?format=csv')->{status}, 599, 'CSV breaks off');

# ---------- rows stream ----------

my $holder = session($node, 'postgres');
$holder->run('BEGIN; LOCK TABLE locked;');
my $socket = open_query(q{SELECT g, repeat('x', 100), CASE WHEN g = 2000 THEN evil.run('TABLE locked') END FROM generate_series(1, 3000) g});
like(read_until($socket, qr/\[300,/), qr/\[300,/, 'rows come while the query is running');
is(running(), 1, 'it is');
$holder->run('ROLLBACK;');
like(read_until($socket), qr/"row_count":3000\}/, 'and the rest');

# A slow client holds up its query, and no memory: 200 MB of rows.
sub kilobytes_of
{
	my ($pid) = @_;
	return slurp_file("/proc/$pid/status") =~ /^VmHWM:\s+(\d+)/m ? $1 : die;
}
my $worker = sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'rusts ingest'");
set_and_reload('rusts.ingest_query_rows' => 0);
my $before = kilobytes_of($worker);
$socket = open_query(q{SELECT repeat('x', 1000) FROM generate_series(1, 200000)});
read_until($socket, qr/xxx/);
my ($process) = sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'rusts query'") =~ /(\d+)/;
my $first = kilobytes_of($process);
my ($len, $end, $data, $process_most) = (0, '', '', 0);
while (IO::Select->new($socket)->can_read(PATIENCE) && sysread $socket, $data, 1 << 20)
{
	$len += length $data;
	$end = substr $end . $data, -100;
	$process_most = kilobytes_of($process) if $len < 100_000_000 && -e "/proc/$process/status";
}
cmp_ok($len, '>', 200_000_000, 'a long answer');
like($end, qr/"row_count":200000\}/, 'has come whole');
cmp_ok(kilobytes_of($worker) - $before, '<', 20_000, 'the worker needed no memory for it');
cmp_ok($process_most - $first, '<', 20_000, 'nor did the process of the query');

# ---------- limits ----------

set_and_reload('rusts.ingest_query_rows' => 3, 'rusts.ingest_query_timeout' => '2s');
is(query('SELECT g FROM generate_series(1, 4) g')->{content},
	qq({"columns":[{"name":"g","type":"integer"}],"rows":[[1],[2],[3]],"row_count":3,"truncated":true}\n), 'JSON says that there is more');
is(query('SELECT g FROM generate_series(1, 4) g', args => '?format=ndjson')->{content},
	qq({"g":1}\n{"g":2}\n{"g":3}\n{"truncated":true}\n), 'so do JSON lines');
is(query('SELECT g FROM generate_series(1, 4) g', args => '?format=csv')->{status}, 599, 'CSV breaks off');
is(query('SELECT g FROM generate_series(1, 3) g', args => '?format=csv')->{content}, "g\r\n1\r\n2\r\n3\r\n", 'as many as are allowed are no more');
$answer = refused('SELECT pg_sleep(60)', 504, 'code', '57014', 'a query that takes too long');
is($answer->{headers}{'retry-after'}, undef, 'need not be sent again');
refused(q{SELECT set_config('statement_timeout', '0', false), pg_sleep(60)}, 504, 'code', '57014', 'it cannot take more time');
$object = $json->decode(query(q{SELECT g, CASE WHEN g > 1 THEN pg_sleep(1.5) END FROM generate_series(1, 9) g})->{content});
is($object->{code}, '57014', 'time is up after some rows');
cmp_ok($object->{row_count}, '>', 0, 'which have come');

# ---------- many at a time ----------

set_and_reload('rusts.ingest_query_rows' => 100000, 'rusts.ingest_query_timeout' => '60s');
$holder->run('BEGIN; LOCK TABLE locked;');
my @open = map { open_query('SELECT count(*) FROM locked') } 1 .. 3;
eventually(sub { waiting() == 3 }, 'three queries wait for a lock');
$answer = refused('SELECT 1', 503, 'error', 'too many queries', 'a fourth is one too many');
is($answer->{headers}{'retry-after'}, 1, 'for now');
sql('GRANT CREATE ON SCHEMA public TO agent');
is($http->post(user_url() =~ s{query$}{write?db=x}r, { content => 'mem,host=a free=1' })->{status}, 204, 'points are stored meanwhile');
is(influxql('SHOW DATABASES')->{status}, 200, 'and InfluxQL is answered');
is(sql('SELECT queries FROM rusts.ingest_stats'), 3, 'they are counted');
$holder->run('ROLLBACK;');
like(read_until($_), qr/"rows":\[\[0\]\]/, 'it goes on') foreach @open;
eventually_running(0, 'no process is left');

# one after the other: a process that is about to end does not count
my $good = 0;
$good += query('SELECT 1')->{status} == 200 foreach 1 .. 30;
is($good, 30, 'one query after the other');

# ---------- ends ----------

$socket = open_query('SELECT pg_sleep(60)');
eventually_running(1, 'a query is running');
close $socket;
eventually_running(0, 'and ends when its client has gone');
$socket = open_query('SELECT g, pg_sleep(0.001) FROM generate_series(1, 100000) g');
read_until($socket, qr/\[1,/);
close $socket;
eventually_running(0, 'in the middle of its rows, too');
$socket = open_query('SELECT evil.stubborn()');
eventually_running(1, 'a query that does not want to end');
close $socket;
eventually(sub { query('SELECT 1'); running() == 0 }, 'ends, too');

sub signal_query
{
	my ($function, $sql, $seen, $args) = @_;
	my $open = open_query($sql, $args);
	my $text = $seen ? read_until($open, $seen) : '';

	eventually(sub { sql("SELECT $function(pid) FROM pg_stat_activity WHERE backend_type = 'rusts query' AND wait_event = 'PgSleep'") eq 't' }, $function);
	return $text . read_until($open);
}
my $rows = q{SELECT g, pg_sleep(CASE WHEN g = 2000 THEN 60 ELSE 0 END), repeat('x', 100) FROM generate_series(1, 3000) g};
$answer = signal_query('pg_cancel_backend', 'SELECT pg_sleep(60)');
like($answer, qr/^HTTP\/1.1 503 .*Retry-After: 1.*"code":"57014"/s, 'a query that is cancelled may be sent again');
$answer = signal_query('pg_terminate_backend', 'SELECT pg_sleep(60)');
like($answer, qr/^HTTP\/1.1 503 .*"error":"terminating background worker.*"code":"57P01"/s, 'so may one whose process is ended');
like(signal_query('pg_cancel_backend', $rows, qr/\[300,/), qr/"code":"57014"\}\n\r\n0\r\n\r\n$/, 'cancelled among its rows: JSON to the end');
unlike(signal_query('pg_terminate_backend', $rows, qr/\[300,/), qr/\r\n0\r\n\r\n$/, 'ended among its rows: the connection breaks off');
eventually_running(0, 'no process is left');
sql('ALTER ROLE agent NOLOGIN');
is(query('SELECT 1')->{status}, 403, 'a role that may not log in may not ask');
sql('ALTER ROLE agent LOGIN');

# no process
set_and_reload('rusts.ingest_max_queries' => 3);
sql("ALTER SYSTEM SET rusts.ingest_max_queries = 100");
sql('SELECT pg_reload_conf()');
$holder->run('BEGIN; LOCK TABLE locked;');
@open = ();
eventually(sub { push @open, open_query('SELECT count(*) FROM locked') foreach 1 .. 8; waiting() > 8 }, 'many queries');
push @open, open_query('SELECT count(*) FROM locked') foreach 1 .. 30;
my @texts = map { my $open = $_; sub { read_until($open) } } @open;
eventually(sub { IO::Select->new(@open)->can_read(0) }, 'more than there are processes');
$holder->run('ROLLBACK;');
my @answers = map { $_->() } @texts;
my ($done) = scalar grep { /^HTTP\/1.1 200 .*"rows":\[\[0\]\]/s } @answers;
my ($later) = scalar grep { /^HTTP\/1.1 503 .*Retry-After: 1.*no process is free/s } @answers;
cmp_ok($done, '>', 8, 'are answered');
cmp_ok($later, '>', 0, 'or told to come again');
is($done + $later, scalar @open, 'each of them');
eventually_running(0, 'no process is left');

# the worker ends
$socket = open_query('SELECT evil.stubborn()');
eventually_running(1, 'a query is running');
sql('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = $$rusts ingest$$');
read_until($socket);
eventually_running(0, 'and ends with the worker');
eventually(sub { query('SELECT 1')->{status} == 200 }, 'another worker comes');
my $files = memory_files();
query('SELECT 1'), query('SELECT 1/0'), query('SELECT 1', user => 'guest', body => '') foreach 1 .. 5;
foreach (1 .. 5)
{
	$socket = open_query('SELECT pg_sleep(60)');
	eventually_running(1, 'a query is running');
	close $socket;
	eventually_running(0, 'it is no more');
}
eventually(sub { memory_files() <= $files }, 'no shared memory is left of queries');
unlike(slurp_file($node->logfile), qr/terminated by signal/, 'no process has crashed');

# a crash of a query is one of the server's
$socket = open_query('SELECT pg_sleep(60)');
eventually(sub { sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == 1 }, 'a query is running');
kill 'KILL', sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'rusts query'");
read_until($socket);
eventually(sub { query('SELECT 1')->{status} == 200 }, 'the server comes again after kill -9');

# ---------- another encoding ----------

$node->poll_query_until('postgres', 'SELECT true');
sql(q{CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'});
$node->append_conf('postgresql.conf', "rusts.ingest_database = 'latin'");
$node->restart;
rows_are($json->decode('"SELECT \'ä\', length(\'ä\'), $1::text"'), [ [ "\xe4", 1, "\xfc" ] ], 'a database in LATIN1', params => ["\xfc"]);
refused($json->decode('"SELECT \'€\'"'), 400, 'code', '22P05', 'what it has no character for');
refused($json->decode('"SELECT * FROM \"ü\""'), 400, 'error', $json->decode('"relation \"ü\" does not exist"'), 'its errors');

# ---------- on a standby ----------

$node->adjust_conf('postgresql.conf', 'rusts.ingest_database', "'postgres'");
$node->restart;
$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$port = PostgreSQL::Test::Cluster::get_free_port();
$url = "127.0.0.1:$port";
$standby->append_conf('postgresql.conf', "rusts.ingest_port = $port");
$standby->start;
rows_are('SELECT pg_is_in_recovery(), count(*) FROM cpu', [ [ JSON::PP::true, 3000 ] ], 'a standby answers queries');
refused('SELECT evil.put()', 400, 'code', '25006', 'and changes nothing');

$holder->close;
$standby->stop;
$node->stop;
done_testing();
