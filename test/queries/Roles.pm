# Roles.pm: what other roles see, for the query twin.
#
#   as_role($case)     queries under row-level security and column privileges
#   metadata($case)    what our functions tell such a role about the rows
#
# twin_reader sees some rows of t; twin_tenant those that a setting names;
# twin_columns some columns of p1 and of t; twin_nobody nothing.  The answers
# to the first are those of the heap.  To the second the heap has none: what a
# role may not see is not shown, as NULL, as no row or as an error.
package Roles;

use strict;
use warnings;

use Exporter 'import';
use Types qw(pick chance rint);
use Expressions qw(number condition aggregate host_name some_of instant);

our @EXPORT_OK = qw(as_role metadata role_script grant_script);

# Once a database.
sub role_script
{
	return join '', map { "CREATE ROLE $_;\n" } qw(twin_reader twin_tenant twin_columns twin_nobody);
}

# With the tables of each state.
sub grant_script
{
	return <<'SQL';
CREATE VIEW tb WITH (security_barrier) AS SELECT id, ts, host, u, v, i2, i4 FROM t WHERE host IS DISTINCT FROM 'host_1';
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON t FOR SELECT TO twin_reader USING (host IS DISTINCT FROM 'host_1' AND i2 < 4);
CREATE POLICY tenants ON t FOR SELECT TO twin_tenant USING (host = current_setting('twin.tenant') OR i2 = (SELECT max(rack) FROM hosts WHERE dc = 'b'));
CREATE POLICY columns ON t FOR SELECT TO twin_columns USING (i2 < 3);
GRANT SELECT ON t, tb TO twin_reader, twin_tenant;
GRANT SELECT ON hosts TO PUBLIC;
GRANT SELECT ON tv, p TO twin_reader;
GRANT SELECT (id, ts, host, u) ON t TO twin_columns;
GRANT SELECT (id, host) ON p1 TO twin_columns;
SQL
}

my $FAILS = '1 / (CASE host WHEN \'host_1\' THEN 0 ELSE 1 END) > 0';

sub tenant_query
{
	my ($case) = @_;
	my $where = pick('', ' WHERE ' . condition($case, 0), ' WHERE u > ' . rint(90), ' WHERE host = ' . host_name($case));

	return pick("SELECT count(*), sum(u), max(ts) FROM t$where", "SELECT host, count(*), max(u) FROM t$where GROUP BY host ORDER BY host", "SELECT id, host, u FROM t$where ORDER BY ts DESC, host LIMIT 10", "SELECT DISTINCT ON (host) host, ts, u FROM t$where ORDER BY host, ts DESC",
		"SELECT max(ts), min(id) FROM t$where", "SELECT i2, " . aggregate($case) . " FROM t$where GROUP BY i2 ORDER BY i2");
}

sub tenants
{
	my ($case) = @_;
	my $sql = tenant_query($case);
	my $role = pick('twin_tenant', 'twin_tenant', 'twin_reader');

	# one plan for all tenants, and for whoever comes after them
	return "SET plan_cache_mode = " . pick('force_generic_plan', 'auto') . "; SET ROLE $role; PREPARE q AS $sql; "
	  . join('', map { "SET twin.tenant = " . host_name($case) . "; EXECUTE q; " } 1 .. 3) . pick('', 'RESET ROLE; EXECUTE q; ', 'SET ROLE twin_reader; EXECUTE q; ', 'SET ROLE twin_nobody; EXECUTE q; ') . 'RESET ROLE; DEALLOCATE q; RESET plan_cache_mode';
}

sub leaks
{
	my ($case) = @_;
	my $leak = pick("twin_leak(host)", $FAILS, "CASE WHEN twin_leak(host) THEN u > 10 END");
	my $from = pick('t', 't', 'tb');

	return pick('RESET ROLE', 'SET ROLE twin_reader') . "; SELECT count(*), sum(u) FROM tb WHERE $leak; RESET ROLE" if $from eq 'tb';
	return 'SET ROLE twin_reader; ' . pick("SELECT count(*), sum(u), max(host) FROM t WHERE $leak AND " . pick('u > 20', 'i4 < 50', 'b', 'ts IS NOT NULL'), "SELECT count(*) FILTER (WHERE $leak) FROM t", "SELECT host, count(*) FROM t WHERE $leak GROUP BY host ORDER BY host",
		"SELECT id FROM t WHERE $leak ORDER BY ts DESC, host LIMIT 10", "SELECT ($leak), count(*) FROM t GROUP BY 1", "SELECT max(ts) FROM t WHERE $leak") . '; RESET ROLE';
}

sub columns
{
	my ($case) = @_;
	return 'SET ROLE twin_columns; ' . pick('SELECT count(*) FROM t', 'SELECT sum(u), max(host) FROM t', 'SELECT max(v) FROM t', 'SELECT host, count(*) FROM t WHERE u > 50 GROUP BY host ORDER BY host', 'SELECT count(*) FROM t WHERE i2 = 1', 'SELECT t FROM t ORDER BY id LIMIT 3',
		'SELECT host, sum(u) FROM t GROUP BY host HAVING max(i2) > 1', 'SELECT id, u FROM t ORDER BY ts DESC, host LIMIT 5', 'SELECT count(id) FILTER (WHERE v > 1) FROM t', 'SELECT host, count(*) FROM p1 GROUP BY host ORDER BY host', 'SELECT max(ts) FROM p1', 'SELECT count(*) FROM p',
		'SELECT count(*), min(id) FROM p1 WHERE host = ' . host_name($case)) . '; RESET ROLE';
}

sub as_role
{
	my ($case) = @_;
	my $sql = pick(\&tenants, \&tenants, \&leaks, \&leaks, \&columns)->($case);

	return { sql => $sql, fails => 1 };
}

sub metadata
{
	my ($case) = @_;
	my $hidden = pick(
		[ 'twin_reader', "SELECT count(*) FROM rusts.segment_columns('t') WHERE min_value IS NOT NULL OR max_value IS NOT NULL" ],
		[ pick('twin_reader', 'twin_tenant', 'twin_columns'), "SELECT count(*) FROM rusts.segment_columns('t') WHERE min_value IS NOT NULL OR max_value IS NOT NULL OR null_count > 0" ],
		[ pick('twin_reader', 'twin_tenant'), "SELECT count(*) FROM rusts.segments('t') WHERE min_time IS NOT NULL OR max_time IS NOT NULL" ],
		[ pick('twin_reader', 'twin_tenant', 'twin_columns', 'twin_nobody'), "SELECT count(*) FROM rusts.tables WHERE relation = 't'::regclass AND (min_time IS NOT NULL OR max_time IS NOT NULL)" ],
		[ pick('twin_reader', 'twin_columns'), "SELECT count(*) FROM rusts.table_facts('t'::regclass) WHERE min_time IS NOT NULL OR max_time IS NOT NULL" ],
		[ 'twin_columns', "SELECT count(*) FROM rusts.segment_columns('p1') WHERE column_name NOT IN ('id', 'host') AND (min_value IS NOT NULL OR max_value IS NOT NULL)" ],
		[ 'twin_columns', "SELECT count(*) FROM rusts.segments('p1') WHERE min_time IS NOT NULL OR max_time IS NOT NULL" ],
		[ 'twin_columns', "SELECT count(*) FROM rusts.tables WHERE relation = 'p1'::regclass AND (min_time IS NOT NULL OR max_time IS NOT NULL)" ],
		[ 'twin_reader', "SELECT count(*) FROM rusts.segment_columns('p1') WHERE min_value IS NOT NULL" ],
		[ pick('twin_reader', 'twin_columns', 'twin_nobody'), "SELECT count(*) FROM rusts.verify('" . pick('t', 'p1') . "')" ],
		[ 'twin_nobody', "SELECT count(*) FROM rusts.segments('t')" ], [ 'twin_nobody', "SELECT count(*) FROM rusts.segment_columns('p1')" ], [ 'twin_nobody', "SELECT count(*) FROM rusts.tables WHERE relation IN ('t'::regclass, 'p1'::regclass)" ]);

	return { sql => "SET ROLE $hidden->[0]; $hidden->[1]; RESET ROLE", expect => '0\n|ERROR 42501\n' };
}

1;
