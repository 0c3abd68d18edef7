# Changes.pm: what the heap twin does to both tables.
#
# A block is a list of [label, sql] that runs in a transaction of its own and
# is rolled back, so that one refused statement does not part the twins.  A
# block may say that changing a row in a segment may be refused; refusals are
# counted and shown, never passed over.  The history at the end commits.
package Changes;

use strict;
use warnings;

use Exporter 'import';
use Types qw(pick chance rint);
use Tables qw(sql_value quote);
use Statements qw($WHOLE has_big);

our @EXPORT_OK = qw(blocks history);

sub set_list
{
	my ($table, $from) = @_;
	return join ', ', map { "$_->{name} = $from.$_->{name}" }
	  grep { $_->{name} ne 'id' } @{ $table->{columns} };
}

# Copies of rows under new ids, from a heap so that both twins get the same.
sub copies
{
	my ($table, $add, $where) = @_;
	my @columns = map { $_->{name} } @{ $table->{columns} };
	my $list = join ', ', @columns;
	my $select = join ', ', map { $_ eq 'id' ? "id + $add" : $_ } @columns;

	return "INSERT INTO t ($list) SELECT $select FROM twin_heap.source WHERE $where";
}

# What a changing statement returns, in no order.
sub returned
{
	my ($sql) = @_;
	return "WITH r AS ($sql) SELECT count(*), sum(id), min(id) FROM r";
}

sub block
{
	my ($name, $may_refuse, @statements) = @_;
	my $n = 0;

	return { name => $name, may_refuse => $may_refuse, statements => [
		map { ref $_ ? $_ : [ "$name " . ++$n => $_ ] } @statements, $WHOLE ] };
}

sub insert_blocks
{
	my ($table) = @_;
	return (
		block('insert', 0, copies($table, 10000, 'id < 50'), 'SELECT count(*) FROM t WHERE id >= 10000',
			copies($table, 20000, 'id < 3') . ' RETURNING id'),
		block('insert duplicates', 0, copies($table, 0, 'id % 3 = 0'), 'SELECT count(*), count(DISTINCT id) FROM t'),
		block('on conflict do nothing', 0, 'CREATE UNIQUE INDEX ON t (id)',
			copies($table, 0, 'true') . ' ON CONFLICT DO NOTHING',
			copies($table, 5, 'true') . ' ON CONFLICT (id) DO NOTHING RETURNING id'),
		block('on conflict do update', 1, 'CREATE UNIQUE INDEX ON t (id)',
			copies($table, 5, 'id < 60') . q{ ON CONFLICT (id) DO UPDATE SET tag = 'conflict' RETURNING id, tag}),
		block('unique violation', 0, 'CREATE UNIQUE INDEX ON t (id)', copies($table, 0, 'id = 0'), copies($table, 10000, 'id = 0')),
		block('not null violation', 0, 'INSERT INTO t (id) VALUES (1)', 'INSERT INTO t DEFAULT VALUES'),
		block('savepoints', 0, 'SAVEPOINT a', copies($table, 10000, 'id < 20'), 'SAVEPOINT b',
			copies($table, 20000, 'id < 20'), $WHOLE, 'ROLLBACK TO b', $WHOLE,
			copies($table, 30000, 'id < 10'), 'RELEASE a', $WHOLE),
		block('subtransactions', 0, 'DO $$ BEGIN FOR i IN 1 .. 20 LOOP BEGIN ' . copies($table, 10000, 'id < 5')
			  . '; IF i % 2 = 0 THEN RAISE division_by_zero; END IF; EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END $$'),
		block('insert and read by cursor', 0, 'DECLARE c CURSOR FOR SELECT id FROM t ORDER BY id',
			copies($table, 10000, 'id < 20'), 'MOVE 3 FROM c', 'FETCH 3 FROM c', 'SELECT count(*) FROM t'),
		block('returning whole row', 0, copies($table, 10000, 'id < 5') . ' RETURNING md5(t::text)'));
}

# Rows that this transaction wrote are hot: these must always work.
sub hot_blocks
{
	my ($table) = @_;
	my @new = ('SET LOCAL rusts.enable_bulk_write = off', copies($table, 10000, 'id < 40'));

	return (
		block('update hot rows', 0, @new, returned(q{UPDATE t SET tag = 'new' WHERE id >= 10000 RETURNING id}),
			q{UPDATE t SET tag = tag || id WHERE id >= 10000 AND id % 2 = 0}),
		block('delete hot rows', 0, @new, returned('DELETE FROM t WHERE id >= 10000 AND id % 3 = 0 RETURNING id')),
		block('lock hot rows', 0, @new, 'SELECT id FROM t WHERE id >= 10000 ORDER BY id FOR UPDATE',
			'SELECT id FROM t WHERE id >= 10000 ORDER BY id FOR KEY SHARE SKIP LOCKED'),
		block('merge hot rows', 0, @new, 'MERGE INTO t USING (SELECT id + 10000 AS id FROM twin_heap.source WHERE id < 60) s ON t.id = s.id AND t.id >= 10000 WHEN MATCHED AND t.id % 2 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET tag = \'merged\''),
		block('update there and back', 0, @new, 'SAVEPOINT a', q{UPDATE t SET tag = 'x' WHERE id >= 10000}, 'ROLLBACK TO a', $WHOLE));
}

# Any rows: in segments these may be refused until tombstones exist.
sub cold_blocks
{
	my ($table) = @_;
	my $set = set_list($table, 's');

	return (
		block('update', 1, returned(q{UPDATE t SET tag = 'changed' WHERE id % 5 = 0 RETURNING id})),
		block('update all', 1, 'UPDATE t SET id = id + 100000'),
		block('update everything from', 1, "UPDATE t SET $set FROM twin_heap.source s WHERE s.id = t.id + 1"),
		block('delete', 1, 'DELETE FROM t WHERE id % 7 = 1'),
		block('delete all', 1, 'DELETE FROM t'),
		block('delete using', 1, returned('DELETE FROM t USING twin_heap.source s WHERE s.id = t.id AND s.id < 10 RETURNING t.id')),
		block('lock', 1, 'SELECT id FROM t WHERE id < 10 ORDER BY id FOR UPDATE', 'SELECT id FROM t WHERE id < 20 ORDER BY id FOR SHARE'),
		block('where current of', 1, 'DECLARE c CURSOR FOR SELECT * FROM t WHERE id = 3', 'MOVE 1 FROM c', q{UPDATE t SET tag = 'current' WHERE CURRENT OF c}),
		block('merge', 1, q{MERGE INTO t USING twin_heap.source s ON t.id = s.id + 3 WHEN MATCHED THEN UPDATE SET tag = s.tag}),
		block('delete in savepoint', 1, 'SAVEPOINT a', 'DELETE FROM t WHERE id < 100', $WHOLE, 'ROLLBACK TO a'),
		block('delete and insert again', 1, 'DELETE FROM t WHERE id < 30', copies($table, 0, 'id < 30')));
}

sub alter_blocks
{
	my ($table) = @_;
	my $named = $table->{options}{'rusts.time'} || $table->{options}{'rusts.partition_interval'};
	my $column = pick(grep { $_->{name} =~ /^c/ } @{ $table->{columns} });
	my $name = $column->{name};
	my $encoded = ($table->{options}{'rusts.encoding'} // '') =~ /\b$name=/;
	my $later = q{SELECT md5(string_agg(coalesce(added::text, '~'), ' ' ORDER BY id)) FROM t};

	return (
		block('add column', 0, 'ALTER TABLE t ADD COLUMN added int', $later, copies($table, 10000, 'id < 9')),
		block('add column with default', 0, q{ALTER TABLE t ADD COLUMN added text DEFAULT 'filled'}, $later, $WHOLE, q{SELECT count(*) FROM t WHERE added = 'filled'}),
		block('add computed column', 0, 'ALTER TABLE t ADD COLUMN added bigint DEFAULT length(random()::text) * 0 + 7', $later),
		block('add generated column', 0, 'ALTER TABLE t ADD COLUMN added int GENERATED ALWAYS AS (id * 2) STORED', $later, copies($table, 10000, 'id < 9')),
		block('add identity column', 0, 'ALTER TABLE t ADD COLUMN added int GENERATED ALWAYS AS IDENTITY', 'SELECT count(DISTINCT added), min(added), max(added) FROM t', 'ALTER TABLE t DROP COLUMN added'),
		block('drop column', 0, "ALTER TABLE t DROP COLUMN $name", $WHOLE, "ALTER TABLE t ADD COLUMN $name int DEFAULT 3", $WHOLE),
		block('drop tag', 0, 'ALTER TABLE t DROP COLUMN tag', $WHOLE),
		$encoded ? () : block('column to text', 0, "ALTER TABLE t ALTER COLUMN $name TYPE text USING $name\::text"),
		block('id to bigint', 0, 'ALTER TABLE t ALTER COLUMN id TYPE bigint', 'ALTER TABLE t ALTER COLUMN id TYPE int'),
		# a column that an option depends on keeps its type
		$named ? () : block('retype time', 0, 'ALTER TABLE t ALTER COLUMN ts TYPE text'),
		block('rename', 0, "ALTER TABLE t RENAME COLUMN tag TO label", 'SELECT label, count(*) FROM t GROUP BY label ORDER BY label', 'ALTER TABLE t RENAME TO u', 'ALTER TABLE u RENAME TO t'),
		block('not null', 0, 'ALTER TABLE t ALTER COLUMN tag SET NOT NULL', "ALTER TABLE t ALTER COLUMN $name SET NOT NULL"),
		block('check', 0, 'ALTER TABLE t ADD CHECK (id >= 0)', 'ALTER TABLE t ADD CHECK (id < 5)', 'ALTER TABLE t ADD CHECK (id < 6) NOT VALID', copies($table, 10000, 'id < 9')),
		block('primary key', 0, 'ALTER TABLE t ADD PRIMARY KEY (id)', copies($table, 0, 'id < 9'), 'SELECT sum(id) FROM t WHERE id IN (1, 3, 500)'),
		block('foreign key', 0, 'ALTER TABLE t ADD PRIMARY KEY (id)', 'CREATE TABLE child (id int REFERENCES t)', 'INSERT INTO child SELECT id FROM t', 'INSERT INTO child VALUES (-5)'),
		block('storage', 0, "ALTER TABLE t ALTER COLUMN $name SET STORAGE EXTERNAL", copies($table, 10000, 'id < 9')),
		block('statistics', 0, 'ALTER TABLE t ALTER COLUMN tag SET STATISTICS 10', 'ANALYZE t', q{SELECT count(*) > 0 FROM pg_statistic WHERE starelid = 't'::regclass}),
		block('unlogged and back', 0, 'ALTER TABLE t SET UNLOGGED', $WHOLE, 'ALTER TABLE t SET LOGGED'),
		block('to heap and back', 0, 'ALTER TABLE t SET ACCESS METHOD heap', $WHOLE, 'ALTER TABLE t SET ACCESS METHOD :am'),
		block('inherit', 0, 'CREATE TABLE c () INHERITS (t) :using', copies($table, 10000, 'id < 9'), 'SELECT count(*) FROM ONLY t'),
		block('row type', 0, "CREATE FUNCTION f(t) RETURNS int LANGUAGE sql AS 'SELECT (\$1).id'", 'SELECT sum(f(t)) FROM t'),
		block('bitmap', 0, 'CREATE INDEX ON t (id)', 'CREATE INDEX ON t (tag)', 'SET LOCAL enable_seqscan = off', 'SET LOCAL enable_indexscan = off', q{SELECT count(*), sum(id) FROM t WHERE id < 300 OR tag = 'host_1'}, q{SELECT count(*), sum(id) FROM t WHERE id > 100 AND tag = 'host_0'}, copies($table, 10000, 'id < 50'), q{SELECT count(*), sum(id) FROM t WHERE id < 300 OR tag = 'host_1'}, q{SELECT count(*), sum(id) FROM t WHERE id < 10010 AND tag = 'host_0'}, q{SET LOCAL work_mem = '64kB'}, 'SELECT count(*), sum(id) FROM t WHERE id >= 0'),
		block('exclude', 0, 'ALTER TABLE t ADD EXCLUDE USING btree (id WITH =)', copies($table, 0, 'id = 0')));
}

sub copy_blocks
{
	my ($table) = @_;
	my $digest = q{SELECT count(*), md5(string_agg(md5(u::text), '' ORDER BY id)) FROM u};

	return (
		block('create table as', 0, 'CREATE TABLE u :using AS SELECT * FROM t', $digest),
		block('create table as, ordered', 0, 'CREATE TABLE u :using AS SELECT * FROM t ORDER BY ts DESC, id', $digest),
		block('like', 0, 'CREATE TABLE u (LIKE t INCLUDING ALL) :using', 'INSERT INTO u SELECT * FROM t', $digest),
		block('heap from ours', 0, 'CREATE TABLE u USING heap AS SELECT * FROM t', $digest),
		block('materialized view', 0, 'CREATE MATERIALIZED VIEW u :using AS SELECT * FROM t', $digest, copies($table, 10000, 'id < 9'), 'REFRESH MATERIALIZED VIEW u', $digest),
		block('concurrent refresh', 0, 'CREATE MATERIALIZED VIEW u :using AS SELECT * FROM t', 'CREATE UNIQUE INDEX ON u (id)', copies($table, 10000, 'id < 9'), 'REFRESH MATERIALIZED VIEW CONCURRENTLY u', $digest),
		block('temporary', 0, 'CREATE TEMP TABLE u :using AS SELECT * FROM t', $digest, 'INSERT INTO u SELECT * FROM t WHERE id < 10', 'SELECT count(*) FROM u'),
		block('unlogged', 0, 'CREATE UNLOGGED TABLE u :using AS SELECT * FROM t', $digest),
		block('partitioned', 0, 'CREATE TABLE p (LIKE t) PARTITION BY RANGE (id)', 'CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (200) :using', 'CREATE TABLE p2 PARTITION OF p DEFAULT :using', 'INSERT INTO p SELECT * FROM t', 'SELECT count(*), sum(id) FROM p', 'SELECT count(*), sum(id) FROM p1', q{SELECT count(*), min(id) FROM p WHERE id > 150}),
		block('no columns', 0, 'CREATE TABLE u () :using', 'INSERT INTO u SELECT FROM t', 'SELECT count(*) FROM u'),
		block('triggers', 0, 'CREATE TABLE log (id int)', q{CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (new.id); RETURN new; END $$}, 'CREATE TRIGGER a AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()', q{CREATE TRIGGER b BEFORE INSERT ON t FOR EACH ROW WHEN (new.id % 2 = 0) EXECUTE FUNCTION f()}, copies($table, 10000, 'id < 9'), 'SELECT count(*), sum(id) FROM log'),
		block('transition table', 0, 'CREATE TABLE log (n bigint)', q{CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log SELECT count(*) FROM fresh; RETURN NULL; END $$}, 'CREATE TRIGGER a AFTER INSERT ON t REFERENCING NEW TABLE AS fresh EXECUTE FUNCTION f()', copies($table, 10000, 'true'), 'TABLE log'),
		block('row security', 0, 'ALTER TABLE t ENABLE ROW LEVEL SECURITY', 'CREATE POLICY p ON t USING (id % 2 = 0)', 'GRANT ALL ON t TO twin_reader', 'GRANT USAGE ON SCHEMA twin_heap, twin_rusts TO twin_reader', 'SET LOCAL ROLE twin_reader', 'SELECT count(*), min(id), max(id) FROM t', 'SELECT count(*) FROM t WHERE tag IS NULL', 'RESET ROLE'),
		block('prepared', 0, 'PREPARE q (int) AS SELECT count(*), sum(id) FROM t WHERE id < $1', map({ "EXECUTE q ($_)" } 1, 5, 10, 100, 200, 1000, 5000), copies($table, 0, 'id < 5'), 'EXECUTE q (50)', 'DEALLOCATE q'),
		block('truncate', 0, 'TRUNCATE t', $WHOLE, copies($table, 0, 'id < 100'), $WHOLE),
		block('truncate in savepoint', 0, copies($table, 10000, 'id < 9'), 'SAVEPOINT a', 'TRUNCATE t', copies($table, 0, 'id < 9'), $WHOLE, 'ROLLBACK TO a'),
		block('drop in savepoint', 0, 'SAVEPOINT a', 'DROP TABLE t', 'ROLLBACK TO a'),
		block('cluster', 0, 'CREATE INDEX t_ts ON t (ts)', 'CLUSTER t USING t_ts'));
}

sub blocks
{
	my ($table) = @_;
	return (insert_blocks($table), hot_blocks($table), cold_blocks($table), alter_blocks($table), copy_blocks($table));
}

# What commits, in order: each step sees what the steps before it left.  Rows
# are deleted by the transaction that wrote them, so that they are still hot.
sub history
{
	my ($table) = @_;
	my @steps = (
		'CREATE INDEX h_id ON t (id)', 'CREATE INDEX h_ts ON t (ts, id)',
		copies($table, 10000, 'id < 300'), 'FLUSH', 'BEGIN', 'SET LOCAL rusts.enable_bulk_write = off', copies($table, 20000, 'id % 4 = 0'),
		q{DELETE FROM t WHERE id >= 20000 AND id % 8 = 0}, 'COMMIT', 'VACUUM t', 'FLUSH', 'VACUUM (FREEZE, ANALYZE) t',
		q{ALTER TABLE t ADD COLUMN h1 int DEFAULT 11}, copies($table, 30000, 'id < 50'),
		'ALTER TABLE t DROP COLUMN tag', 'VACUUM FULL t', 'FLUSH', 'ALTER TABLE t ALTER COLUMN h1 TYPE text', 'CLUSTER t USING h_ts',
		'REINDEX TABLE CONCURRENTLY t', 'ALTER TABLE t SET ACCESS METHOD heap', 'ALTER TABLE t SET ACCESS METHOD :am', 'FLUSH',
		'TRUNCATE t', 'INSERT INTO t (id, ts) SELECT id, ts FROM twin_heap.source', 'FLUSH', 'VACUUM t');
	my @history;
	my $n = 0;

	foreach my $step (@steps)
	{
		$n++;
		push @history, [ "history $n" => $step ], [ "after history $n" => $WHOLE ],
		  [ "by index after history $n" => 'SELECT count(*), sum(id), min(ts) IS NULL FROM t WHERE id BETWEEN 2 AND 10100' ];
	}
	return @history;
}

1;
