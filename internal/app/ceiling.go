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
)

// ceiling keeps the resident memory of the process below max_memory: it gives memory back to the system, and if that is not enough,
// suspends the camera that takes the most. Otherwise the kernel would end the process, and with it all cameras.
type ceiling struct {
	limit    atomic.Int64 // in bytes; 0 for none
	resident func() int64 // of the process, in bytes; 0 if it is not known
	giveBack func()       // gives memory back to the system
	cameras  weighed
	log      *slog.Logger

	acted  time.Time // when memory was last given back, or a camera suspended
	warned time.Time // that there is no camera to suspend
}

// weighed is what a ceiling needs of the registry.
type weighed interface {
	Weigh(now time.Time)
	SuspendLargest(now time.Time) (id string, held int64, ok bool)
}

func newCeiling(cameras weighed, log *slog.Logger) *ceiling {
	return &ceiling{cameras: cameras, log: log, giveBack: func() {
		debug.FreeOSMemory()
		pipeline.Trim()
	}}
}

const (
	// ceilingInterval is how often the memory is measured.
	ceilingInterval = time.Second
	// ceilingPause is how long the end of a camera's connection and of its Pictures may take until the next one is suspended.
	ceilingPause = 5 * time.Second
	// warnInterval is the time between two warnings that there is no camera to suspend.
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
	tick := time.NewTicker(ceilingInterval)
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

// check measures the memory once, and acts if it is above the limit.
func (c *ceiling) check(now time.Time) {
	c.cameras.Weigh(now)
	limit := c.limit.Load()
	if limit == 0 || c.resident() <= limit || now.Sub(c.acted) < ceilingPause {
		return
	}
	c.acted = now
	c.giveBack()
	resident := c.resident()
	if resident <= limit {
		return
	}
	id, held, ok := c.cameras.SuspendLargest(now)
	switch {
	case ok:
		c.log.Warn("max_memory is reached", "resident_bytes", resident, "limit_bytes", limit, "suspended", id, "held_bytes", held)
	case now.Sub(c.warned) >= warnInterval:
		c.warned = now
		c.log.Error("max_memory is reached, and no further camera can be suspended", "resident_bytes", resident, "limit_bytes", limit)
	}
}
