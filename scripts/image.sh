#!/bin/sh
# Builds the image from the Dockerfile, runs it with one test camera per codec, and checks it as a client would.
#
#   image.sh [VERSION]
#
# It uses docker or podman if one of them works. Otherwise, as root on Debian or Ubuntu, it uses buildah, without a daemon or a
# registry: debootstrap makes the base image, and Go and the modules come from this machine.
#
# Environment:
#
#   FRAMEGATE_IMAGE       the folder for buildah's storage and all temporary files, by default /var/tmp/framegate-image. It
#                         caches every step of a build, so it grows by some GB with each change. It may be removed at any time
#   SUITE                 the release of Debian or Ubuntu to build on, by default bookworm
#   RUNTIME DRIVERS DEMO  build arguments of the Dockerfile
#   APT_CONF_D            a folder whose files are added to apt's configuration in the base image, such as a proxy
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
PATH=$PATH:/usr/local/go/bin
version=${1:-development}
suite=${SUITE:-bookworm}
work=${FRAMEGATE_IMAGE:-/var/tmp/framegate-image}
image=framegate
config=$work/config log=$work/log

engine=
for candidate in docker podman; do
	if $candidate info >/dev/null 2>&1; then engine=$candidate; break; fi
done

# build makes the image. start runs it on a free port of the host's network, where the test cameras listen on 127.0.0.1. inside
# runs a command in the container. stop ends the container with SIGTERM, and fails if the exit status of framegate is not 0.
if [ -n "$engine" ]; then
	build() { $engine build -t $image "$@" .; }
	start() {
		container=$($engine run -d --network host --read-only --tmpfs /tmp --cap-drop ALL -v "$config:/etc/framegate:ro" \
			$image serve --listen 127.0.0.1:0)
		$engine logs -f "$container" >"$log" 2>&1 &
	}
	inside() { $engine exec "$container" "$@"; }
	stop() {
		$engine stop "$container" >/dev/null
		status=$($engine inspect -f '{{.State.ExitCode}}' "$container")
		$engine rm "$container" >/dev/null
		return "$status"
	}
	size() { $engine images --format '{{.Size}}' $image; }
else
	[ "$(id -u)" = 0 ] || { echo "image.sh needs docker or podman, or root" >&2; exit 1; }
	command -v buildah >/dev/null || { apt-get update -q && apt-get install -y -q --no-install-recommends buildah; }

	# b runs buildah with a storage of its own.
	b() { buildah --root "$work/storage" --runroot "$work/run" "$@"; }

	# import makes an image from a folder.
	import() {
		from=$(b from scratch)
		b add -q "$from" "$2" "$3" >/dev/null
		b commit -q --rm "$from" "$1" >/dev/null
	}

	# slim removes the files that Debian's slim images leave out.
	slim() {
		for folder in man info locale groff lintian linda; do
			echo "path-exclude /usr/share/$folder/*"
			rm -rf "$1/usr/share/$folder"
		done >"$1/etc/dpkg/dpkg.cfg.d/slim"
		printf '%s\n' 'path-exclude /usr/share/doc/*' 'path-include /usr/share/doc/*/copyright' >>"$1/etc/dpkg/dpkg.cfg.d/slim"
		find "$1/usr/share/doc" ! -type d ! -name copyright -delete
		rm -rf "$1/var/lib/apt/lists/"* "$1/var/cache/apt/"* "$1/var/log/"*
	}

	build() {
		if ! b inspect "base-$suite" >/dev/null 2>&1; then
			"$here/rootfs.sh" "$suite" "$work/$suite"
			slim "$work/$suite"
			[ -z "${APT_CONF_D:-}" ] || cp -r "$APT_CONF_D/." "$work/$suite/etc/apt/apt.conf.d/"
			import "base-$suite" "$work/$suite" /
		fi
		b inspect go >/dev/null 2>&1 || import go "$(go env GOROOT)" /usr/local/go
		# The modules are downloaded here, where the network is set up. Go's build cache is kept for the next build.
		go mod download
		mkdir -p "$work/compiled-$suite"
		b build --isolation chroot --format docker --layers --pull-never -t $image "$@" \
			--volume "$(go env GOMODCACHE):/root/go/pkg/mod:ro" --volume "$work/compiled-$suite:/root/.cache/go-build" \
			--build-arg BASE="localhost/base-$suite" --build-arg GO=localhost/go --build-arg GOPROXY=off .
	}
	start() {
		container=$(b from --pull-never localhost/$image)
		b run --isolation chroot --volume "$config:/etc/framegate:ro" "$container" -- \
			sh -c 'echo $$ >/tmp/pid; exec framegate serve --listen 127.0.0.1:0' >"$log" 2>&1 &
		running=$!
	}
	inside() { b run --isolation chroot "$container" -- "$@"; }
	stop() {
		kill "$(inside cat /tmp/pid)"
		status=0
		wait "$running" || status=$?
		b rm "$container" >/dev/null
		return "$status"
	}
	size() { b images --format '{{.Size}}' localhost/$image; }
fi

# until_line waits until a line of a file matches a pattern, and prints the line.
until_line() {
	for _ in $(seq 600); do
		if line=$(grep -s -m 1 "$1" "$2"); then echo "$line"; return; fi
		sleep 0.1
	done
	echo "no line of $2 matches '$1'" >&2
	return 1
}

rm -rf "$config" "$log"
mkdir -p "$config"
build --build-arg VERSION="$version" --build-arg RUNTIME="${RUNTIME:-small}" --build-arg DRIVERS="${DRIVERS:-}" \
	--build-arg DEMO="${DEMO:-}"
echo "image size: $(size)"

CGO_CFLAGS="$("$(dirname "$0")/cflags.sh")" go build -o "$work/imagecheck" ./tools/imagecheck
"$work/imagecheck" cameras "$config" &
cameras=$!
trap 'kill $cameras' EXIT
until_line '^cameras:' "$config/framegate.yaml" >/dev/null
start
trap 'kill $cameras; stop; cat "$log"' EXIT
url=$(until_line 'msg=serving' "$log" | sed 's,.*url=\([^ ]*\)/ .*,\1,')
"$work/imagecheck" look "$url"
if [ -z "${DEMO:-}" ] && inside sh -c 'ls /usr/lib/*/gstreamer-1.0/libgstx26*.so' 2>/dev/null; then
	echo "the image has the encoders of the demo" >&2
	exit 1
fi
inside framegate version
inside framegate health "$url"
inside framegate hardware
user=$(inside id)
echo "user in the container: $user"
case $user in uid=0*) exit 1 ;; esac
trap 'kill $cameras' EXIT
stop
