#!/bin/sh
# Builds framegate and runs its tests on other releases, which have other versions of GStreamer, each in a folder of its own.
# It also cross-compiles framegate for arm64 and runs it in an emulator. The results are in docs/notes/versions.md. It needs root,
# on Debian for amd64, and Go.
#
#   versions.sh [jammy] [noble] [trixie] [arm64]    GStreamer 1.20, 1.24, 1.26, and 1.22 for arm64; by default all
#
# The folders, of about 2 GB each, are kept for the next time in FRAMEGATE_VERSIONS, by default /var/tmp/framegate-versions.
# The output of the tests is SUITE.log beside each.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/.." && pwd)
work=${FRAMEGATE_VERSIONS:-/var/tmp/framegate-versions}
[ "$(id -u)" = 0 ] || { echo "versions.sh needs root, for chroot" >&2; exit 1; }
PATH=$PATH:/usr/local/go/bin
cd "$source"
go mod download
goroot=$(go env GOROOT) modules=$(go env GOMODCACHE) version=$(git describe --always --dirty 2>/dev/null || echo development)

# inside runs a script in the system of a folder, with its own processes and mounts. $1 has options of unshare, $2 the folder,
# $3 the script.
inside() {
	ROOT=$2 GOROOT=$goroot MODULES=$modules unshare --mount --pid --fork --kill-child $1 sh -euc '
		mount -t proc proc "$ROOT/proc"
		mount --rbind /dev "$ROOT/dev"
		mount --bind -o ro "$GOROOT" "$ROOT/usr/local/go"
		mount --bind -o ro "$MODULES" "$ROOT/modules"
		exec chroot "$ROOT" /usr/bin/env -i HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/go/bin \
			GOMODCACHE=/modules GOCACHE=/gocache GOPROXY=off GOTOOLCHAIN=local VERSION="$1" \
			sh -euc "cd /src; $2"' sh "$version" "$3"
}

# prepare makes a folder with a release, the packages that install.sh expects, and a copy of this source.
prepare() {
	"$here/rootfs.sh" "$1" "$2" >"$2.log" 2>&1
	mkdir -p "$2/usr/local/go" "$2/modules"
	echo "127.0.0.1 localhost" >"$2/etc/hosts"
	rm -rf "$2/src"
	mkdir "$2/src"
	git ls-files -z --cached --others --exclude-standard | tar -c --null -T - | tar -x -C "$2/src"
	inside "" "$2" 'apt-get update && apt-get install -y --no-install-recommends make gcc libc6-dev ca-certificates' >>"$2.log" 2>&1
}

try_suite() {
	prepare "$1" "$work/$1"
	inside "" "$work/$1" 'scripts/install.sh build serve demo test' >>"$work/$1.log" 2>&1
	inside "" "$work/$1" '
		echo "$(. /etc/os-release; echo "$PRETTY_NAME"), GStreamer $(pkg-config --modversion gstreamer-1.0)," \
			"GLib $(pkg-config --modversion glib-2.0), gcc $(gcc -dumpfullversion), $(go env GOVERSION)"
		make build
		bin/framegate hardware'
	passed=true
	inside "" "$work/$1" 'make unit UNIT=-v' >>"$work/$1.log" 2>&1 || passed=false
	grep -E '^ok|^FAIL|^panic|^ *--- (FAIL|SKIP)|SKIPPED' "$work/$1.log"
	$passed
}

# try_arm64 builds with a cross-compiler, at full speed, and runs the result in an emulator. framegate starts itself again to
# try its plans, so the kernel must know the emulator. That is registered in a user namespace (since Linux 6.7), which leaves
# the machine unchanged, with the header of an ELF program for AArch64 and the mask of its bits that matter.
try_arm64() {
	root=$work/arm64
	prepare bookworm "$root"
	inside "" "$root" '
		dpkg --add-architecture arm64
		apt-get update
		apt-get install -y --no-install-recommends gcc-aarch64-linux-gnu libc6-dev-arm64-cross pkg-config qemu-user-static \
			libglib2.0-dev:arm64 libgstreamer1.0-dev:arm64 libgstreamer-plugins-base1.0-dev:arm64 \
			gstreamer1.0-plugins-base:arm64 gstreamer1.0-plugins-good:arm64 gstreamer1.0-plugins-bad:arm64 gstreamer1.0-libav:arm64' \
		>>"$root.log" 2>&1
	inside "" "$root" '
		export CC=aarch64-linux-gnu-gcc PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig
		CGO_ENABLED=1 GOARCH=arm64 go build -ldflags "-X main.version=$VERSION" -o bin/arm64/ ./cmd/framegate'
	inside "--user --map-root-user" "$root" '
		mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
		printf "%s" ":arm64:M::\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00:\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff:/usr/bin/qemu-aarch64-static:" \
			>/proc/sys/fs/binfmt_misc/register
		bin/arm64/framegate version
		bin/arm64/framegate check configs/example.yaml
		bin/arm64/framegate hardware'
}

mkdir -p "$work"
failed=
for suite in ${*:-jammy noble trixie arm64}; do
	echo "== $suite"
	case "$suite" in
	arm64) try=try_arm64 ;;
	*) try="try_suite $suite" ;;
	esac
	set +e # in a condition, the first failure would not end the subshell
	(set -e; $try)
	status=$?
	set -e
	if [ $status = 0 ]; then
		echo "== $suite: passed"
	else
		echo "== $suite: failed, see $work/$suite.log"
		failed="$failed $suite"
	fi
done
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
