# Roles share the ingest worker, and nothing else: what one leaves behind in the
# session does not reach the next, and none does more than it may.  What tables
# have that a plain insert would pass over is honoured.  Databases of other
# encodings have the text that was sent.
use strict;
use warnings;
use utf8;

use Encode qw(encode);
use MIME::Base64;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use IngestTest;
use RustsTest;

my $node = ingest_node('roles', <<'CONF');
rusts.ingest_lock_timeout = 60s
TimeZone = 'UTC'
CONF
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE other LOGIN PASSWORD 'secret';
CREATE ROLE guest LOGIN PASSWORD 'secret';
GRANT USAGE, CREATE ON SCHEMA public TO other;
SQL

sub write_as
{
	my ($user, $lines) = @_;

	return request('POST', '/write', encode('UTF-8', $lines),
		Authorization => 'Basic ' . encode_base64("$user:secret", ''));
}

sub status_is
{
	my ($user, $lines, $status, $label, $server) = @_;
	my $answer = ask(http_port($server // $node), write_as($user, $lines));

	is($answer->{status}, $status, $label) or diag $answer->{body};
	return $answer->{body};
}

sub value_is
{
	my ($query, $expected, $label, $server) = @_;
	is(($server // $node)->safe_psql('postgres', $query), $expected, $label);
}

sub as_role
{
	my ($role, $sql) = @_;
	$node->safe_psql('postgres', "SET SESSION AUTHORIZATION $role; $sql");
}

# ---------- what a role leaves behind ----------

status_is('agent', 'a f=1 1', 204, 'a table of one role');
status_is('other', 'b f=1,s="" 1', 204, 'a table of another');
as_role('agent', <<'SQL');
CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('search_path', 'elsewhere, public', false), set_config('work_mem', '64kB', false),
		set_config('own.thing', 'x', false), pg_advisory_lock(42);
	CREATE TEMP TABLE b (x int);
	CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
	EXECUTE 'PREPARE left_behind AS SELECT 1';
	EXECUTE 'DECLARE left_open CURSOR WITH HOLD FOR SELECT 1';
	IF NEW.f = 3 THEN RAISE EXCEPTION 'three'; END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER leave BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION leave();
SQL
as_role('other', <<'SQL');
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.s = concat_ws('|', current_setting('search_path'), current_setting('work_mem'), current_setting('own.thing', true),
		(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'), (SELECT count(*) FROM pg_prepared_statements),
		(SELECT count(*) FROM pg_cursors WHERE is_holdable),
		(SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()), current_user, session_user);
	RETURN NEW;
END $$;
CREATE TRIGGER look BEFORE INSERT ON b FOR EACH ROW EXECUTE FUNCTION look();
SQL
my $clean = '"$user", public|4MB||0|0|0|0|other|other';
status_is('agent', 'a f=2 2', 204, 'a trigger that leaves much behind');
status_is('other', 'b f=2 2', 204, 'one that looks');
value_is('SELECT s FROM b WHERE f = 2', $clean, 'there is nothing, after a commit');
status_is('agent', 'a f=3 3', 400, 'a trigger that fails when it has left all that');
status_is('other', 'b f=3 3', 204, 'one that looks');
value_is('SELECT s FROM b WHERE f = 3', $clean, 'there is nothing, after an abort');
status_is('agent', 'a f=4 4', 204, 'and the first can do it again');

# ---------- what a role may ----------

$node->safe_psql('postgres', 'CREATE TABLE granted (time timestamptz NOT NULL, f float8); GRANT INSERT ON granted TO guest, PUBLIC');
status_is('guest', 'granted f=1 1', 204, 'a table that a role may write to');
$node->safe_psql('postgres', 'REVOKE USAGE ON SCHEMA public FROM PUBLIC');
my $body = status_is('guest', 'granted f=2 2', 403, 'not without its schema');
like($body, qr/permission denied for schema public/, 'and why');
$node->safe_psql('postgres', 'GRANT USAGE ON SCHEMA public TO PUBLIC');

$node->safe_psql('postgres', <<'SQL');
CREATE ROLE may_connect;
REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;
GRANT CONNECT ON DATABASE postgres TO may_connect;
GRANT may_connect TO guest;
SQL
status_is('guest', 'granted f=3 3', 204, 'CONNECT by way of a group');
$node->safe_psql('postgres', 'REVOKE may_connect FROM guest');
status_is('guest', 'granted f=4 4', 403, 'not when it has left the group');
$node->safe_psql('postgres', 'GRANT CONNECT ON DATABASE postgres TO PUBLIC');

{
	my $session = session($node);
	my $socket = connect_to(http_port($node));

	ok($session->run('BEGIN; LOCK TABLE granted;'), 'a table is locked');
	send_all($socket, write_as('guest', 'granted f=5 5'));
	eventually(sub { $node->safe_psql('postgres', 'SELECT sum(queue_bytes) FROM rusts.ingest_stats') > 0 }, 'a write waits for a lock');
	ok($session->run('REVOKE INSERT ON granted FROM guest; DROP ROLE guest; COMMIT;'), 'and unlocked');
	is(read_answer($socket)->{status}, 403, 'its role is dropped meanwhile');
	value_is('SELECT count(*) FROM granted WHERE f = 5', 0, 'PUBLIC may, but a role that is gone writes nothing');
}

# ---------- what tables have ----------

$node->safe_psql('postgres', <<'SQL');
CREATE DOMAIN seven AS int DEFAULT 7;
CREATE DOMAIN never_null AS text NOT NULL;
CREATE TABLE with_default (time timestamptz NOT NULL, f float8, d seven);
CREATE TABLE with_domain (time timestamptz NOT NULL, f float8, d never_null);
CREATE TABLE seconds (time timestamptz(0) NOT NULL, f float8);
CREATE TABLE numbered (id bigserial, time timestamptz NOT NULL, f float8, PRIMARY KEY (id, time));
CREATE TABLE identified (id bigint GENERATED ALWAYS AS IDENTITY, time timestamptz NOT NULL, f float8, PRIMARY KEY (time, id));
CREATE TABLE book (time timestamptz NOT NULL, f float8 UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE kept (time timestamptz NOT NULL, f float8);
CREATE FUNCTION keep_book() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO book VALUES (NEW.time, NEW.f); RETURN NEW; END $$;
CREATE TRIGGER keep_book BEFORE INSERT ON kept FOR EACH ROW EXECUTE FUNCTION keep_book();
CREATE TYPE mood AS ENUM ('good', 'bad');
GRANT INSERT, SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO agent;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO agent;
SQL
status_is('agent', 'with_default f=1 1', 204, 'a domain with a default');
value_is('SELECT d FROM with_default', 7, 'which the row has');
status_is('agent', 'with_domain f=1 1', 400, 'a domain that is never NULL');
status_is('agent', 'with_domain f=2,d="x" 1', 204, 'and a value for it');
status_is('agent', 'seconds f=1 1700000000700000000', 204, 'a time of whole seconds');
value_is('SELECT time FROM seconds', '2023-11-14 22:13:21+00', 'is rounded as by INSERT');
status_is('agent', "numbered f=1 1\nnumbered f=2 1\n", 204, 'a key with a default of its own');
value_is('SELECT count(*), count(DISTINCT id) FROM numbered', '2|2', 'which is used');
status_is('agent', "identified f=1 1\nidentified f=2 1\n", 204, 'a key that is generated');
$body = status_is('agent', "kept f=1 1\nkept f=2 2\nkept f=1 3\n", 400, 'a deferred constraint of a table that a trigger writes to');
like($body, qr/unique.*\(line 3\) dropped=1/, 'costs the line that breaks it');
value_is('SELECT count(*) FROM kept', 2, 'and no other');
$body = status_is('agent', "mood f=1 1\nafter f=1 1\n", 400, 'a measurement with the name of a type');
like($body, qr/type \\"mood\\" already exists \(line 1\) dropped=1/, 'costs its own lines');
value_is('SELECT count(*) FROM after', 1, 'and no others');

$body = status_is('agent', "fresh,time=1 f=1 1\nfresh f=2 2\nempty time=1 1\n", 400, 'a new measurement with a tag called time');
like($body, qr/invalid tag key: .* \(line 1\) dropped=2/, 'costs that line');
value_is("SELECT count(*), to_regclass('empty') FROM fresh", '1|', 'what is refused makes no table');
$node->safe_psql('postgres', 'CREATE TABLE short (time timestamptz, n name, c "char"); GRANT INSERT ON short TO agent');
$body = status_is('agent', 'short n="' . 'n' x 64 . "\" 1\nshort c=\"ab\" 2\nshort n=\"" . 'n' x 63 . '",c="a" 3', 400, 'types that cut');
like($body, qr/out of range for type name \(line 1\) dropped=2/, 'do not get what they would cut');

$body = status_is('agent', join('', map { "narrow f$_=$_ $_\n" } 1 .. 2000), 400, 'more fields than a table has room for');
like($body, qr/tables can have at most 1600 columns \(line 1600\) dropped=401/, 'as many as there is room for are stored');
value_is('SELECT count(*), max(f1599) FROM narrow', '1599|1599', 'in the order of their lines');
status_is('agent', "narrow f1=1,x1=1,x2=1 3000\nnarrow f1=1 3000\n", 400, 'a line that needs one more');
value_is("SELECT count(*) FROM narrow WHERE time = to_timestamp(0) + interval '3 us'", 1, 'costs itself');

$node->safe_psql('postgres', 'CREATE TABLE by_time (time timestamptz PRIMARY KEY, host text, f float8); GRANT INSERT, SELECT, UPDATE ON by_time TO agent');
status_is('agent', "by_time f=1 1\nby_time f=2 1\n", 204, 'a key that is the time: a point that comes again');
status_is('agent', "by_time,host=a f=3 1000\n", 204, 'and one with a tag');
$body = status_is('agent', "by_time,host=b f=4 1000\nby_time,host=b f=5 2000\n", 400, 'a point of another series in its place');
like($body, qr/duplicate key .* \(line 1\) dropped=1/, 'does not replace it');
value_is('SELECT string_agg(f::text, \' \' ORDER BY time) FROM by_time', '2 3 5', 'all are there');

# Indexes that keep something between rows, and rows that fail in between.
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE indexed (time timestamptz NOT NULL, f float8, g float8 UNIQUE);
CREATE INDEX ON indexed USING brin (time);
CREATE INDEX ON indexed USING hash (f);
CREATE TABLE indexed_rusts (time timestamptz NOT NULL, f float8, g float8 UNIQUE) USING rusts;
CREATE INDEX ON indexed_rusts USING hash (f);
GRANT INSERT, SELECT ON indexed, indexed_rusts TO agent;
SQL
foreach my $table ('indexed', 'indexed_rusts')
{
	$body = status_is('agent', join('', map { "$table f=$_,g=" . ($_ % 100 == 50 ? 0 : $_) . " $_\n" } 0 .. 999), 400, "$table: every hundredth line fails");
	like($body, qr/dropped=10"/, 'those and no others');
	value_is("SELECT count(*), sum(f) FROM $table", '990|494500', 'the others are there');
	value_is("SET enable_seqscan = off; SELECT count(*) FROM $table WHERE time >= '1970-01-01'", '990', 'and in the index');
}

# ---------- other encodings ----------

my $latin1 = ingest_node('latin1', '', extra => [ '--encoding', 'LATIN1', '--locale', 'C' ]);
$body = status_is('agent', qq(café,ort=Köln f=1,s="naïve" 1\ncafé s="€" 2\n# €\ncafé s="\n€" 3\ncafé f=2 4\n€ f=1 5\n), 400,
	'LATIN1: three lines with what it lacks', $latin1);
like($body, qr/text is not valid in the encoding of the database \(line 2\) dropped=3"/, 'are refused');
like($body, qr/caf\xc3\xa9 s=/, 'the answer is UTF-8');
value_is("SET client_encoding = LATIN1; SELECT f, ort, length(ort), s FROM caf\xe9 ORDER BY time",
	"1|K\xf6ln|4|na\xefve\n2|||", 'characters are what they were', $latin1);
value_is("SET client_encoding = LATIN1; SELECT count(*), count(DISTINCT line) FROM rusts.ingest_errors WHERE text ~ '[?]' AND reason ~ 'encoding'",
	'3|3', 'the lines are kept', $latin1);
my $many = join '', map { 'größe,ort=Köln f=' . $_ . ',s="' . 'é' x ($_ % 7) . ($_ % 1000 == 999 ? '€' : '') . "\" $_\n" } 0 .. 9999;
status_is('agent', $many, 400, 'a longer body', $latin1);
value_is("SET client_encoding = LATIN1; SELECT count(*), sum(length(s)), count(DISTINCT ort) FROM gr\xf6\xdfe", '9990|29961|1', 'is all there', $latin1);

my $ascii = ingest_node('ascii', '', extra => [ '--encoding', 'SQL_ASCII', '--locale', 'C' ]);
status_is('agent', "café f=1 1\n", 204, 'SQL_ASCII takes bytes', $ascii);
is(ask(http_port($ascii), request('POST', '/write', "x,h=\xe9 f=1 1\n"))->{status}, 400, 'if they are UTF-8');

done_testing();
