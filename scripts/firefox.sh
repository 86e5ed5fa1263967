#!/bin/sh
# Shows the demo's wall and a stream in Debian's Firefox, checks that both show moving pictures, and keeps screenshots of them.
#
#   firefox.sh [FOLDER]   by default bin/firefox
set -eu

cd "$(dirname "$0")/.."
mkdir -p "${1:-bin/firefox}"
SCREENSHOTS=$(cd "${1:-bin/firefox}" && pwd)
export SCREENSHOTS
scripts/install.sh build serve demo test
command -v firefox-esr >/dev/null || { echo "firefox.sh: it needs firefox-esr, which Debian has" >&2; exit 1; }
CGO_CFLAGS="$(scripts/cflags.sh)" go test ./cmd/framegate -count 1 -timeout 20m -run 'FirefoxShowsTheDemo|OtherBrowsers/firefox|BeforeTheNextOneComes/firefox'
echo "firefox.sh: look at $SCREENSHOTS/firefox-wall.png and firefox-stream.png"
