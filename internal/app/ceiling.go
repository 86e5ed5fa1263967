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
	idle     atomic.Int64 // what was resident when keep began, before cameras took any
	needed   atomic.Bool  // somebody has needed more memory than was left
	resident func() int64 // of the process, in bytes; 0 if it is not known
	close    func()       // ends resident
	giveBack func()       // gives memory back to the system
	interval time.Duration
	cameras  cameraMemory
	log      *slog.Logger

	since    time.Time // when the shortage began or the registry last reduced the memory of a camera; zero while memory suffices
	begin    int64     // what was resident then
	relieved time.Time // when the registry last reduced the memory of a camera
	left     int64     // what was resident when memory was last given back; 0 if a camera's memory has been reduced since
	again    time.Time // when memory is given back again even if no more is resident
	useless  int64     // the limit that the log has last called too low
	warned   time.Time // that nothing more can be done
}

// cameraMemory is what a ceiling needs of the registry.
type cameraMemory interface {
	HeldBytes() int64
	FreeUnused()
	Relieve(now time.Time, least int64) (done registry.Relief, ok bool)
	Resume(now time.Time, short bool) (extended bool)
}

func newCeiling(cameras cameraMemory, log *slog.Logger) *ceiling {
	c := &ceiling{cameras: cameras, log: log, interval: time.Second, resident: func() int64 { return 0 }, close: func() {}, giveBack: func() {
		debug.FreeOSMemory()
		pipeline.Trim()
	}}
	meter, err := memory.NewMeter()
	if err != nil {
		log.Error("max_memory has no effect", "error", err)
		return c
	}
	c.resident, c.close = meter.Resident, meter.Close
	return c
}

const (
	// relievePause is how long the end of a camera's connection and of its Pictures may take until more is done.
	relievePause = 5 * time.Second
	// patience is how long a shortage may take to end by itself before a camera is suspended that holds little: the memory of decoders
	// that have just ended comes back late on a busy machine.
	patience = 30 * time.Second
	// giveBackPause is the time until memory is given back again, unless more is resident: each time costs about as much as a
	// collection of Go's garbage.
	giveBackPause = time.Minute
	// warnInterval is the time between two warnings that nothing more can be done.
	warnInterval = time.Minute
	// watchfulness is how many times as often the memory is measured while more than half of the limit is taken. A decoder takes up to
	// a gigabyte a second.
	watchfulness = 20
)

// set sets the limit. Go's collector gets its own limit, unless GOMEMLIMIT in the environment says otherwise: what is beyond
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

// budget returns the limit in bytes, and what is resident now. The limit is 0 if there is none, or none that can be kept. If there is no
// room for what somebody needs, memory will be given back. Any goroutine may call it.
func (c *ceiling) budget(need int64) (limit, resident int64) {
	limit, resident = c.limit.Load(), c.resident()
	if limit <= c.idle.Load() {
		return 0, resident
	}
	if resident+need > limit {
		c.needed.Store(true)
	}
	return limit, resident
}

// keep keeps the limit until ctx is done.
func (c *ceiling) keep(ctx context.Context) {
	defer c.close()
	c.idle.Store(c.resident() - c.cameras.HeldBytes())
	next := time.NewTimer(c.interval)
	defer next.Stop()
	for {
		select {
		case now := <-next.C:
			c.check(now)
			next.Reset(c.pause())
		case <-ctx.Done():
			return
		}
	}
}

// pause is the time until the memory is measured again.
func (c *ceiling) pause() time.Duration {
	if limit := c.limit.Load(); limit > 0 && c.resident() > limit/2 {
		return c.interval / watchfulness
	}
	return c.interval
}

// check measures the memory once, and acts if it is above the limit. Cameras come back when a limit is kept with an eighth to spare.
func (c *ceiling) check(now time.Time) {
	limit, resident := c.limit.Load(), c.resident()
	short := limit > 0 && resident > limit-limit/8 && limit > c.idle.Load() && !c.beyondCameras(limit, resident)
	extended := c.cameras.Resume(now, short)
	needed := c.needed.Swap(false)
	switch {
	case limit == 0 || resident <= limit && !extended && !needed:
		c.since = time.Time{}
		return
	case now.Sub(c.relieved) < relievePause && resident <= c.begin+limit/16: // what was done takes effect
		return
	case resident <= c.left+limit/64 && now.Before(c.again):
		return
	}
	if resident > limit {
		c.cameras.FreeUnused()
	}
	c.giveBack()
	resident = c.resident()
	c.again, c.left = now.Add(giveBackPause), resident
	if resident <= limit {
		c.since = time.Time{}
		return
	}
	if c.since.IsZero() {
		c.since, c.begin = now, resident
	}
	c.relieve(now, limit, resident)
}

// least is how many bytes a camera must hold to be suspended now: an eighth of the limit at first, since one that holds less is probably
// not the cause of the shortage. After patience, or if more and more is resident although the last one that was suspended has ended, any
// camera may be suspended, unless all cameras together cannot make up for the shortage.
func (c *ceiling) least(now time.Time, limit, resident int64) int64 {
	if c.beyondCameras(limit, resident) {
		return limit / 8
	}
	if now.Sub(c.since) >= patience || resident > c.begin+limit/16 && now.Sub(c.relieved) >= relievePause {
		return 0
	}
	return limit / 8
}

// relieve has the registry reduce the memory of a camera, if that can help.
func (c *ceiling) relieve(now time.Time, limit, resident int64) {
	if limit <= c.idle.Load() {
		c.callUseless("max_memory is less than framegate takes without its cameras, so none is suspended", limit, resident)
		return
	}
	done, ok := c.cameras.Relieve(now, c.least(now, limit, resident))
	switch {
	case ok:
		c.relieved, c.left = now, 0
		c.since, c.begin = now, resident
		text := "large pictures of a camera end: max_memory is reached"
		if done.Suspended {
			text = "camera suspended: max_memory is reached"
		}
		c.log.Warn(text, "camera", done.Camera, "held_bytes", done.HeldBytes, "pause", done.Pause, "resident_bytes", resident, "limit_bytes", limit)
	case done.Spared && now.Sub(c.relieved) < relievePause:
		c.again = c.relieved.Add(relievePause)
	case done.Spared && c.beyondCameras(limit, resident):
		c.callUseless("more than max_memory is taken, and much more than the cameras hold, so none of those that hold little is suspended", limit, resident)
	case done.Spared:
		c.again = c.since.Add(patience)
	case now.Sub(c.warned) >= warnInterval:
		c.warned = now
		c.log.Error("max_memory is reached, and no further camera can be suspended", "resident_bytes", resident, "limit_bytes", limit)
	}
}

// callUseless logs, once for each limit, that suspending cameras does not keep it.
func (c *ceiling) callUseless(why string, limit, resident int64) {
	if c.useless != limit {
		c.useless = limit
		c.log.Error(why, "resident_bytes", resident, "limit_bytes", limit)
	}
}

// beyondCameras reports whether more than a limit would be taken without any camera. They may take twice what they are estimated to.
func (c *ceiling) beyondCameras(limit, resident int64) bool {
	return resident-2*c.cameras.HeldBytes() > limit
}
