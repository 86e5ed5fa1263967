#!/bin/sh
# Makes a folder with a minimal Debian or Ubuntu in it, unless it exists. It needs root, on Debian or Ubuntu.
#
#   rootfs.sh SUITE FOLDER    SUITE: bookworm, trixie (Debian 12, 13), jammy, noble (Ubuntu 22.04, 24.04)
#
# DEBIAN_MIRROR and UBUNTU_MIRROR choose mirrors. The default is the distribution's own, or for Debian that of this machine's
# packages if it runs Debian.
set -eu
suite=$1 folder=$2
[ ! -e "$folder/.complete" ] || exit 0

command -v debootstrap >/dev/null || { apt-get update -q && apt-get install -y -q --no-install-recommends debootstrap; }
case "$suite" in
jammy | noble)
	mirror=${UBUNTU_MIRROR:-http://archive.ubuntu.com/ubuntu} components=main,universe
	# Ubuntu's signing key, of which Debian 12 has no package.
	keys=/usr/share/keyrings/ubuntu-archive-keyring.gpg
	if [ ! -e "$keys" ]; then
		unpacked=$(mktemp -d)
		trap 'rm -rf "$unpacked"' EXIT
		package=$unpacked/keyring.deb
		/usr/lib/apt/apt-helper download-file "$mirror/pool/main/u/ubuntu-keyring/ubuntu-keyring_2021.03.26_all.deb" \
			"$package" SHA256:0d0e7ed6b112f5d03eabf3c7eb01ebdacf9c57714b279e90495cfc58c8c4520f
		dpkg-deb -x "$package" "$unpacked"
		keys=$unpacked$keys
	fi
	;;
*)
	own=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
	mirror=${DEBIAN_MIRROR:-${own:-http://deb.debian.org/debian}} components=main
	keys=/usr/share/keyrings/debian-archive-keyring.gpg
	;;
esac

rm -rf "$folder"
mkdir -p "$folder"
script=
# debootstrap has the same script for all of Ubuntu's releases. An older debootstrap lacks the newer names.
[ -e "/usr/share/debootstrap/scripts/$suite" ] || script=/usr/share/debootstrap/scripts/jammy
debootstrap --variant=minbase --keyring="$keys" --components="$components" "$suite" "$folder" "$mirror" $script >&2
echo "deb $mirror $suite-updates $(echo "$components" | tr , ' ')" >>"$folder/etc/apt/sources.list"
# Packages that are installed in the folder must not start services.
printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
chmod 755 "$folder/usr/sbin/policy-rc.d"
rm -rf "$folder/var/cache/apt/archives/"*.deb
touch "$folder/.complete"
