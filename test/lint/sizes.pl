#!/usr/bin/perl
#
# sizes.pl: lengths of files and functions, and the largest folder's share.
#
# Relies on the house's layout: a function's body is everything between a "{"
# and a "}" in the first column.  A function is counted from its opening brace
# to its closing one.  A flat switch (most of the lines are case labels and
# their one or two lines) may be longer than the limit.
#
use strict;
use warnings;

use constant {
	MAX_FILE       => 1000,
	MAX_HEADER     => 150,
	MAX_FUNCTION   => 100,
	MAX_PARAMETERS => 6,
	MAX_README     => 120,
	MAX_SHARE      => 20,    # percent of the lines of src/ in one folder
};

my $failed = 0;

foreach my $file (glob('src/*.[ch]'), glob('src/*/*.[ch]'),
	glob('test/*/*.[ch]'), glob('bench/*.[ch]'), glob('bench/*/*.[ch]'))
{
	my @lines = read_lines($file);
	my $limit = $file =~ /\.h$/ ? MAX_HEADER : MAX_FILE;

	report("$file has " . @lines . " lines, $limit allowed")
	  if @lines > $limit;
	check_functions($file, @lines);
}

foreach my $file (glob('src/*/README.md'))
{
	my @lines = read_lines($file);
	report("$file has " . @lines . " lines, " . MAX_README . " allowed")
	  if @lines > MAX_README;
}

check_shares();

exit($failed ? 1 : 0);

# A folder that outgrows the others has become several things.
sub check_shares
{
	my %lines;
	my $all = 0;

	foreach my $file (glob('src/*.[ch]'), glob('src/*/*.[ch]'))
	{
		my ($folder) = $file =~ m{^(.*)/};
		my $n = read_lines($file);
		$lines{$folder} += $n;
		$all += $n;
	}
	foreach my $folder (sort keys %lines)
	{
		report("$folder/ has $lines{$folder} of $all lines, "
			  . MAX_SHARE . " % allowed")
		  if $lines{$folder} * 100 > $all * MAX_SHARE;
	}
}

sub check_functions
{
	my ($file, @lines) = @_;
	my $start;

	for my $i (0 .. $#lines)
	{
		if ($lines[$i] =~ /^\{/)
		{
			$start = $i;
		}
		elsif ($lines[$i] =~ /^\}\s*$/ && defined $start)
		{
			my $length = $i - $start + 1;
			my $head   = header_above($start, @lines);

			if ($head =~ /(\w+)\s*\((.*)\)\s*$/s)
			{
				my ($name, $parameters) = ($1, $2);
				my $count = count_parameters($parameters);
				report("$file: $name() has $length lines, "
					  . MAX_FUNCTION . " allowed")
				  if $length > MAX_FUNCTION
				  && !flat_switch(@lines[ $start .. $i ]);
				report("$file: $name() has $count"
					  . " parameters, " . MAX_PARAMETERS . " allowed")
				  if $count > MAX_PARAMETERS
				  && !given_by_the_server($head, @lines);
			}
			undef $start;
		}
	}
}

# The lines of a definition above its body, up to the blank line or comment.
sub header_above
{
	my ($start, @lines) = @_;
	my $head = '';

	for (my $i = $start - 1; $i >= 0; $i--)
	{
		last if $lines[$i] =~ m{^\s*$|\*/|^[#\}]|;\s*$};
		$head = $lines[$i] . "\n" . $head;
	}
	return $head;
}

# A buffer is one thing: the length or capacity behind its pointer is not
# counted.
sub count_parameters
{
	my ($parameters) = @_;

	return scalar grep { !/\b(?:capacity|\w*len)\s*$/ } split /,/, $parameters;
}

# A callback's parameters are the server's choice.  Such functions are static
# and stand, without a call, in an assignment or an argument list; or they are
# the table access method's, which handler.c assigns.
sub given_by_the_server
{
	my ($head, @lines) = @_;
	my ($name) = $head =~ /(\w+)\s*\(/ or return 0;

	return 1 if grep { /->\w+ =\s+$name;/ } read_lines('src/table/handler.c');
	return $head =~ /static/ && grep { /(?:=|,|\()\s*&?$name\s*[,;)]/ } @lines;
}

sub flat_switch
{
	my (@body) = @_;
	my $labels = grep { /^\s*(?:case\b|default\s*:)/ } @body;

	return $labels * 4 >= @body;
}

sub read_lines
{
	my ($file) = @_;
	open my $in, '<', $file or die "$file: $!\n";
	chomp(my @lines = <$in>);
	close $in;
	return @lines;
}

sub report
{
	print "$_[0]\n";
	$failed = 1;
}
