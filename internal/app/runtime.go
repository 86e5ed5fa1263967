package app

import (
	"os"
	"runtime"
)

// ballast counts as a part of the heap but is never touched, so it takes no memory. Go collects garbage when the heap has doubled.
// Without ballast that is after a few megabytes, which a single camera that sends JPEGs makes twice a second; then the garbage
// collector took a tenth of framegate's time.
const ballast = 32 << 20

// limitProcessors lets Go run on half of the cores, unless GOMAXPROCS in the environment says otherwise. GStreamer's threads, which
// decode, scale and encode, are not limited by this, and what Go does for a thousand viewers takes a third of a core. On all cores
// each access unit and each picture also woke a thread that found nothing to do: a thirtieth of the cost of a live camera on two
// cores.
func limitProcessors() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(max(1, runtime.GOMAXPROCS(0)/2))
	}
}
