#!/bin/sh
# Installs the packages of Debian or Ubuntu that framegate needs. It does nothing if all are installed.
#
#   install.sh SET...
#
#   build  what the build needs
#   serve  what framegate needs to serve
#   demo   the encoders of the demo's cameras and of every other test camera; some are under the GPL
#   test   what the tests need besides: browsers, a foreign RTSP server, Python with Django and mypy, Node.js, PHP, systemd-analyze,
#          nginx, Caddy and clang-format,
#          and from npm axe-core, which looks for what keeps people from using the pages
#   bench  what the benchmark compares framegate with: gst-launch, ffmpeg, OpenCV and Django
set -eu

build="pkg-config libglib2.0-dev libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev"
serve="gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-x
	gstreamer1.0-libav glib-networking ca-certificates fonts-dejavu-core"
demo="gstreamer1.0-plugins-ugly"
test="gstreamer1.0-tools gstreamer1.0-rtsp gir1.2-gst-rtsp-server-1.0 python3-gi python3-numpy python3-django mypy chromium firefox-esr
	systemd clang-format nginx caddy nodejs php-cli"
bench="gstreamer1.0-tools ffmpeg python3-opencv python3-django"

command -v npm >/dev/null || test="$test npm" # which comes with other packages of Node.js

# install_axe installs the version of axe-core that the lock file names, unless it is there. Without it, a test is skipped.
install_axe() {
	axe=$(dirname "$0")/../cmd/framegate/testdata/axe
	[ "$axe/node_modules/.package-lock.json" -nt "$axe/package-lock.json" ] && return
	npm ci --prefix "$axe" --ignore-scripts --no-audit --no-fund || echo "axe-core cannot be installed, so its test is skipped" >&2
}

wanted=
for name in "${@:-none}"; do
	case $name in
	build) wanted="$wanted $build" ;;
	serve) wanted="$wanted $serve" ;;
	demo) wanted="$wanted $demo" ;;
	test) wanted="$wanted $test" ;;
	bench) wanted="$wanted $bench" ;;
	*) echo "usage: install.sh [build|serve|demo|test|bench]..." >&2; exit 2 ;;
	esac
done

if ! command -v apt-get >/dev/null; then
	echo "This is not Debian or Ubuntu: install the equivalents of" $wanted >&2
	exit 0
fi

lacking=
for package in $wanted; do
	if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
		# Ubuntu has browsers as snaps only, which the tests cannot use: they skip them there.
		case $package in chromium | firefox-esr) if grep -q '^ID=ubuntu' /etc/os-release; then continue; fi ;; esac
		lacking="$lacking $package"
	fi
done
case " $* " in *" test "*) trap '[ $? = 0 ] && install_axe' EXIT ;; esac
[ -n "$lacking" ] || exit 0

root=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "As root, install:$lacking" >&2
		exit 1
	fi
	root=sudo
fi
echo "installing with apt-get:$lacking"
$root env DEBIAN_FRONTEND=noninteractive apt-get update -q
$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $lacking
