#
# Table.pm: what was measured, kept in a file, shown as a markdown table.
#
#   my $t = Table->read($file);
#   $t->set($query, "$mode $engine", $ms); $t->write;
#   $t->print(\@queries, $mode, \@engines_of_this_run)
#
# A bar is a ratio to another engine's time in the same mode; in other modes
# than "default" the peers' times of the default mode are the measure, because
# only PostgreSQL's settings differ.  Mode "stock" has bars half as high again.
#
package Table;

use strict;
use warnings;

my @ORDER = qw(rusts rusts2 heap heap2 duckdb duckdb2 chdb chdb2);

sub read
{
	my ($class, $file) = @_;
	my $self = bless { file => $file, ms => {} }, $class;

	if (open my $in, '<', $file)
	{
		while (<$in>)
		{
			chomp;
			my ($query, $key, $ms) = split /\t/;
			$self->{ms}{$query}{$key} = $ms;
		}
	}
	return $self;
}

sub set
{
	my ($self, $query, $key, $ms) = @_;

	$self->{ms}{$query}{$key} = $ms;
}

sub write
{
	my ($self) = @_;

	open my $out, '>', "$self->{file}.new" or die "$self->{file}: $!\n";
	foreach my $query (sort keys %{ $self->{ms} })
	{
		my $of = $self->{ms}{$query};
		printf $out "%s\t%s\t%.4f\n", $query, $_, $of->{$_} foreach sort keys %$of;
	}
	close $out && rename "$self->{file}.new", $self->{file} or die "$self->{file}: $!\n";
}

# Milliseconds of an engine; a peer is not affected by PostgreSQL's settings.
sub ms
{
	my ($self, $query, $mode, $engine) = @_;
	my $of = $self->{ms}{$query};

	return $of->{"$mode $engine"} // ($engine =~ /^(?:rusts|heap)/ ? undef : $of->{"default $engine"});
}

sub print
{
	my ($self, $queries, $mode, $ran) = @_;
	my %now = map { $_ => 1 } @$ran;
	my @columns = grep { my $e = $_; grep { defined $self->ms($_->{name}, $mode, $e) } @$queries } @ORDER;
	my ($missed, @ratios) = (0);

	row('query', (map { "$_ ms" } @columns), 'rusts/duckdb', 'aim', 'rusts/heap', 'aim', '');
	row('---', map { '--:' } 1 .. @columns + 5);
	foreach my $query (@$queries)
	{
		my @ms = map { figure($self->ms($query->{name}, $mode, $_), $now{$_}) } @columns;
		my $verdict = $self->judge($query, $mode);
		my $ratio = $self->ratio($query, $mode, 'duckdb');

		push @ratios, $ratio if defined $ratio && ($query->{mean} // '') ne 'no';
		$missed += $verdict =~ /MISSED/;
		row($query->{name}, @ms, short($ratio), $query->{bar}{duckdb} // '',
			short($self->ratio($query, $mode, 'heap')), $query->{bar}{heap} // '', $verdict);
	}
	printf "\ngeometric mean of rusts/duckdb over %d queries: %.3f; %d missed%s\n\n",
	  scalar @ratios, exp(mean(map { log } @ratios)), $missed,
	  $mode eq 'default' ? '' : " (mode $mode)"
	  if @ratios;
}

# What two workers gain, where both were measured.
sub print_parallel
{
	my ($self, $queries, $mode) = @_;

	row('query', 'rusts ms', 'with two workers', 'times faster', 'two sessions at once', 'aim');
	row('---', ('--:') x 4, '---');
	foreach my $query (@$queries)
	{
		my ($one, $two) = map { $self->ms($query->{name}, $mode, $_) } qw(rusts rusts2);
		my ($gain, $room) = map { $self->ms($query->{name}, $mode, $_) } qw(gain room);

		row($query->{name}, figure($one, 1), figure($two, 1), sprintf('%.2f', $gain), sprintf('%.2f', $room), $gain >= 1.6 ? 'ok' : 'MISSED 1.6') if $gain && $room;
	}
	print "\n";
}

sub ratio
{
	my ($self, $query, $mode, $engine) = @_;
	my $mine = $self->ms($query->{name}, $mode, 'rusts');
	my $other = $self->ms($query->{name}, $mode, $engine);

	return defined $mine && $other ? $mine / $other : undef;
}

sub judge
{
	my ($self, $query, $mode) = @_;
	my $mine = $self->ms($query->{name}, $mode, 'rusts');
	my @missed;

	return '' unless defined $mine;
	foreach my $engine (qw(duckdb heap))
	{
		my $bar = $query->{bar}{$engine};
		my $other = $self->ms($query->{name}, $mode, $engine);

		next unless defined $other && defined $bar && $bar ne '-';
		my $plus = $engine eq 'heap' ? $query->{plus} // 0 : 0;
		$bar *= 1.5 if $mode eq 'stock' && $engine eq 'duckdb';
		push @missed, $engine if $mine > $other * $bar + $plus;
	}
	return @missed ? 'MISSED ' . join ' ', @missed : 'ok';
}

sub figure
{
	my ($ms, $now) = @_;

	return '' unless defined $ms;
	return ($ms < 10 ? sprintf '%.2f', $ms : $ms < 100 ? sprintf '%.1f', $ms : sprintf '%.0f', $ms) . ($now ? '' : "'");
}

sub short
{
	my ($ratio) = @_;

	return '' unless defined $ratio;
	return sprintf $ratio < 0.1 ? '%.4f' : '%.2f', $ratio;
}

sub mean
{
	my $sum = 0;

	$sum += $_ foreach @_;
	return $sum / @_;
}

sub row
{
	print '| ', join(' | ', @_), " |\n";
}

1;
