# Traffic.pm: which statement a session sends next.
#
#   my $traffic = Traffic->new(SHAPE, SESSIONS);
#   $traffic->next($i)            a statement for session i, which is idle
#   $traffic->resolve             one that ends a prepared transaction, or ''
#   $traffic->answered($i, $sql, $answer)     what became of it: {error} {xact} {tag}
#   $traffic->ending($i)          a statement that ends session i's transaction
#
# The names of prepared transactions are the server's, so a statement has
# ":side" in them.
#
# Three rules keep the two sides comparable.
#
# Order.  Rows lie in another order on the two sides, and a statement that
# changes or locks several may meet them in any.  That cannot be seen unless it
# has to wait for one of them, or fails for one.  So such a statement
#
#   - is sent only when no other session is in a transaction (alone), or
#   - locks the rows sorted by id: SELECT .. ORDER BY id FOR UPDATE locks above
#     the sort.  An UPDATE may have the ids in an ARRAY of that, which is locked
#     to its end before the UPDATE begins; a join would do both at once.
#
# With the second, ids of rows that others wait for must not change: the row
# comes up in the place of its old id.  A round has one or the other.  There is
# no LIMIT without ORDER BY, no float, and no join with several partners.
#
# Two rows of one id.  A transaction that keeps its snapshot sees the row that
# another one has deleted since, and the one of the same id that it has inserted
# after that.  Where a join stops at the first partner, because an index says
# that there is one only, it is the plan that chooses.  So such a transaction
# joins with t.id + 0, which has no index; and it does not ask for a single id
# that it may have made, because one of the two rows has the statement fail, and
# the other may have it fail otherwise.
#
# Serializable.  Which conflicts are seen depends on pages and plans, and one
# side may fail where the other does not.  The driver then rolls both back,
# which it cannot after a COMMIT.  So a serializable transaction that others
# overlap ends with PREPARE TRANSACTION, which looks for conflicts as COMMIT
# does; the driver can still roll that back.
#
package Traffic;

use strict;
use warnings;

use Shapes qw(row_values $ROWS);
use Types qw(pick chance rint);

use constant {
	HOT => 12,       # ids that statements ask for
	DOMAIN => 16,    # ids that rows may get
	U => 120,        # values of u
};

my $ORDER = 'id, v, at';
my $COLUMNS = 'id, u, v, g, left(note, 9), at';

# Statements that each session prepares.
my @prepared = (
	'p_update (int, int) AS UPDATE t SET v = v + $2 WHERE id = $1 RETURNING id, v',
	'p_delete (int) AS DELETE FROM t WHERE id = $1 RETURNING id, v',
	"p_lock (int) AS SELECT $COLUMNS FROM t WHERE id = \$1 FOR NO KEY UPDATE",
	"p_read (int) AS SELECT $COLUMNS FROM t WHERE id = \$1",
	'p_sum (int, int) AS '
	  . 'SELECT count(*), sum(v), min(u), max(at) FROM t WHERE id BETWEEN $1 AND $2',
);

sub new
{
	my ($class, $shape, $n) = @_;
	my $self = bless {
		shape => $shape,
		sessions => [ map { { number => $_ } } 0 .. $n - 1 ],
		prepared => [],
		next_id => 1000,
		hot => [ 1 .. HOT ],
		hottest => pick(2, 3, 4, 6),
		gone => [],
		gid => 0,
	}, $class;

	forget($_) foreach @{ $self->{sessions} };
	# few rounds have everything: many false alarms would hide the rest
	$self->{levels} = pick([ 'READ COMMITTED' ],
		[ ('READ COMMITTED') x 2, 'REPEATABLE READ' ],
		[ ('READ COMMITTED') x 3, 'REPEATABLE READ', 'SERIALIZABLE' ],
		[ 'REPEATABLE READ', 'SERIALIZABLE' ]);
	$self->{changes} = [ $self->change_kinds ];
	return $self;
}

# What a session does first.
sub session_setup
{
	my $mode = pick('auto', 'force_generic_plan', 'force_custom_plan');
	return ((map { "PREPARE $_" } @prepared), "SET plan_cache_mode = $mode");
}

# Helpers that statements call.
sub functions
{
	return <<'SQL';
CREATE FUNCTION upsert(k int, x int) RETURNS text LANGUAGE plpgsql AS '
BEGIN
	FOR i IN 1 .. 3 LOOP
		UPDATE t SET v = v + x WHERE id = k;
		IF FOUND THEN
			RETURN ''updated'';
		END IF;
		BEGIN
			INSERT INTO t (id, v, g) VALUES (k, x, ''f'');
			RETURN ''inserted'';
		EXCEPTION WHEN unique_violation THEN
			NULL;
		END;
	END LOOP;
	RETURN ''gave up'';
END'
SQL
}

sub forget
{
	my ($session) = @_;
	@$session{qw(xact level savepoints cursors made overlapped busy)} = ('I', '', [], {}, {}, 0, 0);
}

# ---------- pieces ----------

sub key
{
	my ($self) = @_;
	my $id;

	foreach (1 .. 20)
	{
		$id = $self->{hot}[ rint(chance(0.65) ? $self->{hottest} : HOT) ];
		last unless $self->{made}{$id};
	}
	return $id;
}

# An id that a row may get, often one that had been deleted.  An id that is used
# once takes the place of one of those that are fought for, which may be gone.
sub new_id
{
	my ($self) = @_;
	my $gone = $self->{gone};
	my $fresh = $self->{shape}{fresh};
	my $id = $fresh ? $self->{next_id}++ : @$gone && chance(0.7) ? shift @$gone : 1 + rint(DOMAIN);

	$self->{hot}[ rint(HOT) ] = $id if $fresh && chance(0.3);
	$self->{made}{$id} = 1;
	return $id;
}

sub row
{
	my ($self) = @_;
	return row_values($self->{shape}, $self->new_id);
}

sub range
{
	my ($self) = @_;
	my $from = $self->key;

	return 'id IN (' . join(', ', map { $self->key } 1 .. 1 + rint(3)) . ')'
	  if $self->{shape}{fresh} || chance(0.3);
	return sprintf 'id BETWEEN %d AND %d', $from, $from + rint(5);
}

sub returning
{
	return chance(0.5) ? " RETURNING $COLUMNS" : chance(0.2) ? ' RETURNING v - id' : '';
}

sub assignment
{
	my ($self) = @_;
	my $k = rint(100);
	my @plain = ("v = v + $k", "v = v + $k", "v = $k", q{g = '} . pick('a' .. 'e') . q{'},
		"note = 'w$k', v = v - 1", "at = at + interval '$k min'", 'g = NULL, note = NULL');

	push @plain, "note = dml_long($k)" if $self->{shape}{long};
	push @plain, 'u = ' . (1 + rint(U)) if chance(0.3);
	return pick(@plain);
}

sub alone
{
	my ($self, $session) = @_;
	return !@{ $self->{prepared} }
	  && !grep { $_ != $session && ($_->{busy} || $_->{xact} ne 'I') } @{ $self->{sessions} };
}

sub strength
{
	return 'FOR ' . pick(('UPDATE', 'NO KEY UPDATE') x 2, 'SHARE', 'KEY SHARE');
}

sub patience
{
	return pick('', '', ' NOWAIT', ' SKIP LOCKED');
}

# ---------- changes: [WEIGHT, MAKER] ----------

sub change_kinds
{
	my ($self) = @_;
	my $shape = $self->{shape};

	return (
		[ 8, \&insert_row ], [ 1, \&insert_rows ], [ 18, \&update_row ], [ 5, \&delete_row ],
		[ 3, \&update_joined ], [ 1, \&delete_joined ], [ 3, \&update_counted ],
		[ 5, \&execute_change ], [ 1, \&change_many ],
		($shape->{moves} ? [ 5, \&update_id ] : ()),
		($shape->{ordered} ? [ 4, \&change_ordered ] : ()),
		($shape->{fresh} ? [ 2, \&insert_series ]
			: ([ 6, \&insert_or_update ], [ 4, \&insert_or_nothing ], [ 5, \&merge_row ],
				[ 2, \&insert_selected ], [ 2, \&call_upsert ])),
		($shape->{child} ? [ 12, \&change_child ] : ()));
}

sub choose
{
	my (@kinds) = @_;
	my $sum = 0;

	$sum += $_->[0] foreach @kinds;
	my $n = rand $sum;
	foreach my $kind (@kinds)
	{
		return $kind->[1] if ($n -= $kind->[0]) < 0;
	}
	return $kinds[-1][1];
}

# A maker may find that it is not the moment.
sub change
{
	my ($self, $session) = @_;
	my $sql;

	until ($sql)
	{
		$sql = choose(@{ $self->{changes} })->($self, $session);
	}
	return $sql;
}

sub insert_row
{
	my ($self) = @_;
	return 'INSERT INTO t VALUES ' . $self->row . returning();
}

sub insert_rows
{
	my ($self) = @_;
	return 'INSERT INTO t VALUES ' . join(', ', map { $self->row } 1 .. 2 + rint(2)) . returning();
}

# What rusts may write into a segment at once.
sub insert_series
{
	my ($self) = @_;
	my $rows = pick(2, 5, 30);
	my $first = $self->{next_id};

	$self->{next_id} += $rows;
	return 'INSERT INTO t (id, u, v, g) SELECT i, i % 50, i % 90, chr(97 + i % 5) '
	  . sprintf 'FROM generate_series(%d, %d) i', $first, $first + $rows - 1;
}

sub insert_or_update
{
	my ($self) = @_;
	my $target = $self->{shape}{unique_u} eq 'constraint' && chance(0.3) ? 'u' : 'id';
	my $where = pick('', '', '', ' WHERE t.v % 3 <> 0');
	my $rows = join ', ', map { $self->row } 1 .. (chance(0.1) ? 2 : 1);

	my $set = pick('v = t.v + excluded.v', 'g = excluded.g, v = excluded.v',
		'note = excluded.note');
	my $action = "DO UPDATE SET $set$where";

	return "INSERT INTO t VALUES $rows ON CONFLICT ($target) $action" . returning();
}

sub insert_or_nothing
{
	my ($self) = @_;
	my $rows = join ', ', map { $self->row } 1 .. (chance(0.2) ? 2 : 1);
	my $target = pick('', ' (id)');

	return "INSERT INTO t VALUES $rows ON CONFLICT$target DO NOTHING" . returning();
}

sub insert_selected
{
	my ($self) = @_;
	return 'INSERT INTO t (id, v, g) SELECT s.id, s.d, \'s\' FROM src s WHERE s.' . $self->range
	  . ' AND NOT EXISTS (SELECT FROM t WHERE t.id = s.id) ORDER BY s.id' . returning();
}

sub update_row
{
	my ($self) = @_;
	my $more = pick('', '', '', ' AND v % 2 = 0', q{ AND g > 'b'});
	return 'UPDATE t SET ' . $self->assignment . ' WHERE id = ' . $self->key . $more . returning();
}

sub update_id
{
	my ($self) = @_;
	my $id = $self->key;
	my $set = 'id = ' . $self->new_id . pick('', ', v = v + 1');

	return "UPDATE t SET $set WHERE id = $id" . returning();
}

sub update_joined
{
	my ($self) = @_;
	my $which = pick('s', 't') . '.id = ' . $self->key . pick('', ' AND t.v > s.d');

	return "UPDATE t SET v = t.v + s.d FROM src s WHERE t.id = s.id AND $which"
	  . pick('', ' RETURNING t.id, t.v, s.d');
}

# A subquery that is evaluated again when the row has changed meanwhile.
sub update_counted
{
	my ($self) = @_;
	my $sub = pick('SELECT count(*) FROM t x WHERE x.g = t.g',
		'SELECT max(x.v) + 1 FROM t x WHERE x.id < t.id',
		'SELECT s.d FROM src s WHERE s.id = t.id', 'SELECT count(*) FROM t');
	return "UPDATE t SET v = coalesce(($sub), 0) WHERE id = " . $self->key . returning();
}

sub delete_row
{
	my ($self) = @_;
	return 'DELETE FROM t WHERE id = ' . $self->key . pick('', '', ' AND v % 2 = 1') . returning();
}

sub delete_joined
{
	my ($self) = @_;
	return 'DELETE FROM t USING src s WHERE t.id = s.id AND s.id = ' . $self->key
	  . pick('', ' RETURNING t.id, t.v, s.d');
}

sub execute_change
{
	my ($self) = @_;
	my $id = $self->key;

	return "EXECUTE p_delete($id)" if chance(0.2);
	return sprintf 'EXECUTE p_update(%d, %d)', $id, rint(50);
}

sub call_upsert
{
	my ($self) = @_;
	return sprintf 'SELECT upsert(%d, %d)', $self->new_id, rint(50);
}

sub merge_clauses
{
	return ' WHEN MATCHED AND t.v % 5 = 0 THEN ' . pick('DELETE', 'DO NOTHING')
	  . ' WHEN MATCHED THEN UPDATE SET v = t.v + s.d'
	  . pick(' WHEN NOT MATCHED THEN INSERT (id, v, g) VALUES (s.id, s.d, \'m\')', '');
}

sub merge_row
{
	my ($self) = @_;
	my $source = sprintf '(VALUES (%d, %d)) AS s(id, d)', $self->new_id, rint(50);
	return "MERGE INTO t USING $source ON t.id = s.id" . merge_clauses();
}

# Several rows, as they come.
sub change_many
{
	my ($self, $session) = @_;
	my $range = $self->range;
	my $set = $self->assignment =~ s/^u = .*/v = 0/r;
	my @kinds = (
		"UPDATE t SET $set WHERE $range" . returning(),
		'UPDATE t SET v = v + 1',
		'UPDATE t SET v = t.v + s.d FROM src s '
		  . "WHERE t.id = s.id AND s.$range RETURNING t.id, t.v, s.d",
		"DELETE FROM t WHERE $range" . returning(),
		"DELETE FROM t USING src s WHERE t.id = s.id AND s.$range RETURNING t.id, s.d");

	return '' unless $self->alone($session);
	# what a MERGE that keeps its snapshot fails for depends on the order
	push @kinds, "MERGE INTO t USING (SELECT * FROM src WHERE $range) s ON t.id = s.id"
	  . merge_clauses()
	  unless $self->{shape}{fresh} || $self->may_see_two($session);
	return pick(@kinds);
}

# Several rows, which are all locked, in order, before the first is changed.
sub change_ordered
{
	my ($self) = @_;
	my $ids = 'SELECT id FROM t WHERE ' . $self->range . " ORDER BY $ORDER FOR UPDATE"
	  . pick('', '', ' SKIP LOCKED', ' NOWAIT');
	my $what = chance(0.25) ? 'DELETE FROM t' : 'UPDATE t SET v = v + 1';

	return "$what WHERE id = ANY (ARRAY($ids))" . returning();
}

sub change_child
{
	my ($self, $session) = @_;
	my ($cid, $pid) = (101 + rint(DOMAIN), $self->key);
	my $new = "INSERT INTO c VALUES ($cid, $pid, 1)";

	return pick(
		$new, "$new ON CONFLICT (cid) DO NOTHING",
		"$new ON CONFLICT (pid) DO UPDATE SET w = c.w + 1 RETURNING cid, w",
		"UPDATE c SET pid = $pid WHERE cid = $cid",
		"UPDATE c SET w = w + 1 WHERE cid = $cid RETURNING *",
		"UPDATE c SET pid = NULL WHERE pid = $pid",
		"DELETE FROM c WHERE cid = $cid", "DELETE FROM c WHERE pid = $pid RETURNING *",
		"SELECT cid, pid FROM c WHERE pid = $pid " . strength() . patience(),
		'SELECT count(*), sum(w) FROM c JOIN t ON t.id = c.pid');
}

# ---------- locks and reads ----------

sub lock_rows
{
	my ($self) = @_;
	my $how = strength() . patience();
	my $id = $self->key;

	return "EXECUTE p_lock($id)" if chance(0.1);
	return "SELECT $COLUMNS FROM t WHERE id = $id $how" if chance(0.5);
	return $self->lock_joined if chance(0.15);
	return "SELECT v FROM t WHERE id = $id $how" unless $self->{shape}{ordered};
	my $limit = pick('', '', 'LIMIT 2');
	return "SELECT $COLUMNS FROM t WHERE " . $self->range . " ORDER BY $ORDER $limit $how";
}

sub lock_joined
{
	my ($self) = @_;
	return 'SELECT t.id, t.v, s.d FROM t JOIN src s ON t.id = s.id WHERE t.id = ' . $self->key . ' '
	  . strength() . pick(' OF t', ' OF s', '') . patience();
}

sub read_rows
{
	my ($self) = @_;
	my $range = $self->range;

	return pick(
		"SELECT $COLUMNS FROM t WHERE $range", "SELECT $COLUMNS FROM t WHERE id = " . $self->key,
		"SELECT $COLUMNS FROM t ORDER BY $ORDER", 'SELECT count(*), sum(v), min(u), max(id) FROM t',
		"SELECT count(*), sum(v), min(at), max(g) FROM t WHERE $range",
		'SELECT g, count(*), sum(v), count(DISTINCT u) FROM t GROUP BY g',
		'SELECT id, v FROM t ORDER BY v DESC, id LIMIT 3',
		'SELECT u, id FROM t WHERE u BETWEEN 10 AND 20',
		"SELECT count(*), sum(t.v * s.d) FROM t JOIN src s ON t.id = s.id",
		"SELECT id, md5(note) FROM t WHERE $range", 'SELECT max(at) FROM t WHERE v > ' . rint(100),
		"SELECT count(*), sum(v) FROM t WHERE g = '" . pick('a' .. 'e') . q{'},
		"SELECT id, v, at FROM t WHERE at >= '2024-01-01 04:00+00' AND at < '2024-01-01 09:00+00'",
		q{SELECT g, max(v), count(note) FROM t WHERE at > '2024-01-01 12:00+00' GROUP BY g},
		'EXECUTE p_read(' . $self->key . ')',
		sprintf('EXECUTE p_sum(%d, %d)', 1 + rint(6), 6 + rint(8)));
}

# ---------- cursors ----------

# WHERE CURRENT OF wants a cursor that locks, or whose plan is a mere scan.
sub use_cursor
{
	my ($self, $session) = @_;
	my $cursors = $session->{cursors};
	my $name = pick('c1', 'c2');
	my $kind = $cursors->{$name}{kind} // '';

	return $self->declare_cursor($session, $name) if $kind eq '';
	return "CLOSE $name" if chance(0.08);
	return $self->fetch_scrolled($name) if $kind eq 'scroll';
	return 'FETCH' . pick('', '', ' 2') . " FROM $name"
	  if !$cursors->{$name}{fetched} || chance(0.3);
	my $what = chance(0.25) ? 'DELETE FROM t' : 'UPDATE t SET ' . $self->assignment;
	return "$what WHERE CURRENT OF $name" . returning();
}

sub declare_cursor
{
	my ($self, $session, $name) = @_;
	my $select = "CURSOR FOR SELECT $COLUMNS FROM t";
	my $one = 'WHERE id = ' . $self->key;
	my $some = $self->{shape}{ordered} ? 'WHERE ' . $self->range : $one;

	return pick(
		"DECLARE $name $select $some ORDER BY $ORDER " . strength() . patience(),
		($self->may_see_two($session) ? () : "DECLARE $name $select $one"),
		"DECLARE $name SCROLL $select ORDER BY $ORDER");
}

sub fetch_scrolled
{
	my ($self, $name) = @_;
	my $where = pick('NEXT', 'FORWARD 3', 'BACKWARD 2', 'PRIOR', 'LAST', 'FIRST',
		'ABSOLUTE ' . rint(12));
	return "FETCH $where FROM $name";
}

# ---------- transactions ----------

sub next
{
	my ($self, $i) = @_;
	my $session = $self->{sessions}[$i];
	my $sql;

	$self->{made} = $self->may_see_two($session) ? $session->{made} : {};
	$sql = $self->some_statement($session);
	$sql =~ s/\bt\.id = (s|c)\b/t.id + 0 = $1/g if $self->may_see_two($session);
	return $sql;
}

# See the head of this file.
sub may_see_two
{
	my ($self, $session) = @_;
	return !$self->{shape}{fresh} && $session->{level} !~ /^(?:READ COMMITTED)?$/;
}

sub some_statement
{
	my ($self, $session) = @_;

	return $self->start($session) if $session->{xact} eq 'I';
	return $self->after_error($session) if $session->{xact} eq 'E';
	return choose(
		[ 44, \&change ], [ 20, \&lock_rows ], [ 9, \&read_rows ],
		[ %{ $session->{cursors} } ? 30 : 5, \&use_cursor ],
		[ @{ $session->{savepoints} } ? 2 : 5, \&savepoint ],
		[ @{ $session->{savepoints} } ? 4 : 0, \&end_savepoint ],
		[ 8, \&commit ], [ 2, sub { 'ROLLBACK' } ], [ 1.2, \&prepare ])->($self, $session);
}

sub start
{
	my ($self, $session) = @_;

	return $self->resolve if @{ $self->{prepared} } && chance(0.4);
	return $self->change($session) if chance(0.2);
	return $self->read_rows if chance(0.06);
	return $self->lock_rows if chance(0.04);
	$session->{next_level} = pick(@{ $self->{levels} });
	return "BEGIN ISOLATION LEVEL $session->{next_level}";
}

sub after_error
{
	my ($self, $session) = @_;
	my @savepoints = @{ $session->{savepoints} };

	return $self->change($session) if chance(0.05);
	return 'ROLLBACK TO ' . pick(@savepoints) if @savepoints && chance(0.8);
	return pick('ROLLBACK', 'ROLLBACK', 'COMMIT');
}

sub savepoint
{
	my ($self, $session) = @_;
	return 'SAVEPOINT s' . (1 + @{ $session->{savepoints} });
}

sub end_savepoint
{
	my ($self, $session) = @_;
	return pick('ROLLBACK TO ', 'ROLLBACK TO ', 'RELEASE ') . pick(@{ $session->{savepoints} });
}

sub commit
{
	my ($self, $session) = @_;
	return $session->{overlapped} ? $self->prepare : 'COMMIT';
}

sub prepare
{
	my ($self) = @_;
	return sprintf q{PREPARE TRANSACTION ':side %d'}, ++$self->{gid};
}

sub resolve
{
	my ($self) = @_;

	my @prepared = @{ $self->{prepared} } or return '';
	my $verb = chance(0.8) ? 'COMMIT' : 'ROLLBACK';

	return sprintf q{%s PREPARED ':side %d'}, $verb, pick(@prepared);
}

# All of them undone.
sub undo
{
	my ($self) = @_;
	return map { "ROLLBACK PREPARED ':side $_'" } @{ $self->{prepared} };
}

sub ending
{
	my ($self, $i) = @_;
	my $session = $self->{sessions}[$i];

	return '' if $session->{xact} eq 'I';
	return $session->{overlapped} || chance(0.3) ? 'ROLLBACK' : 'COMMIT';
}

# ---------- what became of it ----------

sub sent
{
	my ($self, $i) = @_;
	$self->{sessions}[$i]{busy} = 1;
}

sub answered
{
	my ($self, $i, $sql, $answer) = @_;
	my $session = $self->{sessions}[$i];
	my ($error, $xact) = @$answer{qw(error xact)};

	$session->{busy} = 0;
	$self->note_prepared($sql) if $error eq '';
	$self->note_gone($sql, $answer->{tag}) if $error eq '';
	if ($xact eq 'I')
	{
		forget($session);
		return;
	}
	$self->note_begin($session) if $session->{xact} eq 'I';
	$session->{xact} = $xact;
	note_savepoint($session, $sql) if $error eq '';
	note_cursor($session, $sql) if $error eq '';
}

sub note_prepared
{
	my ($self, $sql) = @_;

	if ($sql =~ /^PREPARE TRANSACTION ':side (\d+)'/)
	{
		push @{ $self->{prepared} }, $1;
	}
	elsif ($sql =~ /^(?:COMMIT|ROLLBACK) PREPARED ':side (\d+)'/)
	{
		my $gid = $1;
		$self->{prepared} = [ grep { $_ != $gid } @{ $self->{prepared} } ];
	}
}

# An id that might be free now, and that is no good any more where it is not to
# be used again.
sub note_gone
{
	my ($self, $sql, $tag) = @_;

	return unless $sql =~ /^(UPDATE|DELETE|SELECT) .* WHERE id = (\d+)/;
	my ($verb, $id) = ($1, $2);
	if ($self->{shape}{fresh})
	{
		$self->replace($id) if $verb eq 'DELETE' || $tag =~ / 0$/;
	}
	elsif ($verb eq 'DELETE' || $sql =~ /^UPDATE t SET id/)
	{
		push @{ $self->{gone} }, $id;
		shift @{ $self->{gone} } if @{ $self->{gone} } > 4;
	}
}

sub replace
{
	my ($self, $id) = @_;
	my $other = chance(0.5) ? 1 + rint($ROWS) : $self->{next_id} - 1 - rint(HOT);

	$_ = $_ == $id ? $other : $_ foreach @{ $self->{hot} };
}

sub note_begin
{
	my ($self, $session) = @_;

	$session->{level} = $session->{next_level};
	return unless $session->{level} eq 'SERIALIZABLE';
	my @others = grep { $_ != $session && $_->{level} eq 'SERIALIZABLE' } @{ $self->{sessions} };
	$_->{overlapped} = 1 foreach @others;
	$session->{overlapped} = 1 if @others || @{ $self->{prepared} };
}

sub note_savepoint
{
	my ($session, $sql) = @_;
	my $names = $session->{savepoints};

	if ($sql =~ /^SAVEPOINT (\w+)/)
	{
		push @$names, $1;
	}
	elsif ($sql =~ /^(ROLLBACK TO|RELEASE) (\w+)/)
	{
		my ($verb, $name) = ($1, $2);
		pop @$names while @$names && $names->[-1] ne $name;
		pop @$names if $verb eq 'RELEASE';
		note_depth($session, scalar @$names, $verb eq 'RELEASE');
	}
}

# A cursor goes away with the savepoint that it was declared after, and belongs
# to the one before when that is released.
sub note_depth
{
	my ($session, $depth, $released) = @_;
	my $cursors = $session->{cursors};

	foreach my $name (grep { $cursors->{$_}{depth} > $depth - !$released } keys %$cursors)
	{
		if ($released)
		{
			$cursors->{$name}{depth} = $depth;
		}
		else
		{
			delete $cursors->{$name};
		}
	}
}

sub note_cursor
{
	my ($session, $sql) = @_;

	if ($sql =~ /^DECLARE (\w+) (SCROLL)?/)
	{
		my $depth = @{ $session->{savepoints} };
		$session->{cursors}{$1} = { kind => $2 ? 'scroll' : 'scan', depth => $depth };
	}
	elsif ($sql =~ /^CLOSE (\w+)/)
	{
		delete $session->{cursors}{$1};
	}
	elsif ($sql =~ /^FETCH.* FROM (\w+)/)
	{
		$session->{cursors}{$1}{fetched} = 1;
	}
}

1;
