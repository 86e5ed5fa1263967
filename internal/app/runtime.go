package app

import (
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
//
// A heap ballast of 32 MB, which earlier versions had, made no difference: JPEGs of a camera passed through to a viewer took 0.97
// and 0.85 % of a core with it, and 0.90 and 0.84 % without.
func limitProcessors() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(max(1, runtime.GOMAXPROCS(0)/2))
	}
}

// collectSooner makes Go collect garbage when the heap has grown by 25 % instead of 100, unless GOGC in the environment says
// otherwise. Most of the heap is the buffers of cameras, which contain no pointers, so that collecting costs little.
//
// Measured on the same machine with bin/framegate and 64 cameras of bin/testcam (1920x1080, 4 Mbit/s, keyframes every two seconds)
// that nobody watches: with GOGC=100 233 MB and 7.7 % of a core, with 50 182 MB and 8.5 %,
// with 25 150 MB and 11.7 %.
func collectSooner() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(25)
	}
}
