package pipeline

import (
	"context"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/process"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/feed"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/plan"
	"github.com/framegate/framegate/pipeline/unit"
)

// corruptUnits is how many damaged access units of each codec are decoded. $CORRUPT_UNITS sets another number; `make corrupt`
// sets 100,000.
func corruptUnits(t *testing.T) int {
	text := os.Getenv("CORRUPT_UNITS")
	if text == "" {
		return 10_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// takeUnits takes n units of a source as its feed gives them, from a keyframe on.
func takeUnits(t *testing.T, url string, n int) (units []unit.Unit) {
	t.Helper()
	running := runFeed(t, camtest.Source(t, url))
	defer running.Stop()
	running.Stream(t)
	reader := running.Feed.Units().Reader()
	ctx, cancel := context.WithTimeout(t.Context(), camtest.Patience)
	defer cancel()
	for len(units) < n {
		u, err := reader.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		units = append(units, u)
	}
	return units
}

// TestCorruptedUnitsDoNotStopGoodPictures decodes units that are damaged in many ways, as fast as possible. Between them it
// decodes good units, which must give pictures from the next keyframe on.
func TestCorruptedUnitsDoNotStopGoodPictures(t *testing.T) {
	camtest.Long(t)
	const interval = 10 // units from keyframe to keyframe
	names := []testcam.Codec{testcam.H264, testcam.H265, testcam.MJPEG, testcam.MPEG4, testcam.VP8, testcam.VP9}
	var cameras []testcam.Camera
	for _, name := range names {
		cameras = append(cameras, testcam.Camera{Name: string(name), Codec: name, Width: 160, Height: 96, Loop: time.Second, KeyframeInterval: interval, FPS: 30})
	}
	server := camtest.Start(t, cameras...)
	good := map[string][]unit.Unit{}
	for _, name := range names {
		good[string(name)] = takeUnits(t, server.URL(string(name)), 3*interval)
	}
	av1, err := filepath.Abs("plan/samples/av1.mkv") // over RTSP it needs a depayloader that Debian 12 lacks
	if err != nil {
		t.Fatal(err)
	}
	good["av1"] = takeUnits(t, "file://"+av1, 25)
	t.Cleanup(func() {
		if peak, err := process.PeakMemory(os.Getpid()); err != nil || peak > 1<<20 {
			t.Errorf("the process took %d KiB of memory (%v), want at most 1 GiB", peak, err)
		}
	})
	for codec, units := range good {
		t.Run(codec, func(t *testing.T) {
			t.Parallel()
			name := fnv.New64()
			name.Write([]byte(codec))
			others := [][]unit.Unit{}
			for other, units := range good {
				if other != codec {
					others = append(others, units)
				}
			}
			slices.SortFunc(others, func(a, b []unit.Unit) int { return strings.Compare(a[0].Format.Caps, b[0].Format.Caps) })
			attack(t, units, others, corruptUnits(t), rand.New(rand.NewPCG(1, name.Sum64())))
		})
	}
}

// attack decodes n damaged units of a codec, and after each hundred of them good ones.
func attack(t *testing.T, good []unit.Unit, others [][]unit.Unit, n int, random *rand.Rand) {
	v := newVictim(t)
	began := time.Now()
	v.recovers(t, good)
	for i := 0; i < n; {
		for range 100 {
			data, key := damaged(good, others, random)
			v.push(t, data, key, good[0].Format)
			i++
		}
		v.recovers(t, good)
	}
	v.stop()
	t.Logf("%d damaged units in %v; %d were refused; %d of %d good GOPs gave no picture at once; pictures ended with %v",
		n, time.Since(began).Round(time.Millisecond), v.feed.Broken(), v.late, n/100, v.ends)
}

// damaged returns a unit that is damaged in a random way, and whether it is marked as a keyframe.
func damaged(good []unit.Unit, others [][]unit.Unit, random *rand.Rand) (data []byte, key bool) {
	u := good[random.IntN(len(good))] // not the next one: at least the order is wrong
	data, key = slices.Clone(u.Data), u.Key
	switch random.IntN(8) {
	case 0: // only reordered
	case 1: // truncated
		data = data[:random.IntN(len(data))]
	case 2: // without its beginning
		data = data[random.IntN(len(data)):]
	case 3: // of the wrong codec
		other := others[random.IntN(len(others))]
		data = other[random.IntN(len(other))].Data
	case 4: // empty, or of few bytes
		data = data[:min(len(data), random.IntN(4))]
	case 5: // noise
		for i := range data {
			data[i] = byte(random.Uint32())
		}
	case 6: // bits flipped in its first bytes, where sizes and types are
		for range 1 + random.IntN(3) {
			data[random.IntN(min(len(data), 40))] ^= 1 << random.IntN(8)
		}
	default: // bytes flipped anywhere
		for range 1 + len(data)/100 {
			data[random.IntN(len(data))] ^= byte(1 + random.IntN(255))
		}
	}
	return data, key
}

// victim is a camera whose units a test makes, and a viewer of it.
type victim struct {
	feed *Feed
	in   *feed.Intake
	slot *frame.Slot
	at   time.Time // when the next unit arrives, by the clocks of the camera and of this machine
	stop func()
	ends map[string]int // why pictures ended, and how often
	late int            // GOPs of good units that gave no picture
}

func newVictim(t *testing.T) *victim {
	camera, err := NewFeed(&plan.Machine{}, camtest.Source(t, "test://ball"))
	if err != nil {
		t.Fatal(err)
	}
	v := &victim{feed: camera, in: camera.NewIntake(func(frame.Stream) {}), slot: &frame.Slot{}, at: time.Now(), ends: map[string]int{}}
	ctx, cancel := context.WithCancel(t.Context())
	var showing sync.WaitGroup
	showing.Go(func() {
		for ctx.Err() == nil { // as the registry does, without pauses
			small := frame.Rendition{Width: 160, Height: 96, Quality: 80}
			err := camera.NewPicture([]frame.Output{{Rendition: small, Slot: v.slot}}).Run(ctx)
			if !errors.Is(err, context.Canceled) {
				v.ends[err.Error()]++
			}
		}
	})
	v.stop = func() {
		cancel()
		showing.Wait()
	}
	t.Cleanup(v.stop)
	return v
}

// push adds a unit and waits until the picture has taken it.
func (v *victim) push(t *testing.T, data []byte, key bool, format *unit.Format) {
	v.at = v.at.Add(40 * time.Millisecond)
	v.in.Unit(data, v.at.Sub(unit.Beginning), key, v.at, format)
	for deadline := time.Now().Add(camtest.Patience); !v.waits(); {
		if time.Now().After(deadline) {
			t.Fatalf("a unit was not taken: %x", data[:min(len(data), 100)])
		}
		time.Sleep(20 * time.Microsecond)
	}
}

// waits reports whether the picture waits for the next unit.
func (v *victim) waits() bool { return v.feed.Units().Awaited() }

// enough is how many units a picture pushes at most before it replaces a decoder that gives nothing.
const enough = 10

// recovers pushes GOPs of good units. The first keyframe must give a picture, or the second one if the damaged units left the
// decoder in a state in which it gives nothing for the first GOP and is replaced.
func (v *victim) recovers(t *testing.T, good []unit.Unit) {
	t.Helper()
	from := v.at.Sub(unit.Beginning)
	for range 2 {
		for i, u := range good {
			if i > enough && u.Key {
				break
			}
			v.push(t, u.Data, u.Key, u.Format)
		}
		if v.shows(from) {
			return
		}
		v.late++
	}
	t.Fatalf("no picture of the good units; pictures ended with %v", v.ends)
}

// shows waits for a picture that is as new as from.
func (v *victim) shows(from time.Duration) bool {
	for deadline := time.Now().Add(camtest.Patience / 2); time.Now().Before(deadline); time.Sleep(100 * time.Microsecond) {
		if f := v.slot.Newest(); f != nil && f.PTS >= from {
			return true
		}
	}
	return false
}
