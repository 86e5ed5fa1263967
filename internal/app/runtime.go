package app

import (
	"os"
	"runtime"
)

// ballast is counted as a part of the heap and never touched, so it takes no memory. Go collects garbage when the heap has
// grown by as much as it holds: without ballast that is a few megabytes, and a single camera that sends JPEGs makes them
// twice a second. Then collecting was a tenth of all that framegate did.
const ballast = 32 << 20

// fewProcessors lets Go run on half of the cores, unless the environment's GOMAXPROCS says otherwise. Decoding, scaling and
// encoding are done by threads of GStreamer, which this does not bound; what Go does for a thousand viewers takes a third of
// a core. With all cores each access unit and each picture also woke a thread that looked for more to do and found
// nothing: a thirtieth of what a live camera costs on two cores.
func fewProcessors() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(max(1, runtime.GOMAXPROCS(0)/2))
	}
}
