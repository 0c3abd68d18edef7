#!/usr/bin/perl
#
# names.pl: a name says in which file its function is, and means one thing.
#
#   A function of X.c that others may call is X or begins with X_.
#   A function that H.h declares is defined in H.c.
#   Enum constants and tags of structs are one file's in all of src/.
#
# Relies on the house's layout: a definition has its type on a line of its own
# and its name in the first column of the next.
#
use strict;
use warnings;

# Headers without a source of their own, which declare a family's functions.
my %family = (
	'codec/codec.h' => qr{^codec/},     # the contract of all codecs
	'codec/intcodec.h' => qr{^codec/int\w+\.c$},    # encodings of integers
	'vexpr/vexpr_node.h' => qr{^vexpr/vexpr\w*\.c$},    # kinds of expressions
);

# Folders in which functions are static through macros, and made for several
# instruction sets: only what a header declares counts as public.
my $kernels = qr{^(?:codec|vector|wire)/};

my $failed = 0;
my (%declared, %defined, %meaning);

foreach my $path (sort glob('src/*.[ch]'), glob('src/*/*.[ch]'))
{
	my $file = $path =~ s{^src/}{}r;
	my $text = read_code($path);
	if ($file =~ /\.h$/)
	{
		push @{ $declared{$_} }, $file foreach declarations($text);
	}
	else
	{
		$defined{$_} = $file foreach definitions($text);
	}
	$meaning{$_}{$file} = 1 foreach constants($text), tags($text);
}
check_definitions();
check_declarations();
foreach my $name (sort keys %meaning)
{
	my @files = sort keys %{ $meaning{$name} };
	report("$name is defined in @files") if @files > 1;
}
exit($failed ? 1 : 0);

sub check_definitions
{
	foreach my $name (sort keys %defined)
	{
		my $file = $defined{$name};
		my ($base) = $file =~ m{([^/]+)\.c$};

		next if $name =~ /^\Q$base\E(?:_|$)/;
		# what SQL and the server look up
		next if $name =~ /^rusts_/ || $name eq '_PG_init';
		next if $file =~ $kernels && !$declared{$name};
		report("src/$file: $name does not begin with ${base}_");
	}
}

sub check_declarations
{
	foreach my $name (sort keys %declared)
	{
		my $file = $defined{$name};
		foreach my $header (@{ $declared{$name} })
		{
			my $own = $header =~ s/h$/c/r;

			if (!defined $file)
			{
				report("src/$header: $name is declared and not defined");
				next;
			}
			next if $file eq $own;
			next if $family{$header} && $file =~ $family{$header};
			report("src/$header: $name is defined in src/$file");
		}
	}
}

sub declarations
{
	my ($text) = @_;
	my @names;

	while ($text =~ /^extern\s+([^;{}]+);/mg)
	{
		my $declaration = $1;
		push @names, $1 if $declaration =~ /^[\w\s*]*?\b(\w+)\s*\((?!\s*\*)/;
	}
	return @names;
}

# The lines above a body, from the first one after a blank line or a
# preprocessor's; those of a function made by a macro are the macro's.
sub definitions
{
	my ($text) = @_;
	my @names;

	while ($text =~ /((?:^(?!#)[^\n;{}]+\n)+)^\{/mg)
	{
		my $head = $1;
		next if $head =~ /\bstatic\b/ || $head !~ /^(\w+)\s*\(/m;
		push @names, $head =~ /^(\w+)\s*\(/mg;
	}
	return @names;
}

sub constants
{
	my ($text) = @_;
	my @names;

	while ($text =~ /\benum\b[^;{}()]*\{([^}]*)\}/g)
	{
		push @names, map { /^\s*(\w+)/ ? $1 : () } split /,/, $1;
	}
	return @names;
}

sub tags
{
	my ($text) = @_;
	return $text =~ /\b(?:struct|union|enum)\s+(\w+)\s*\{/g;
}

# Without comments, which take their lines' place.
sub read_code
{
	my ($file) = @_;
	local $/;
	open my $in, '<', $file or die "$file: $!\n";
	my $text = <$in>;
	close $in;
	$text =~ s{/\*.*?\*/}{ $& =~ s/[^\n]//gr }gse;
	$text =~ s/\\\n/ /g;
	return $text;
}

sub report
{
	print "$_[0]\n";
	$failed = 1;
}
