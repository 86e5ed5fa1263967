package app

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
)

// limitProcessors lets Go run on half of the cores, unless GOMAXPROCS in the environment says otherwise. GStreamer's threads,
// which decode, scale and encode, are not limited by this, and what Go does for a thousand viewers takes a third of a core. On
// all cores each access unit also wakes a thread that finds nothing to do.
//
// Measured on a virtual machine with 2 cores of an Intel Xeon and Go 1.26, with bench --only idle,undecoded, in two rounds each:
// a connected camera that nobody watches took 1.50 and 1.49 % of a core on one processor, and 1.73 and 1.94 % on both. A watched
// camera took the same, within the noise. Go derives its limit from a container's cgroup; half of that is used, and a later change
// of the cgroup is not followed.
func limitProcessors() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(max(1, runtime.GOMAXPROCS(0)/2))
	}
}

// collectSooner makes Go collect garbage when the heap has grown by 25 % instead of 100, unless GOGC in the environment says
// otherwise. Most of the heap is the buffers of cameras, which contain no pointers, so that collecting costs little.
//
// The heap of few cameras is so small that a quarter of it is filled many times a second. ballast counts as heap but is never
// touched, so that it takes no memory of the machine, and at least 8 MB come between two collections. A limit of GOMEMLIMIT grows by it.
//
// Measured on the same machine with bin/framegate and 64 cameras of bin/testcam (1920x1080, 4 Mbit/s, keyframes every two seconds)
// that nobody watches: with GOGC=100 233 MB and 7.7 % of a core, with 50 182 MB and 8.5 %,
// with 25 150 MB and 11.7 %. Eight cameras of 1280x720, whose JPEGs over HTTP are passed through to a viewer each, took 2.2 % of a
// core with the ballast, 3.4 % without it, and 2.3 % with GOGC=100.
func collectSooner() {
	if os.Getenv("GOGC") == "" {
		ballast = make([]byte, 32<<20)
		debug.SetGCPercent(25)
		if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64-int64(len(ballast)) {
			debug.SetMemoryLimit(limit + int64(len(ballast)))
		}
	}
}

// ballast is kept for as long as the process lives.
//
//lint:ignore U1000 it is never read
var ballast []byte
