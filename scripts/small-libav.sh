#!/bin/sh
# Builds libav from this release's source package, with only the decoders that cameras need, and prints its folder. The
# distribution's libav needs 230 MB of libraries, and this one of the same version has 12 MB. It is kept for the next time.
#
#   small-libav.sh    in FRAMEGATE_LIBAV, by default /var/tmp/framegate-libav
set -eu
version=$(dpkg-query -W -f '${source:Upstream-Version}\n' 'libavcodec[0-9]*' | grep . | tail -n 1)
dir=${FRAMEGATE_LIBAV:-/var/tmp/framegate-libav}/$version
if [ ! -e "$dir/.built" ]; then
	exec 3>&1 >&2
	rm -rf "$dir"
	mkdir -p "$dir/apt/lists/partial" "$dir/src"
	grep -q '^ID=debian' /etc/os-release || { echo "small-libav.sh: it needs Debian, for the source package of ffmpeg" >&2; exit 1; }
	command -v nasm >/dev/null || { echo "small-libav.sh: install nasm" >&2; exit 1; }
	# The source packages of this release, even if this machine's configuration does not list them.
	apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
		grep ' main$' | sort -u >"$dir/apt/sources.list"
	options="-o Dir::Etc::sourcelist=$dir/apt/sources.list -o Dir::Etc::sourceparts=/dev/null -o Dir::State::Lists=$dir/apt/lists
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache="
	apt-get $options update -q
	(cd "$dir" && apt-get $options source -q --download-only ffmpeg)
	tar -xf "$dir"/ffmpeg_*.orig.tar.[gx]z -C "$dir/src" --strip-components 1
	(
		cd "$dir/src"
		./configure --disable-everything --disable-programs --disable-doc --disable-network --disable-autodetect \
			--enable-shared --disable-static --enable-decoder=h264,hevc,vp9,mjpeg,mpeg4 --enable-parser=h264,hevc,vp9,mjpeg,mpeg4video
		make -s -j"$(nproc)"
	)
	find "$dir/src" -name 'lib*.so.*' -exec cp -t "$dir" {} +
	strip --strip-unneeded "$dir"/lib*.so.*
	rm -rf "$dir/src" "$dir/apt"
	touch "$dir/.built"
	exec >&3
fi
echo "$dir"
