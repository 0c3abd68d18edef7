# Cursors.pm: cursors, and loops in functions, for the query twin.
#
#   positioned($case)    UPDATE and DELETE WHERE CURRENT OF, on rows that are
#                        hot: they are inserted in the same transaction
#   stepped($case)       a cursor that is fetched from and moved in steps,
#                        also after COMMIT and while its table changes
#   looped($case)        plpgsql: loops over queries, cursors with arguments
package Cursors;

use strict;
use warnings;

use Exporter 'import';
use Types qw(pick chance rint);
use Expressions qw(condition instant host_name bucket);

our @EXPORT_OK = qw(positioned stepped looped);

# Hosts of their own keep (host, ts) unique.
sub insert_rows
{
	my ($case, $n) = @_;
	return "INSERT INTO t (id, ts, host, u, v, i2) SELECT 1000000 + g, " . instant($case) . ", 'own_' || g, g, -g, 2 FROM generate_series(1, $n) g; ";
}

sub order { return pick('id', 'id DESC', 'ts, host', 'ts DESC, host', 'host, ts', 'u, id'); }

sub positioned
{
	my ($case) = @_;
	my $n = pick(1, 1, 5, 30);
	my $which = pick('id >= 1000000', 'id = 1000001', "host = 'own_1'", "host LIKE 'own%'", "id >= 1000000 AND u > 0", "host = 'own_1' AND ts IS NOT NULL");
	my $scroll = pick('', 'SCROLL ', 'SCROLL ', 'NO SCROLL ');
	my $list = pick('*', 'id, u', 'id', 'host, ts, v');
	my $one = $which =~ /own_1'|1000001/ || $n == 1;
	my $change = sub { pick('UPDATE t SET u = u + 0.5 WHERE CURRENT OF c; ', "UPDATE t SET v = 7, s = 'was here' WHERE CURRENT OF c; ", 'DELETE FROM t WHERE CURRENT OF c; ') };
	# a bitmap scan does not scroll by itself, and what is put above it for that
	# is not updatable, on a heap as well
	my $sql = 'BEGIN; ' . ($scroll eq 'SCROLL ' ? 'SET LOCAL enable_bitmapscan = off; ' : '') . insert_rows($case, $n) . "DECLARE c ${scroll}CURSOR FOR SELECT $list FROM t WHERE $which" . pick('', '', ' FOR UPDATE') . '; ';

	# no order of its own: what is shown is the same for each row
	$sql =~ s/SELECT \Q$list\E FROM/SELECT 1 FROM/ unless $one;
	foreach (1 .. pick(1, 1, 2, 3))
	{
		$sql .= pick('FETCH c; ', 'FETCH NEXT FROM c; ', 'MOVE c; ') . $change->();
		$sql .= 'FETCH PRIOR FROM c; ' if $scroll eq 'SCROLL ' && $sql !~ /FOR UPDATE/ && chance(0.2);
	}
	return { sql => $sql . 'SELECT count(*), sum(u - g), count(s) FROM (SELECT u, s, id - 1000000 AS g FROM t WHERE id > 1000000) q; ROLLBACK', raises => 1 };
}

sub stepped
{
	my ($case) = @_;
	my $where = pick('', ' WHERE ' . condition($case, 1));
	my $scroll = chance(0.6);
	my $hold = pick('', '', ' WITH HOLD');
	my $steps = $scroll ? [ 'FETCH NEXT', 'FETCH 5', 'FETCH BACKWARD 3', 'MOVE FORWARD 10', 'FETCH LAST', 'FETCH PRIOR', 'FETCH FIRST', 'MOVE BACKWARD 2', 'FETCH ABSOLUTE 7', 'FETCH RELATIVE -2', 'MOVE ABSOLUTE 3', 'MOVE LAST', 'FETCH BACKWARD ALL', 'FETCH 3', 'FETCH 0', 'MOVE ALL', 'FETCH ABSOLUTE -4', 'MOVE RELATIVE 1500' ]
	  : [ 'FETCH NEXT', 'FETCH 5', 'FETCH 1', 'MOVE 2', 'FETCH 100', 'MOVE 1100', 'FETCH 2' ];
	my $sql = pick(("SELECT id, host, u FROM t$where ORDER BY " . order()) x 3, "SELECT host, count(*), max(u) FROM t$where GROUP BY host ORDER BY host", 'SELECT ' . bucket($case) . ", count(*) FROM t$where GROUP BY 1 ORDER BY 1",
		"SELECT DISTINCT ON (host) host, ts, u FROM t$where ORDER BY host, ts DESC", "SELECT ts, host, u FROM p ORDER BY ts DESC, host", "SELECT ts FROM t$where ORDER BY ts DESC LIMIT 50");
	my $text = 'BEGIN; DECLARE c ' . ($scroll ? 'SCROLL ' : 'NO SCROLL ') . "CURSOR$hold FOR $sql; ";
	my $change = chance(0.3) ? insert_rows($case, 5) : '';

	$text .= join '', map { pick(@$steps) . ' FROM c; ' } 1 .. 4;
	$text .= $change . join '', map { pick(@$steps) . ' FROM c; ' } 1 .. 3;
	return $text . 'CLOSE c; ROLLBACK' if $hold eq '' || $change ne '';
	return $text . 'COMMIT; ' . join('', map { pick(@$steps) . ' FROM c; ' } 1 .. 3) . 'CLOSE c';
}

sub looped
{
	my ($case) = @_;
	my $condition = condition($case, 1);
	my $body = pick(
		"FOR rec IN SELECT DISTINCT host FROM t ORDER BY 1 LIMIT 12 LOOP SELECT count(*), max(u) INTO num, most FROM t WHERE host = rec.host AND u > k; RETURN NEXT concat_ws(' ', rec.host, num, most); END LOOP",
		"FOR rec IN SELECT id, u FROM t WHERE $condition ORDER BY id LIMIT 200 LOOP num := coalesce(num, 0) + rec.id; EXIT WHEN num > 5000; END LOOP; RETURN NEXT num::text",
		"FOR i IN 1 .. 7 LOOP SELECT max(id), count(*) INTO most, num FROM (SELECT id FROM t WHERE i2 <> k ORDER BY ts DESC, host LIMIT i * k) q; RETURN NEXT concat_ws(' ', i, num, most); END LOOP",
		"FOR i IN 0 .. 6 LOOP SELECT count(*) INTO num FROM t WHERE (i = 0 OR i4 > 100 / i) AND ($condition); RETURN NEXT num::text; END LOOP",
		"OPEN cur (k); FETCH cur INTO rec; most := rec.id; MOVE FORWARD 2 FROM cur; FETCH cur INTO rec; RETURN NEXT concat_ws(' ', most, rec.id); CLOSE cur; OPEN cur (k * 20); FETCH LAST FROM cur INTO rec; FETCH RELATIVE -1 FROM cur INTO rec; RETURN NEXT concat_ws(' ', rec.id, rec.u); CLOSE cur",
		"FOR rec IN EXECUTE 'SELECT host, sum(u) AS s FROM t WHERE u > \$1 GROUP BY host ORDER BY host' USING k LOOP RETURN NEXT concat_ws(' ', rec.host, rec.s); END LOOP",
		"FOR i IN 1 .. 6 LOOP BEGIN SELECT sum(100 / (i2 - i)) INTO num FROM t WHERE i2 < k; EXCEPTION WHEN division_by_zero THEN num := -1; END; RETURN NEXT num::text; END LOOP",
		"FOR i IN 1 .. 6 LOOP RETURN QUERY SELECT concat_ws(' ', host, count(*)) FROM t WHERE u > i * 10 GROUP BY host HAVING count(*) > i AND k > 0; END LOOP",
		"FOR rec IN cur (k) LOOP num := coalesce(num, 0) + 1; IF num = 3 THEN RETURN NEXT rec.id::text; END IF; END LOOP; RETURN NEXT num::text");
	my $calls = join '', map { 'SELECT pg_temp.looped(' . pick(1, 2, 3, 5) . '); ' } 1 .. pick(1, 3);

	return 'SET plan_cache_mode = ' . pick('auto', 'force_generic_plan') . '; CREATE FUNCTION pg_temp.looped(k int) RETURNS SETOF text LANGUAGE plpgsql AS $$ DECLARE rec record; num numeric; most numeric; cur SCROLL CURSOR (low int) FOR SELECT id, u FROM t WHERE u > low AND id > low ORDER BY '
	  . order() . "; BEGIN $body; END \$\$; ${calls}DROP FUNCTION pg_temp.looped(int); RESET plan_cache_mode";
}

1;
