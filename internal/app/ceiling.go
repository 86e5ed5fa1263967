package app

import (
	"context"
	"log/slog"
	"math"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/memory"
	"github.com/framegate/framegate/pipeline"
	"github.com/framegate/framegate/registry"
)

// ceiling keeps the resident memory of the process below max_memory: it gives memory back to the system, and if that is not enough,
// has the registry reduce what the camera with the most memory takes. Otherwise the kernel would end the process, and with it all
// cameras.
type ceiling struct {
	limit    atomic.Int64 // in bytes; 0 for none
	resident func() int64 // of the process, in bytes; 0 if it is not known
	giveBack func()       // gives memory back to the system
	interval time.Duration
	cameras  cameraMemory
	log      *slog.Logger

	idle     int64     // what was resident when keep began, before cameras took any
	relieved time.Time // when the registry last reduced the memory of a camera
	gaveBack time.Time // when memory was last given back
	left     int64     // what was resident then; 0 if a camera's memory has been reduced since
	useless  int64     // the limit that the log has last called too low
	warned   time.Time // that nothing more can be done
}

// cameraMemory is what a ceiling needs of the registry.
type cameraMemory interface {
	Held() int64
	FreeUnused()
	Relieve(now time.Time) (done registry.Relief, ok bool)
	Resume(now time.Time, short bool) (extended bool)
}

func newCeiling(cameras cameraMemory, log *slog.Logger) *ceiling {
	return &ceiling{cameras: cameras, log: log, interval: time.Second, giveBack: func() {
		debug.FreeOSMemory()
		pipeline.Trim()
	}}
}

const (
	// relievePause is how long the end of a camera's connection and of its Pictures may take until more is done.
	relievePause = 5 * time.Second
	// giveBackPause is the time until memory is given back again, unless more is resident: each time costs about as much as a
	// collection of Go's garbage.
	giveBackPause = time.Minute
	// warnInterval is the time between two warnings that nothing more can be done.
	warnInterval = time.Minute
)

// set sets the limit. Go's collector gets a limit of its own, unless GOMEMLIMIT in the environment says otherwise: what is beyond
// three quarters is left to GStreamer.
func (c *ceiling) set(limit configs.Memory) {
	bytes := limit.Of(memory.Available())
	if c.limit.Swap(bytes) == bytes || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	if bytes == 0 {
		debug.SetMemoryLimit(math.MaxInt64)
		return
	}
	debug.SetMemoryLimit(bytes/4*3 + int64(len(ballast))) // which counts as memory, but takes none
}

// keep keeps the limit until ctx is done.
func (c *ceiling) keep(ctx context.Context) {
	meter, err := memory.NewMeter()
	if err != nil {
		c.log.Error("max_memory has no effect", "error", err)
		return
	}
	defer meter.Close()
	c.resident = meter.Resident
	c.idle = c.resident() - c.cameras.Held()
	tick := time.NewTicker(c.interval)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			c.check(now)
		case <-ctx.Done():
			return
		}
	}
}

// check measures the memory once, and acts if it is above the limit. Cameras come back when a limit is kept with an eighth to spare.
func (c *ceiling) check(now time.Time) {
	limit, resident := c.limit.Load(), c.resident()
	short := limit > 0 && resident > limit-limit/8 && !c.tooLow(limit, resident)
	extended := c.cameras.Resume(now, short)
	switch {
	case limit == 0 || resident <= limit && !extended:
		return
	case now.Sub(c.relieved) < relievePause:
		return
	case resident <= c.left+limit/64 && now.Sub(c.gaveBack) < giveBackPause:
		return
	}
	if resident > limit {
		c.cameras.FreeUnused()
	}
	c.giveBack()
	resident = c.resident()
	c.gaveBack, c.left = now, resident
	if resident <= limit {
		return
	}
	c.relieve(now, limit, resident)
}

// relieve has the registry reduce the memory of a camera, if that can help.
func (c *ceiling) relieve(now time.Time, limit, resident int64) {
	if c.tooLow(limit, resident) {
		if c.useless != limit {
			c.useless = limit
			c.log.Error("max_memory is less than framegate takes without its cameras, so none is suspended", "resident_bytes", resident, "limit_bytes", limit)
		}
		return
	}
	done, ok := c.cameras.Relieve(now)
	switch {
	case ok:
		c.relieved, c.left = now, 0
		text := "large pictures of a camera end: max_memory is reached"
		if done.Suspended {
			text = "camera suspended: max_memory is reached"
		}
		c.log.Warn(text, "camera", done.Camera, "held_bytes", done.Held, "pause", done.Pause, "resident_bytes", resident, "limit_bytes", limit)
	case now.Sub(c.warned) >= warnInterval:
		c.warned = now
		c.log.Error("max_memory is reached, and no further camera can be suspended", "resident_bytes", resident, "limit_bytes", limit)
	}
}

// tooLow reports whether a limit cannot be kept even without cameras. They may take twice what they are estimated to.
func (c *ceiling) tooLow(limit, resident int64) bool {
	return limit <= c.idle || resident-2*c.cameras.Held() > limit
}
