# Points that come over HTTP become rows: new tables and columns, tables that
# are there already, with all that PostgreSQL's tables have, and lines that
# cannot be stored while the rest of the batch is.
use strict;
use warnings;

use HTTP::Tiny;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use RustsTest;

my $port = PostgreSQL::Test::Cluster::get_free_port();
my $node = new_node('ingest');
$node->append_conf('postgresql.conf', <<"CONF");
rusts.ingest_port = $port
rusts.ingest_listen_addresses = '127.0.0.1'
TimeZone = 'UTC'
CONF
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION rusts;
CREATE ROLE writer LOGIN PASSWORD 'secret';
CREATE ROLE guest LOGIN PASSWORD 'secret';
GRANT CREATE, USAGE ON SCHEMA public TO writer;
SQL

my $http = HTTP::Tiny->new(timeout => 60);

sub post
{
	my ($lines, %options) = @_;
	my $user = $options{user} || 'writer';
	my $path = $options{path} || '/write?db=x';
	my $answer;

	# the worker may still be starting
	foreach (1 .. 100)
	{
		$answer = $http->post("http://$user:secret\@127.0.0.1:$port$path", { content => $lines });
		last if $answer->{status} != 599;
		select undef, undef, undef, 0.1;
	}
	return $answer;
}

sub status_is
{
	my ($lines, $status, $label, %options) = @_;
	my $answer = post($lines, %options);
	is($answer->{status}, $status, $label) or diag $answer->{content};
	return $answer->{content};
}

sub rows_are
{
	my ($query, $expected, $label) = @_;
	is($node->safe_psql('postgres', $query), $expected, $label);
}

# ---------- new tables and columns ----------

status_is(qq{cpu,host=a,region=eu usage=58.13,cores=4i,up=t,note="x y",big=7u 1704067200123456789\n},
	204, 'a new measurement');
rows_are(
	"SELECT time, host, region, usage, cores, up, note, big FROM cpu",
	'2024-01-01 00:00:00.123456+00|a|eu|58.13|4|t|x y|7', 'its point');
rows_are(
	"SELECT string_agg(attname || ' ' || format_type(atttypid, NULL) || CASE WHEN attnotnull THEN ' not null' ELSE '' END, ', ' ORDER BY attnum)
	FROM pg_attribute WHERE attrelid = 'cpu'::regclass AND attnum > 0",
	'time timestamp with time zone not null, host text, region text, usage double precision, cores bigint, up boolean, note text, big bigint',
	'its columns');
rows_are("SELECT tags, amname, pg_get_userbyid(relowner) FROM rusts.tables t, pg_class c, pg_am a
	WHERE t.relation = 'cpu'::regclass AND c.oid = 'cpu'::regclass AND a.oid = relam",
	'host,region|rusts|writer', 'a rusts table with tags, of the role that wrote');

status_is("cpu,host=b,rack=r1 usage=1,temp=2 1704067201\n", 204, 'a new tag and a new field', path => '/write?db=x&precision=s');
rows_are("SELECT time, host, region, rack, usage, temp FROM cpu WHERE host = 'b'",
	'2024-01-01 00:00:01+00|b||r1|1|2', 'the point');
rows_are("SELECT tags FROM rusts.tables WHERE relation = 'cpu'::regclass", 'host,region,rack', 'the tags');

my $long = 'n' x 70;
status_is(qq{$long,${long}t=1 ${long}a=1,${long}b=2,xmin=3,Aa=4,aa=5,a\\ b=6 1\nLongish f=1 1\nlongish f=2 1\n},
	204, 'names that are long, system columns, in upper case, with spaces');
rows_are("SELECT count(*), count(DISTINCT relname) FROM pg_class WHERE relname ~ '^n{46}_[0-9a-f]{16}\$'", '1|1', 'a long name is cut');
rows_are("SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
	WHERE relname ~ '^n{46}_' AND attnum > 0", '8', 'columns of their own');
rows_are(qq{SELECT (SELECT f FROM "Longish"), (SELECT f FROM longish)}, '1|2', 'case counts');

# ---------- lines that cannot be stored ----------

my $content = status_is("cpu,host=a usage=1 1\ncpu,host=a\ncpu,host=a usage=2 2\n", 400, 'a line that is none');
like($content, qr/^\{"error":"partial write: unable to parse 'cpu,host=a': .* \(line 2\) dropped=1"\}/, 'which one and why');
rows_are("SELECT count(*) FROM cpu WHERE time < '1980-01-01'", '2', 'the others are there');
$content = status_is("cpu,host=a usage=1i 3\ncpu usage=3 3", 400, 'a field of another type');
is($content, qq({"error":"partial write: field type conflict: input field \\"usage\\" on measurement \\"cpu\\" is type integer, already exists as type float dropped=1"}),
	'as InfluxDB says it');
$content = status_is("cpu,host=a usage=1i 3\ncpu usage=4 4", 422, 'the same with the API of 2.x', path => '/api/v2/write?bucket=b&org=o');
like($content, qr/^\{"code":"unprocessable entity","message":"partial write: field type conflict/, 'as InfluxDB 2 says it');
status_is("cpu host=\"a\" 5\ncpu,usage=1 f=1 5\ncpu,time=1 f=1 5\ncpu time=1 5\ncpu big=18446744073709551615u 5\ncpu usage=5,time=1 5", 400,
	'fields and tags that cannot be');
rows_are("SELECT count(*), min(time) FROM cpu WHERE usage = 5", '1|1970-01-01 00:00:00+00', 'a field called time is left out');
status_is("cpu,host=\xff usage=1 6\ncpu,host=\xc3\xa9 usage=6 6\ncpu note=\"a\0b\" 6", 400, 'text that is no UTF-8');
rows_are("SELECT host FROM cpu WHERE usage = 6", "\xc3\xa9", 'and text that is');

rows_are("SELECT kind, line, measurement, text FROM rusts.ingest_errors WHERE reason ~ 'is type integer' ORDER BY at LIMIT 1",
	'type|1|cpu|cpu,host=a usage=1i 3', 'rusts.ingest_errors');
rows_are("SELECT rejected = rejected_syntax + rejected_type + rejected_schema, rejected_syntax, rejected_type > 3, lines - rejected = points, rounded_timestamps > 0
	FROM rusts.ingest_stats", 't|3|t|t|t', 'rusts.ingest_stats');

# ---------- tables that are there already ----------

$node->safe_psql('postgres', <<'SQL');
CREATE TABLE plain (ts timestamptz NOT NULL, host varchar(3), n int, s smallint, r real, d numeric(6, 2),
	j jsonb, at timestamp DEFAULT '2020-01-01', id bigint GENERATED ALWAYS AS IDENTITY, twice int GENERATED ALWAYS AS (n * 2) STORED,
	CHECK (n < 100));
CREATE TABLE audit (who name, session name, n int);
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.n = 13 THEN
		RAISE EXCEPTION 'not thirteen';
	END IF;
	INSERT INTO audit VALUES (current_user, session_user, NEW.n);
	RETURN NEW;
END $$;
CREATE TRIGGER audit BEFORE INSERT ON plain FOR EACH ROW EXECUTE FUNCTION audit();
GRANT INSERT, SELECT ON plain, audit TO writer;

CREATE TABLE parent (time timestamptz NOT NULL, host text, f float8) PARTITION BY RANGE (time);
CREATE TABLE parent_1 PARTITION OF parent FOR VALUES FROM ('1970-01-01') TO ('1970-01-02');
CREATE VIEW seen AS SELECT time, host, f FROM parent;
CREATE TABLE secured (time timestamptz NOT NULL, host text, owner name DEFAULT current_user, f float8) USING rusts;
ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON secured USING (owner = current_user) WITH CHECK (host <> 'forbidden');
CREATE TABLE refers (time timestamptz NOT NULL, host text PRIMARY KEY);
INSERT INTO refers VALUES (now(), 'known');
CREATE TABLE referring (time timestamptz NOT NULL, host text REFERENCES refers DEFERRABLE INITIALLY DEFERRED, f float8) USING rusts;
CREATE TABLE exact (time bigint NOT NULL, host text, f float8) USING rusts WITH (rusts.time = 'time', rusts.tags = 'host');
GRANT INSERT, SELECT ON parent, seen, secured, refers, referring, exact TO writer;
CREATE ROLE nobody_in_particular;
SQL

$node->safe_psql('postgres', 'CREATE TABLE required (time timestamptz NOT NULL, host text NOT NULL, d text NOT NULL DEFAULT 1, f float8); GRANT INSERT ON required TO writer');
$content = status_is("required f=1 1\nrequired,host=a f=2 1\n", 400, 'a column that must have a value');
like($content, qr/null value in column .*host.* of relation .*required.* violates not-null constraint \(line 1\) dropped=1/, 'says which');

$node->safe_psql('postgres', 'CREATE TABLE checked (time timestamptz NOT NULL, f float8 CHECK (f < 500)) USING rusts; CREATE INDEX ON checked (f); GRANT INSERT ON checked TO writer');
$content = status_is(join('', map { "checked f=$_ $_\n" } 0 .. 999), 400, 'a check that half of the lines fail');
like($content, qr/violates check constraint .* \(line 501\) dropped=500/, 'counted, and the first one named');
rows_are('SELECT count(*), max(f) FROM checked', '500|499', 'the others are there');

$content = status_is(<<'LINES', 400, 'a heap with a trigger, a check, an identity, a generated column and other types');
plain,host=abc n=1i,s=2i,r=1.5,d=3.14159,j="{\"a\": 1}" 1000000000
plain,host=abcd n=2i 2000000000
plain n=13i 3000000000
plain n=100i 4000000000
plain n=3i,s=40000i 5000000000
plain n=4i,j="{" 6000000000
plain n=5i,d=7i,at="2021-01-01" 7000000000
plain n=6i,twice=1i 8000000000
plain n=2.5 9000000000
LINES
like($content, qr/unable to write 'plain,host=abcd n=2i 2000000000': value too long for type character varying\(3\) \(line 2\) dropped=7/, 'which lines');
rows_are("SELECT ts, host, n, s, r, d, j, at, twice FROM plain ORDER BY ts",
	"1970-01-01 00:00:01+00|abc|1|2|1.5|3.14|{\"a\": 1}|2020-01-01 00:00:00|2\n"
	  . "1970-01-01 00:00:07+00||5|||7.00||2021-01-01 00:00:00|10", 'the rows');
rows_are("SELECT DISTINCT who, session FROM audit", 'writer|writer', 'as the role, in a session of the role');

status_is("parent,host=a f=1 1\nparent,host=a f=2 1704067200000000000\nseen,host=b f=3 1\n", 400, 'partitions and a view');
rows_are("SELECT string_agg(host || f, ' ' ORDER BY f) FROM parent", 'a1 b3', 'rows of a partition');
status_is("secured,host=a f=1 1\nsecured,host=forbidden f=2 1\nsecured,host=c f=3 1\n", 400, 'row-level security');
rows_are("SELECT string_agg(host || owner || f, ' ' ORDER BY f) FROM secured", 'awriter1 cwriter3', 'defaults, and rows that may be');
status_is("referring,host=known f=1 1\nreferring,host=unknown f=2 1\nreferring f=3 1\n", 400, 'a deferred foreign key');
rows_are("SELECT string_agg(coalesce(host, '~') || f, ' ' ORDER BY f) FROM referring", 'known1 ~3', 'rows that refer to something');
status_is("exact,host=a f=1 1704067200123456789", 204, 'a bigint for the time');
rows_are("SELECT time FROM exact", '1704067200123456789', 'holds nanoseconds');

# ---------- points that are there already ----------

$node->safe_psql('postgres', <<'SQL');
CREATE TABLE keyed (time timestamptz NOT NULL, host text NOT NULL, a float8, b float8, PRIMARY KEY (host, time))
	USING rusts WITH (rusts.tags = 'host');
ALTER TABLE keyed OWNER TO writer;
SQL
status_is("keyed,host=a a=1 1000\nkeyed,host=b a=1 1000\n", 204, 'points');
$node->safe_psql('postgres', "SELECT rusts.flush('keyed')");
status_is("keyed,host=a b=2 1000\nkeyed,host=b a=3,b=4 1000\nkeyed,host=b b=5 1000\nkeyed,host=c a=9 1000\n", 204, 'the same and more, twice in one batch');
rows_are("SELECT host, a, b FROM keyed ORDER BY host", "a|1|2\nb|3|5\nc|9|", 'field by field, the last wins');

$node->safe_psql('postgres', "ALTER SYSTEM SET rusts.ingest_unique = on");
$node->reload;
$node->poll_query_until('postgres', "SELECT setting = 'on' FROM pg_settings WHERE name = 'rusts.ingest_unique'");
ok(eventually(sub { my $n = 'u' . int(rand(1e9)); post("$n,t=1 f=1 1\n"); $node->safe_psql('postgres', "SELECT count(*) FROM pg_index WHERE indrelid = '$n'::regclass AND indisunique") eq '1' }),
	'rusts.ingest_unique makes an index');
status_is("again,t=1 f=1 1000\nagain f=2 1000\n", 204, 'points');
status_is("again,t=1 g=3 1000\nagain f=4 1000\nagain,u=1 f=5 1000\n", 204, 'again, and with a new tag');
rows_are("SELECT t, u, f, g FROM again ORDER BY f", "1||1|3\n||4|\n|1|5|", 'one row each, and the new tag is another series');

sub eventually
{
	my ($true) = @_;
	foreach (1 .. 50)
	{
		return 1 if $true->();
		select undef, undef, undef, 0.1;
	}
	return 0;
}

# ---------- who may ----------

$content = status_is("cpu,host=a usage=1 1\n", 403, 'no privilege on the table', user => 'guest');
like($content, qr/permission denied for table cpu/, 'as PostgreSQL says it');
status_is("fresh f=1 1\n", 403, 'none to make one', user => 'guest');
$node->safe_psql('postgres', "GRANT INSERT ON cpu TO guest");
status_is("cpu,host=guest usage=1 1\n", 204, 'granted', user => 'guest');
status_is("cpu,host=guest usage=1,brandnew=1 1\ncpu,host=guest usage=2 2", 400, 'a column needs the owner', user => 'guest');
rows_are("SELECT count(*) FROM cpu WHERE host = 'guest'", '2', 'the other line is there');

$node->safe_psql('postgres', "ALTER SYSTEM SET rusts.ingest_auto_create = off");
$node->reload;
ok(eventually(sub { post("nothere" . int(rand(1e9)) . " f=1 1\n")->{status} == 400 }), 'rusts.ingest_auto_create off');
like(post("cpu,host=a usage=1 1\ncpu,host=a lacking=1 1\n")->{content}, qr/has no column .*lacking.* dropped=1/, 'no new columns either');

# ---------- what others do meanwhile ----------

my $session = session($node);
ok($session->run('BEGIN; LOCK TABLE cpu;'), 'a session locks a table') or diag $session->{error};
my $locked = post("cpu,host=a usage=1 1\n");
is($locked->{status}, 503, 'a table that is locked') or diag $locked->{content};
is($locked->{headers}{'retry-after'}, 1, 'come again');
$session->run('COMMIT;');
status_is("cpu,host=a usage=1 1\n", 204, 'and again it is');

$node->stop;
done_testing();
