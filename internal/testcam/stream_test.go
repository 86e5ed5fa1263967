package testcam_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/pion/rtp"
)

// viewer collects the access units of an H.264 camera.
type viewer struct {
	mu    sync.Mutex
	units [][][]byte
	times []uint32 // RTP, of units
	wall  []time.Time
	audio int // packets
}

// watch collects from a camera until the test ends.
func watch(t *testing.T, url string) *viewer {
	t.Helper()
	u, err := base.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	protocol := gortsplib.ProtocolTCP
	c := &gortsplib.Client{Scheme: u.Scheme, Host: u.Host, Protocol: &protocol}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	session, _, err := c.Describe(u)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetupAll(session.BaseURL, session.Medias); err != nil {
		t.Fatal(err)
	}
	v := &viewer{}
	var video *format.H264
	if media := session.FindFormat(&video); media != nil {
		decoder, err := video.CreateDecoder()
		if err != nil {
			t.Fatal(err)
		}
		c.OnPacketRTP(media, video, func(packet *rtp.Packet) { v.take(decoder, packet) })
	}
	var audio *format.G711
	if media := session.FindFormat(&audio); media != nil {
		c.OnPacketRTP(media, audio, func(*rtp.Packet) {
			v.mu.Lock()
			v.audio++
			v.mu.Unlock()
		})
	}
	if _, err := c.Play(nil); err != nil {
		t.Fatal(err)
	}
	return v
}

func (v *viewer) take(decoder *rtph264.Decoder, packet *rtp.Packet) {
	unit, err := decoder.Decode(packet)
	if err != nil {
		return // more packets follow, or the first is from the middle of a unit
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.units = append(v.units, slices.Clone(unit))
	v.times = append(v.times, packet.Timestamp)
	v.wall = append(v.wall, time.Now())
}

func (v *viewer) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.units)
}

// keyframes are the places of units with an IDR picture, and sizes the picture sizes of their SPS.
func (v *viewer) keyframes() (places []int, sizes []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i, unit := range v.units {
		if !h264.IsRandomAccess(unit) {
			continue
		}
		places = append(places, i)
		for _, nalu := range unit {
			var sps h264.SPS
			if h264.NALUType(nalu[0]&0x1F) == h264.NALUTypeSPS && sps.Unmarshal(nalu) == nil {
				sizes = append(sizes, fmt.Sprintf("%dx%d", sps.Width(), sps.Height()))
			}
		}
	}
	return places, sizes
}

func TestLoopRepeatsWithoutAGap(t *testing.T) {
	server := camtest.Start(t, testcam.Camera{Width: 160, Height: 96, FPS: 30, KeyframeInterval: 10, Loop: 500 * time.Millisecond})
	v := watch(t, server.URL("cam1"))
	camtest.Until(t, "three loops", func() bool { return v.count() > 60 })
	places, sizes := v.keyframes()
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range v.times[1:] {
		if step := v.times[i+1] - v.times[i]; step != 3000 {
			t.Errorf("unit %d is %d ticks after its predecessor, want 3000", i+1, step)
		}
	}
	for i := range places[1:] {
		if n := places[i+1] - places[i]; n != 10 {
			t.Errorf("%d frames from keyframe to keyframe, want 10", n)
		}
	}
	if len(sizes) != len(places) {
		t.Errorf("%d of %d keyframes carry an SPS", len(sizes), len(places))
	}
	took := v.wall[60].Sub(v.wall[0]).Seconds()
	if fps := 60 / took; fps < 25 || fps > 35 { // wide: the machine may be busy
		t.Errorf("%.1f fps, want 30", fps)
	}
}

func TestBFramesCarryTheTimeOfShowing(t *testing.T) {
	camera := tiny
	camera.BFrames = 2
	v := watch(t, camtest.Start(t, camera).URL("cam1"))
	camtest.Until(t, "two loops", func() bool { return v.count() > 55 })
	v.mu.Lock()
	defer v.mu.Unlock()
	shown := slices.Clone(v.times[:50])
	for i := range shown {
		shown[i] -= v.times[0] - 1<<20 // far from the wrap of the clock
	}
	if slices.IsSorted(shown) {
		t.Error("all units are sent in the order of showing: no B-frames")
	}
	slices.Sort(shown)
	// The last frames may lack some that are shown before them.
	for i := range shown[:40] {
		if step := shown[i+1] - shown[i]; step != 3600 {
			t.Errorf("%d ticks between two frames, want 3600", step)
		}
	}
}

func TestResizeKeepsTheConnection(t *testing.T) {
	server := camtest.Start(t, tiny)
	v := watch(t, server.URL("cam1"))
	last := func(size string) func() bool {
		return func() bool {
			_, sizes := v.keyframes()
			return len(sizes) > 0 && sizes[len(sizes)-1] == size
		}
	}
	camtest.Until(t, "the size as configured", last("160x96"))
	camtest.Do(t, server, "cam1", testcam.Resize, testcam.Options{Width: 354, Height: 202})
	camtest.Until(t, "the new size", last("354x202"))
	// Immediately, since the loop that is about to take over must not outlive the heal.
	camtest.Do(t, server, "cam1", testcam.Resize, testcam.Options{Width: 128, Height: 64})
	camtest.Do(t, server, "cam1", testcam.Heal, testcam.Options{})
	camtest.Until(t, "the size as configured again", last("160x96"))
	n := v.count()
	camtest.Until(t, "two more GOPs", func() bool { return v.count() > n+10 })
	if !last("160x96")() {
		t.Error("a resize came after the heal")
	}
}

func TestCorruptDamagesTheRequestedShare(t *testing.T) {
	camtest.Long(t)
	camera := tiny
	camera.KeyframeInterval = 1
	server := camtest.Start(t, camera)
	v := watch(t, server.URL("cam1"))
	camtest.Until(t, "two loops", func() bool { return v.count() >= 50 })
	v.mu.Lock()
	known := map[string]bool{}
	for _, unit := range v.units {
		known[string(bytes.Join(unit, nil))] = true
	}
	v.mu.Unlock()
	camtest.Do(t, server, "cam1", testcam.Corrupt, testcam.Options{Rate: 0.5})
	n := v.count() + 1
	camtest.Until(t, "two loops more", func() bool { return v.count() >= n+50 })
	v.mu.Lock()
	defer v.mu.Unlock()
	broken := 0
	for _, unit := range v.units[n : n+50] {
		if !known[string(bytes.Join(unit, nil))] {
			broken++
		}
	}
	if broken < 10 || broken > 40 { // of 50, in the mean 25: beyond this in one of 100,000 runs
		t.Errorf("%d of 50 units are damaged at a rate of 0.5", broken)
	}
}

func TestAudioIsSentWithAndWithoutVideo(t *testing.T) {
	both, only := tiny, tiny
	both.Audio, only.AudioOnly = true, true
	server := camtest.Start(t, both, only)
	v := watch(t, server.URL("cam1"))
	camtest.Until(t, "pictures and audio", func() bool {
		n := v.count()
		v.mu.Lock()
		defer v.mu.Unlock()
		return n > 5 && v.audio > 10
	})
	v = watch(t, server.URL("cam2"))
	camtest.Until(t, "audio", func() bool {
		v.mu.Lock()
		defer v.mu.Unlock()
		return v.audio > 10
	})
	if v.count() > 0 {
		t.Error("an audio-only camera sends pictures")
	}
	if err := server.Do(t.Context(), "cam2", testcam.Resize, testcam.Options{Width: 320, Height: 240}); err == nil {
		t.Error("an audio-only camera accepts a new size")
	}
	camtest.Do(t, server, "cam2", testcam.Heal, testcam.Options{})
}

func TestPortsAreReportedAndFreed(t *testing.T) {
	server, err := testcam.New(t.Context(), testcam.Config{Cameras: []testcam.Camera{tiny}, Listen: ":0", Control: ":0"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(server.URL("cam1"), "rtsp://127.0.0.1:") {
		t.Errorf("URL is %s", server.URL("cam1"))
	}
	if _, err := testcam.New(t.Context(), testcam.Config{Cameras: []testcam.Camera{tiny}, Listen: server.Address()}); err == nil {
		t.Error("two servers listen on one port")
	}
	server.Close()
	if err := server.Run(t.Context()); err == nil || errors.Is(err, t.Context().Err()) {
		t.Errorf("a closed server runs: %v", err)
	}
}
