#!/bin/sh
# Fails and says what to do if Go is missing or older than go.mod requires.
set -eu
wanted=$(sed -n 's/^go //p' "$(dirname "$0")/../go.mod")
if ! command -v go >/dev/null; then
	echo "Go is missing. Install Go $wanted or newer from https://go.dev/dl/ and put its bin folder into PATH." >&2
	exit 1
fi
have=$(GOTOOLCHAIN=local go env GOVERSION | sed 's/^go//; s/[-a-z].*//')
if [ "$(printf '%s\n%s\n' "$wanted" "$have" | sort -V | head -n 1)" != "$wanted" ]; then
	# Go 1.21 and later download the toolchain that go.mod names, unless that is turned off.
	if ! go version >/dev/null 2>&1; then
		echo "Go $have is too old. Install Go $wanted or newer from https://go.dev/dl/." >&2
		exit 1
	fi
fi
