#!/bin/sh
# Puts an OSDI-capable ngspice into DIR (default target/ngspice) and prints the path of the program.
#
# usage: tests/ngspice.sh [DIR]
#
# Debian's binaries are unpacked together with their own C library, so the system stays untouched,
# no root is needed and the host may be older than the suite they come from. A second run finds the
# first one's result and only prints the path; concurrent runs do not disturb each other.
#
# needs: Linux on x86-64 or arm64 with apt and dpkg (Debian or a relative), network or an apt mirror
# env:   NGSPICE_SUITE   Debian suite to take it from (default trixie)
#        NGSPICE_MIRROR  Debian mirror (default: the first one of the machine's own apt sources)
#
# Elsewhere install ngspice 40 or newer built with --enable-osdi and set GUMMEL_NGSPICE to it.
set -eu

fail() {
    echo "ngspice.sh: $1" >&2
    echo "ngspice.sh: install ngspice >= 40 with OSDI support by hand and set GUMMEL_NGSPICE=/path/to/ngspice" >&2
    exit 1
}

# The program is only as good as its answer: it must start and know the osdi command.
works() {
    [ -x "$1" ] || return 1
    probe=$(mktemp)
    printf 'title\n.control\nosdi /no/such/library\nquit\n.endc\n.end\n' > "$probe"
    answer=$("$1" -b "$probe" 2>&1 || true)
    rm -f "$probe"
    case $answer in
        *'no such command'*) return 1 ;;
        *'/no/such/library'*) return 0 ;;
        *) return 1 ;;
    esac
}

root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
dir=${1:-$root/target/ngspice}
mkdir -p "$(dirname "$dir")" || fail "cannot create $(dirname "$dir")"
dir=$(CDPATH='' cd "$(dirname "$dir")" && pwd)/$(basename "$dir")

if works "$dir/ngspice"; then
    echo "$dir/ngspice"
    exit 0
fi

# Only an empty folder or an earlier result may be replaced.
if [ -e "$dir" ] && [ ! -d "$dir/root/usr/share/ngspice" ] && [ -n "$(ls -A "$dir")" ]; then
    fail "$dir holds something else; name a new folder"
fi

for tool in apt-get apt-cache dpkg; do
    command -v $tool >/dev/null || fail "$tool is not on this machine"
done
case $(dpkg --print-architecture) in
    amd64) triplet=x86_64-linux-gnu ;;
    arm64) triplet=aarch64-linux-gnu ;;
    *) fail "no recipe for $(dpkg --print-architecture)" ;;
esac
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || fail "$keyring is missing (package debian-archive-keyring)"

# Debian mirror of the machine: new-style sources first, then old-style ones; security and others do not carry ngspice.
mirror=${NGSPICE_MIRROR:-}
[ -n "$mirror" ] || mirror=$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
    awk '/^URIs:/ && $2 ~ /debian/ && $2 !~ /security/ { print $2; exit }')
[ -n "$mirror" ] || mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /:\/\/.*debian/ && $i !~ /security/) { print $i; exit } }')
[ -n "$mirror" ] || mirror=http://deb.debian.org/debian
suite=${NGSPICE_SUITE:-trixie}

work=$dir.tmp.$$
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$work/apt/sources" "$work/apt/lists/partial" "$work/apt/cache/archives/partial" \
    "$work/debs" "$work/new/root" "$work/new/scripts" || fail "cannot write to $(dirname "$dir")"
cat > "$work/apt/sources/debian.sources" <<SOURCES
Types: deb
URIs: $mirror
Suites: $suite
Components: main
Signed-By: $keyring
SOURCES
apt="-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=$work/apt/sources
    -o Dir::State::lists=$work/apt/lists -o Dir::Cache=$work/apt/cache
    -o APT::Sandbox::User=$(id -un) -o Acquire::Languages=none -o Acquire::Retries=3
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
    -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false"

echo "ngspice.sh: fetching ngspice of Debian $suite from $mirror" >&2
# shellcheck disable=SC2086  # $apt is a list of options
apt-get $apt -o APT::Update::Error-Mode=any -qq update >&2 || fail "apt cannot read $mirror ($suite): is the network reachable?"
# shellcheck disable=SC2086
packages=$(apt-cache $apt depends --recurse --no-recommends --no-suggests --no-conflicts \
    --no-breaks --no-replaces --no-enhances ngspice |
    grep -E '^(ngspice|lib|zlib1g)' | grep -vE '^(libdebconf|libnewt|libdebian|libtextwrap|libslang)' | sort -u)
[ -n "$packages" ] || fail "$mirror ($suite) does not offer ngspice"
# shellcheck disable=SC2086
(cd "$work/debs" && apt-get $apt -qq download $packages >&2) || fail "a download from $mirror failed"
for deb in "$work"/debs/*.deb; do
    dpkg -x "$deb" "$work/new/root" || fail "cannot unpack $deb (disk full?)"
done
rm -rf "$work/new/root/usr/share/doc" "$work/new/root/usr/share/man"

# One thread: the decks here are single transistors, and results do not depend on the machine.
echo 'set num_threads=1' > "$work/new/scripts/spinit"
cat > "$work/new/ngspice" <<WRAPPER
#!/bin/sh
here=\$(dirname "\$(readlink -f "\$0")")
lib=\$here/root/usr/lib/$triplet
export SPICE_SCRIPTS="\$here/scripts"
exec "\$(ls "\$lib"/ld-linux-*.so.* | head -n 1)" --library-path "\$lib" "\$here/root/usr/bin/ngspice" "\$@"
WRAPPER
chmod +x "$work/new/ngspice"
works "$work/new/ngspice" || fail "the unpacked ngspice does not run: $(printf '%s' "$answer" | head -n 3)"

# Another run may have finished meanwhile; its result is as good as this one.
if ! works "$dir/ngspice"; then
    rm -rf "$dir"
    mv -T "$work/new" "$dir" 2>/dev/null || works "$dir/ngspice" || fail "cannot move the result to $dir"
fi
echo "$dir/ngspice"
