#!/bin/sh
# Copies what a framegate needs of this system into a folder, at the same paths: the libraries that it is linked with, the
# plugins of GStreamer that it uses with their libraries, fonts and certificates. More than half of the packages' content is
# for other uses.
#
#   needed.sh PRESENT FOLDER PROGRAM [PACKAGE]...    PACKAGEs are copied whole
#
# The encoders of the demo's cameras, which are under the GPL, are copied only if DEMO is not empty. The files that PRESENT
# lists are not copied: it is the output of find / -xdev -printf '%p %s %Ts\n' before the packages were installed.
set -eu
export LC_ALL=C
present=$1 folder=$2 program=$3
shift 3

# Names differ between versions of GStreamer. Those that are missing are skipped.
plugins="coreelements app playback typefindfunctions videoconvert videoscale videoconvertscale videotestsrc pango
	rtsp rtp rtpmanager rtponvif udp srtp
	matroska isomp4 avi flv ogg ivfparse mpegtsdemux mpegpsdemux videoparsersbad jpegformat
	libav jpeg png webp vpx aom dav1d openh264 de265 videofilter video4linux2
	nvcodec va qsv v4l2codecs"
[ -z "${DEMO:-}" ] || plugins="$plugins x264 x265"

# files lists the needed files without the libraries that they are linked with.
files() {
	for plugin in $plugins; do ls /usr/lib/*/gstreamer-1.0/libgst"$plugin".so 2>/dev/null || true; done
	ls /usr/lib/*/gstreamer1.0/gstreamer-1.0/gst-plugin-scanner /usr/lib/*/gio/modules/libgiognutls.so
	# The cryptography of libsrtp, which libnss3 loads at run time.
	find /usr/lib -name 'libsoftokn3.*' -o -name 'libfreebl*'
	find /usr/share/fonts /etc/fonts /etc/ssl/certs /usr/share/ca-certificates ! -type d
	if [ -d /usr/share/fontconfig ]; then find /usr/share/fontconfig ! -type d; fi # not in Ubuntu 22.04
	for package; do
		dpkg -L "$package" | while read -r file; do if [ -f "$file" ]; then echo "$file"; fi; done
	done
}

# libraries lists the files in the output of ldd.
libraries() { sed -n 's/.* => \(\/[^ ]*\) .*/\1/p'; }

# linked adds the libraries of programs and libraries.
linked() {
	while read -r file; do
		echo "$file"
		case $file in
		*.so | *.so.* | *scanner) ldd "$file" | libraries ;;
		esac
	done
}

# links adds the targets of symbolic links, and names each file by its real folder.
links() {
	while read -r file; do
		while :; do
			file=$(readlink -f "$(dirname "$file")")/$(basename "$file")
			echo "$file"
			target=$(readlink "$file") || break
			case $target in
			/*) file=$target ;;
			*) file=$(dirname "$file")/$target ;;
			esac
		done
	done
}

mkdir -p "$folder"
files "$@" >/tmp/files
ldd "$program" | libraries >>/tmp/files
linked </tmp/files | sort -u | links | sort -u >/tmp/needed-files
xargs -d '\n' -a /tmp/needed-files stat -c '%n %s %Y' | sort >/tmp/listed
sort "$present" | comm -13 - /tmp/listed | sed 's/ [0-9]* [0-9]*$//' >/tmp/copied
xargs -d '\n' -a /tmp/copied cp -a --parents -t "$folder"

# The licence of each package, and its version where scanners of images look for it.
mkdir -p "$folder/var/lib/dpkg/status.d"
# A library in /usr/lib may still be listed by its package in /lib.
sed 'p; s,^/usr,,' /tmp/copied | xargs -d '\n' dpkg -S 2>/dev/null | sed 's/: .*//; s/, /\n/g' | sort -u | while read -r package; do
	name=${package%:*}
	dpkg-query -s "$package" >"$folder/var/lib/dpkg/status.d/$name"
	if [ -f "/usr/share/doc/$name/copyright" ]; then
		mkdir -p "$folder/usr/share/doc/$name"
		cp -L "/usr/share/doc/$name/copyright" "$folder/usr/share/doc/$name/"
	fi
done
