# chroot.sh: Debian systems in folders, one for each version of PostgreSQL.
#
# Source it after setup.sh.  Debian 12 has PostgreSQL 15 alone; 17 and 18 come
# with later suites, which are set up below CHROOTS once and used again.  They
# stay outside the checkout; to have them made anew, remove them.  All of it
# needs root, or sudo.
#
#   chroot_suite VERSION        print the suite that has it; fails if none has
#   chroot_debootstrap          install what sets up a system, if need be
#   chroot_setup VERSION        make the folder unless it is there
#   chroot_copy VERSION         copy this checkout into it, as /src/main, with
#                               what earlier builds left there; ../shared is
#                               mounted while something runs
#   chroot_run VERSION CMD...   run a command in /src/main, with none of the
#                               caller's variables
#
# A command runs in namespaces of its own for mounts and processes, so nothing
# stays mounted, and no server running, however it ends.

CHROOTS=${CHROOTS:-/var/tmp/rusts-chroots}
CHROOT_MIRROR=${CHROOT_MIRROR:-http://deb.debian.org/debian}

chroot_suite() {
	case $1 in
		17) echo trixie ;;
		18) echo sid ;;
		*)
			echo "No suite of Debian has PostgreSQL $1." >&2
			return 1 ;;
	esac
}

# Not where systems are run by several at once: apt has a lock.
chroot_debootstrap() {
	command -v debootstrap >/dev/null || [ -x /usr/sbin/debootstrap ] || {
		setup_apt update && setup_apt install -y --no-install-recommends debootstrap
	}
}

# Complete, or not there: it gets its name at the end.
chroot_setup() {
	local folder=$CHROOTS/$1 suite log
	[ ! -d "$folder" ] || return 0
	suite=$(chroot_suite "$1") || return 1
	setup_as_root rm -rf "$folder.new" && setup_as_root mkdir -p "$CHROOTS" || return 1
	log=$(mktemp)
	if ! setup_as_root env PATH="$PATH:/usr/sbin:/sbin" debootstrap --variant=minbase \
		--include=ca-certificates "$suite" "$folder.new" "$CHROOT_MIRROR" >"$log" 2>&1; then
		tail -n 5 "$log" >&2
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
	# the list of a suite that is never released may be older than it says
	[ "$suite" != sid ] || echo 'Acquire::Check-Valid-Until "false";' |
		setup_as_root tee "$folder.new/etc/apt/apt.conf.d/99rusts" >/dev/null
	setup_as_root mkdir -p "$folder.new/src/main" "$folder.new/src/shared"
	setup_as_root mv "$folder.new" "$folder"
}

# Files that are as they were keep their times, so that what was built of them
# is still good; what is gone here goes there.
chroot_copy() {
	local src=$CHROOTS/$1/src
	setup_as_root rm -rf "$src/new" && setup_as_root mkdir -p "$src/new" || return 1
	git ls-files -z --cached --others --exclude-standard |
		tar -c --null --ignore-failed-read -T - -f - 2>/dev/null |
		setup_as_root tar -x -m --no-same-owner -f - -C "$src/new" || return 1
	setup_as_root bash -c '
		cd "$1/new" || exit 1
		find . -type f -print0 | while IFS= read -r -d "" file; do
			cmp -s "$file" "../main/$file" && continue
			mkdir -p "../main/${file%/*}" && mv "$file" "../main/$file.copy" &&
				mv "../main/$file.copy" "../main/$file" && : >"$file" || exit 1
		done || exit 1
		cd ../main || exit 1
		find . -type f ! -name "*.[od]" ! -name "*.so" ! -name "*.bc" ! -path "*/build/*" -print0 |
			while IFS= read -r -d "" file; do
				[ -e "../new/$file" ] || rm -f "$file"
			done
		rm -rf ../new' bash "$src"
}

chroot_run() {
	local folder=$CHROOTS/$1 shared=
	shift
	[ ! -d ../shared ] || shared=$(cd ../shared && pwd -P)
	setup_as_root cp /etc/resolv.conf "$folder/etc/resolv.conf"
	setup_as_root unshare --mount --pid --fork --kill-child bash -c '
		folder=$1 shared=$2
		shift 2
		mount -t proc proc "$folder/proc" && mount --rbind /dev "$folder/dev" &&
			mount -t tmpfs -o size=4g,mode=1777 tmpfs "$folder/dev/shm" || exit 1
		[ -z "$shared" ] || mount --bind -o ro "$shared" "$folder/src/shared" || exit 1
		exec chroot "$folder" env -i HOME=/root LC_ALL=C \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			bash -c "cd /src/main && exec \"\$@\"" bash "$@"' \
		bash "$folder" "$shared" "$@"
}
