# Corners.pm: where a part of a query means something unusual to those around
# it, for the query twin.
#
#   correlated($case)      guards whose operand comes from an outer query, anew
#                          for each of its rows
#   set_returning($case)   targets that make several rows of one, or none, below
#                          a LIMIT
#   typed($case)           domains and collations, also one in which different
#                          texts are equal
#   stacked($case)         windows, grouping and DISTINCT on top of each other
#   flushed($case)         rows that move to segments while a cursor is open or
#                          between executions
package Corners;

use strict;
use warnings;

use Exporter 'import';
use Types qw(pick chance rint);
use Expressions qw(number condition aggregate bucket host_name instant some_of);
use Guards qw(guarded_condition);

our @EXPORT_OK = qw(correlated set_returning typed stacked flushed);

sub order { return pick('ts DESC, host', 'ts, host', 'id DESC', 'host, ts', 'host, ts DESC'); }

sub correlated
{
	my ($case) = @_;
	my $condition = guarded_condition($case, 'parameter') =~ s/\bP\b/k.n/gr;
	my @values = $condition =~ /k\.n (?:~|<> '')/ ? ("(''::text)", "('none')", "('7')", "('12')", '(NULL)') : ('(0)', '(2)', '(NULL::int)', '(-3)', '(7)', '(50)');
	my $from = '(VALUES ' . join(', ', @values) . ') k(n)';
	my $inner = pick("SELECT count(*) FROM t WHERE $condition", "SELECT max(id) FROM t WHERE $condition", "SELECT sum(u) FROM t WHERE i2 = 1 AND $condition", "SELECT count(*) FILTER (WHERE $condition) FROM t", "SELECT id FROM t WHERE $condition ORDER BY " . order() . ' LIMIT 1',
		"SELECT count(*) FROM (SELECT host FROM t WHERE $condition GROUP BY host) g");

	return { raises => 2, sql => pick("SELECT k.n, ($inner) FROM $from", "SELECT k.n, q.* FROM $from LEFT JOIN LATERAL ($inner) q ON true", "SELECT count(*) FROM $from WHERE EXISTS (SELECT FROM t WHERE t.id < 50 AND $condition)", "SELECT k.n, h.host, q.c FROM $from CROSS JOIN hosts h, LATERAL (SELECT count(*) AS c FROM t WHERE t.host = h.host AND $condition) q") };
}

sub set_returning
{
	my ($case) = @_;
	my $where = pick('', ' WHERE ' . condition($case, 0), ' WHERE host = ' . host_name($case));
	my $limit = pick('', ' LIMIT 10', ' LIMIT 1', ' LIMIT 50 OFFSET 3', ' LIMIT 1500');
	my $set = pick('generate_series(1, i2)', 'generate_series(1, i2 - 3)', 'unnest(ar)', "unnest(ARRAY[u, v])", "regexp_split_to_table(s, '')", 'generate_series(3, i2)', "(jsonb_each(j)).key");

	return pick("SELECT id, ts, host, $set FROM t$where ORDER BY " . order() . ', 4' . $limit, "SELECT id, ts, host, $set FROM t$where ORDER BY " . order() . ($set =~ /unnest|generate/ ? $limit : ', 4'), "SELECT $set, count(*) FROM t$where GROUP BY 1", "SELECT host, unnest(array_agg(i2 ORDER BY id)) FROM t$where GROUP BY host ORDER BY host$limit",
		"SELECT host, generate_series(1, count(DISTINCT i2)) FROM t$where GROUP BY host ORDER BY 1, 2$limit", "SELECT max(y), count(*) FROM (SELECT id, $set AS y FROM t$where) q", "SELECT count(*), sum(t.id) FROM t, generate_series(1, t.i2) g(n)" . $where,
		"SELECT id, q.y FROM t, unnest(t.ar) q(y)$where ORDER BY ts DESC, host, 2$limit", "SELECT DISTINCT ON (host) host, ts, $set FROM t$where ORDER BY host, ts DESC, 3");
}

sub typed
{
	my ($case) = @_;
	my $column = pick('s', 's', 'host', 'x', 'region', 'bc::text');
	my $collation = pick('twin_ci', 'twin_ci', '"C"', '"POSIX"', '"ucs_basic"', '"en-x-icu"');
	my $text = "$column COLLATE $collation";
	my $value = pick("'A'", "'zebra'", "'HOST_1'", "'host_2'", "'EU'", "'AA'", "''", "'bb'");
	my $where = pick('', '', " WHERE $text = $value", ' WHERE u > 20');

	return { fails => 1, sql => pick("SELECT count(*), sum(id) FROM t WHERE $text = $value", "SELECT count(*), sum(id) FROM t WHERE $text IN ($value, 'Us', 'aa')", "SELECT count(*), sum(id) FROM t WHERE $text <> $value", "SELECT count(*), sum(id) FROM t WHERE $text > $value",
		"SELECT count(DISTINCT $text) FROM t$where", "SELECT count(*), sum(n) FROM (SELECT count(*) AS n FROM t$where GROUP BY $text) q", "SELECT lower(max($text)), lower(min($text)) FROM t$where", "SELECT id FROM t$where ORDER BY $text, id LIMIT 20", "SELECT id, host FROM t ORDER BY host COLLATE $collation, ts DESC LIMIT 10",
		"SELECT count(*) FROM t a JOIN hosts h ON h.host = a.host COLLATE $collation$where", "SELECT count(*), sum(id) FROM t WHERE host = ANY (ARRAY['HOST_1', 'host_2'] COLLATE $collation)", "SELECT count(*), sum(id) FROM t WHERE host = 'HOST_1' COLLATE twin_ci AND u > 5", "SELECT lower(host), count(*) FROM t WHERE host = 'Host_0' COLLATE twin_ci GROUP BY host COLLATE twin_ci",
		"SELECT max(u::twin_percent) FROM t WHERE u BETWEEN 0 AND 100", "SELECT CASE WHEN i2 BETWEEN 0 AND 2 THEN i2::twin_small END, count(*) FROM t GROUP BY 1", "SELECT count(*) FROM t WHERE i2 > 0 AND (i2 - 1)::twin_small > 1", "SELECT sum(i2::twin_small) FILTER (WHERE i2 < 4) FROM t"), raises => 2 };
}

sub stacked
{
	my ($case) = @_;
	my $where = pick('', ' WHERE ' . condition($case, 0), " WHERE host = 'none'");
	my $bucket = bucket($case);

	return pick("SELECT host, sum(u), sum(sum(u)) OVER (ORDER BY host) FROM t$where GROUP BY host ORDER BY host", "SELECT $bucket, host, count(*), rank() OVER (PARTITION BY host ORDER BY count(*), min(id)) FROM t$where GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 10",
		"SELECT DISTINCT count(*) FROM t$where GROUP BY $bucket ORDER BY 1", "SELECT DISTINCT ON (count(*)) count(*), max(id) FROM t$where GROUP BY host ORDER BY 1, 2 DESC", "SELECT max(n), min(m) FROM (SELECT host, i2, count(*) AS n, max(u) AS m FROM t$where GROUP BY host, i2 HAVING max(v) > 5) q",
		"SELECT count(*) FROM t$where GROUP BY ()", "SELECT 1 FROM t$where HAVING count(*) > 3", "SELECT host, count(*) FROM t$where GROUP BY host, host, i2 ORDER BY 1, 2", "SELECT host, 5, count(*) FROM t$where GROUP BY 1, 2 ORDER BY 1", "SELECT i2, host FROM t$where GROUP BY host, i2 HAVING false",
		"SELECT host, max(u) FROM t$where GROUP BY host HAVING host > (SELECT min(host) FROM t) ORDER BY max(u) DESC, host LIMIT 3", "SELECT host, sum(n) FROM (SELECT host, $bucket AS b, count(*) AS n FROM t$where GROUP BY 1, 2 UNION ALL SELECT host, $bucket, 1 FROM t$where) q GROUP BY host ORDER BY host",
		"SELECT t.host, count(*), (SELECT max(b.u) FROM t b WHERE b.host = t.host AND b.id < max(t.id)) FROM t$where GROUP BY t.host ORDER BY 1 LIMIT 5", "SELECT host, (SELECT sum(t.u) FROM hosts h WHERE h.host = t.host) FROM t$where GROUP BY host ORDER BY host",
		"SELECT id, row_number() OVER w, lag(u) OVER w FROM t$where WINDOW w AS (ORDER BY ts DESC, host) ORDER BY ts DESC, host LIMIT 12", "SELECT * FROM (SELECT id, host, row_number() OVER (PARTITION BY host ORDER BY ts DESC) AS n FROM t$where) q WHERE n <= 2 ORDER BY host, n");
}

# In a transaction that is rolled back, so that others find the rows as they
# were.
sub flushed
{
	my ($case) = @_;
	my $sql = pick('SELECT id, host, u FROM t ORDER BY ' . order(), 'SELECT host, count(*), max(u) FROM t GROUP BY host ORDER BY host', 'SELECT id FROM t WHERE ' . condition($case, 0) . ' ORDER BY id', 'SELECT ts FROM t ORDER BY ts DESC LIMIT 60');
	my $insert = pick('', 'INSERT INTO t (id, ts, host, u, v, i2) SELECT 3000000 + g, ' . instant($case) . ", 'late_' || g, g, -g, 2 FROM generate_series(1, 40) g; ");

	return pick('BEGIN; ', 'BEGIN ISOLATION LEVEL REPEATABLE READ; ') . $insert . pick("DECLARE c CURSOR FOR $sql; FETCH 3 FROM c; SELECT twin_flush(); FETCH 2000 FROM c; CLOSE c; $sql", "DECLARE c SCROLL CURSOR FOR $sql; FETCH 30 FROM c; SELECT twin_flush(); FETCH BACKWARD 20 FROM c; FETCH LAST FROM c",
		"PREPARE q AS $sql; EXECUTE q; SELECT twin_flush(); EXECUTE q; DEALLOCATE q", "$sql; SELECT twin_flush(); $sql") . '; ROLLBACK';
}

1;
