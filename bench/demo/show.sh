# show.sh: the demo's way of talking to a person.
#
# Source it.  Colour, bold and a moving progress bar on a terminal; plain
# lines, no control characters, when the output goes to a file or a pipe or
# NO_COLOR is set.
#
#   show_title TEXT           a step of the demo
#   show_note TEXT            a line of explanation
#   show_progress LABEL PERCENT [DETAIL]   bar on a terminal, else quarters
#   show_progress_end LABEL DETAIL
#   human BYTES               "12.3 MB"

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	SHOW_TTY=yes BOLD=$'\e[1m' DIM=$'\e[2m' GREEN=$'\e[32m' RED=$'\e[31m' PLAIN=$'\e[0m'
else
	SHOW_TTY=no BOLD= DIM= GREEN= RED= PLAIN=
fi
SHOW_STEP=0
SHOW_QUARTER=0

show_title() {
	SHOW_STEP=$((SHOW_STEP + 1))
	printf '\n%s%d. %s%s\n' "$BOLD" $SHOW_STEP "$1" "$PLAIN"
}

show_note() {
	printf '%s   %s%s\n' "$DIM" "$1" "$PLAIN"
}

show_progress() {
	local label=$1 percent=$2 detail=${3:-} filled
	[ "$percent" -le 100 ] || percent=100
	if [ $SHOW_TTY = yes ]; then
		filled=$((percent * 30 / 100))
		printf '\r   %-6s [%s%s] %3d %%  %s\e[K' "$label" \
			"$(printf '%*s' $filled '' | tr ' ' '#')" \
			"$(printf '%*s' $((30 - filled)) '' | tr ' ' '.')" "$percent" "$detail"
	elif [ $((percent / 25)) -gt $SHOW_QUARTER ]; then
		SHOW_QUARTER=$((percent / 25))
		printf '   %-6s %3d %%  %s\n' "$label" "$percent" "$detail"
	fi
}

show_progress_end() {
	SHOW_QUARTER=0
	[ $SHOW_TTY = no ] || printf '\r\e[K'
	printf '   %-6s %s\n' "$1" "$2"
}

human() {
	awk -v b="$1" 'BEGIN {
		split("B kB MB GB TB", unit, " ")
		for (i = 1; b >= 1024 && i < 5; i++) b /= 1024
		printf i == 1 ? "%d %s" : "%.1f %s", b, unit[i] }'
}
