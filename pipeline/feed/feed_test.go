package feed

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
	"github.com/framegate/framegate/pipeline/unit"
)

var tiny = testcam.Camera{Width: 160, Height: 96, Loop: time.Second, KeyframeInterval: 5}

// runFeed runs the feed of a source until the test ends.
func runFeed(t testing.TB, src configs.Source) *camtest.Running[*Feed] {
	t.Helper()
	feed, err := New(src)
	if err != nil {
		t.Fatal(err)
	}
	return camtest.Run(t, feed)
}

// next waits for the next unit of a feed.
func next(t testing.TB, units *unit.Reader) unit.Unit {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), camtest.Patience)
	defer cancel()
	u, err := units.Next(ctx)
	if err != nil {
		t.Fatal("no unit: ", err)
	}
	return u
}

func TestEverySchemeOfTheConfigurationHasAReader(t *testing.T) {
	if known := slices.Sorted(maps.Keys(kinds)); !slices.Equal(known, configs.Schemes()) {
		t.Errorf("kinds of source for %v, but a configuration may use %v", known, configs.Schemes())
	}
}

func TestRTSPFaultsHaveTheirOwnReasons(t *testing.T) {
	locked, sound, busy := tiny, tiny, tiny
	locked.Name, locked.Username, locked.Password = "locked", "admin", "right"
	sound.Name, sound.AudioOnly = "sound", true
	busy.Name = "busy"
	server := camtest.Start(t, tiny, locked, sound, busy)
	camtest.Do(t, server, "busy", testcam.Refuse, testcam.Options{})
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts and says nothing
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() }) // after the parallel tests
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()

	host := server.Address()
	quick := camtest.Source(t, "rtsp://"+silent.Addr().String()+"/x")
	quick.ConnectTimeout = time.Second
	for name, c := range map[string]struct {
		src    configs.Source
		reason frame.Reason
		part   string
	}{
		"wrong password":  {camtest.Source(t, "rtsp://admin:hunter2@"+host+"/locked"), frame.Unauthorized, "401 from " + host + ": check username and password"},
		"no password":     {camtest.Source(t, "rtsp://"+host+"/locked"), frame.Unauthorized, "401 from " + host},
		"wrong path":      {camtest.Source(t, "rtsp://"+host+"/nowhere"), frame.NotFound, "404 from " + host + ": it has no stream /nowhere"},
		"secret in query": {camtest.Source(t, "rtsp://"+host+"/nowhere?user=admin&password=hunter2"), frame.NotFound, "it has no stream /nowhere"},
		"secret in path":  {camtest.Source(t, "rtsp://"+host+"/user=admin&password=hunter2"), frame.NotFound, "404 from " + host},
		"launch syntax":   {camtest.Source(t, "rtsp://"+host+"/cam1!%20filesink%20location=x"), frame.NotFound, "404 from " + host},
		"busy":            {camtest.Source(t, "rtsp://"+host+"/busy"), frame.Refused, "503 Service Unavailable from " + host},
		"closed port":     {camtest.Source(t, "rtsp://"+closed.Addr().String()+"/x"), frame.Unreachable, "connection refused"},
		"unknown name":    {camtest.Source(t, "rtsp://camera.invalid/x"), frame.Unreachable, "camera.invalid"},
		"silent server":   {quick, frame.TimedOut, "no picture within 1s"},
		"audio only":      {camtest.Source(t, "rtsp://"+host+"/sound"), frame.NoVideo, "sends audio only, no video"},
		"missing file":    {camtest.Source(t, "file:///nowhere/video.mp4"), frame.NotFound, "no such file"},
		"missing device":  {camtest.Source(t, "v4l2:///dev/video99"), frame.NotFound, "no camera at /dev/video99"},
		"file of no kind": {camtest.Source(t, "file://"+textFile(t)), frame.NoVideo, "not a video"},
	} {
		for _, reader := range rtspReaders {
			c.src.Reader = reader
			t.Run(name+" by "+string(reader), func(t *testing.T) {
				t.Parallel()
				runFeed(t, c.src).Fails(t, c.reason, c.part)
			})
			if c.src.URL.Scheme != "rtsp" {
				break
			}
		}
	}
}

var rtspReaders = []configs.Reader{configs.Builtin, configs.RTSPSrc}

// TestEveryCodecIsReadByBothReaders of RTSP, over TCP and UDP.
func TestEveryCodecIsReadByBothReaders(t *testing.T) {
	codecs := []testcam.Codec{testcam.H264, testcam.H265, testcam.MJPEG, testcam.MPEG4, testcam.VP8, testcam.VP9}
	var cameras []testcam.Camera
	for _, codec := range codecs {
		camera := tiny
		camera.Name, camera.Codec = string(codec), codec
		cameras = append(cameras, camera)
	}
	server := camtest.Start(t, cameras...)
	for _, codec := range codecs {
		for _, reader := range rtspReaders {
			for _, transport := range []configs.Transport{configs.TCP, configs.UDP} {
				t.Run(fmt.Sprintf("%s by %s over %s", codec, reader, transport), func(t *testing.T) {
					t.Parallel()
					src := camtest.Source(t, server.URL(string(codec)))
					src.Reader, src.Transport = reader, transport
					feed := runFeed(t, src)
					if s := feed.Stream(t); s.Codec != string(codec) || s.Width != 160 || s.Height != 96 {
						t.Errorf("it sends %+v", s)
					}
					feed.Feed.SetDemand(unit.Everything)
					units := feed.Feed.Units().Reader()
					for n := range 10 {
						if u := next(t, units); n == 0 && !u.Key {
							t.Error("the first unit is no keyframe")
						}
					}
					feed.Stop()
				})
			}
		}
	}
}

func textFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(path, []byte(strings.Repeat("This is no video.\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCorrectPasswordIsAccepted(t *testing.T) {
	locked := tiny
	locked.Username, locked.Password = "admin", "p@ss/w#rd! \"x\""
	server := camtest.Start(t, locked)
	for _, reader := range rtspReaders {
		src := camtest.Source(t, server.URL("cam1"))
		src.Username, src.Password, src.Reader = "admin", configs.Secret(locked.Password), reader
		runFeed(t, src).Stream(t)
	}
}

func TestTransports(t *testing.T) {
	server := camtest.Start(t, tiny)
	for _, reader := range rtspReaders {
		for _, transport := range []configs.Transport{configs.TCP, configs.UDP, configs.Auto} {
			src := camtest.Source(t, server.URL("cam1"))
			src.Transport, src.Reader = transport, reader
			feed := runFeed(t, src)
			feed.Stream(t)
			feed.Stop()
		}
	}
}

func TestRTSPOverTLSTrustsOnlyTheGivenCertificate(t *testing.T) {
	for _, reader := range rtspReaders {
		t.Run(string(reader), func(t *testing.T) { trustsOnlyTheGivenCertificate(t, reader) })
	}
}

func trustsOnlyTheGivenCertificate(t *testing.T, reader configs.Reader) {
	config, pem := testcam.SelfSigned()
	server := camtest.StartConfig(t, testcam.Config{Cameras: []testcam.Camera{tiny}, TLS: config})
	src := camtest.Source(t, server.URL("cam1"))
	src.Reader = reader
	runFeed(t, src).Fails(t, frame.Unreachable, "TLS with "+server.Address())

	src.TLSCA = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(src.TLSCA, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	runFeed(t, src).Stream(t)

	src.TLSCA, src.TLSVerify = "", false
	runFeed(t, src).Stream(t)
}

func TestLostCamerasAreNoticed(t *testing.T) {
	for command, want := range map[testcam.Command]frame.Reason{
		testcam.Drop: frame.Ended, testcam.Cut: frame.Ended, testcam.Stall: frame.Stalled, testcam.Refuse: frame.Ended,
	} {
		t.Run(string(command), func(t *testing.T) {
			t.Parallel()
			server := camtest.Start(t, tiny)
			src := camtest.Source(t, server.URL("cam1"))
			if want == frame.Stalled {
				src.StallTimeout = time.Second
			}
			feed := runFeed(t, src)
			feed.Stream(t)
			camtest.Until(t, "the usual pause of the camera is known", func() bool { return feed.Feed.Units().Total() >= pauseUnits })
			camtest.Do(t, server, "cam1", command, testcam.Options{})
			if err := feed.End(t); frame.ReasonOf(err) != want {
				t.Errorf("got %v (%s), want %s", err, frame.ReasonOf(err), want)
			}
		})
	}
}

// TestCameraThatAnswersIsWaitedFor has a camera that accepts PLAY and sends its first packet later than connect_timeout allows for
// an answer.
func TestCameraThatAnswersIsWaitedFor(t *testing.T) {
	camtest.Long(t)
	server := camtest.Start(t, tiny)
	camtest.Do(t, server, "cam1", testcam.Stall, testcam.Options{})
	src := camtest.Source(t, server.URL("cam1"))
	src.ConnectTimeout = time.Second
	feed, err := New(src)
	if err != nil {
		t.Fatal(err)
	}
	waits := make(chan frame.Waiting, 1)
	feed.OnWaiting(func(w frame.Waiting) { waits <- w })
	running := camtest.Run(t, feed)
	select {
	case w := <-waits:
		if w.Err.Reason != frame.TimedOut || time.Since(w.Since) < src.ConnectTimeout {
			t.Errorf("it waits since %v: %v", w.Since, w.Err)
		}
	case <-time.After(camtest.Patience):
		t.Fatal("it was not reported that the camera sends nothing")
	}
	camtest.Do(t, server, "cam1", testcam.Heal, testcam.Options{})
	running.Stream(t)
}

// TestUnitsWithoutAnEndAreDropped has a camera whose last packets are lost, and whose connection is closed in the middle of
// a unit: what a depayloader makes of the packets before is not passed on.
func TestUnitsWithoutAnEndAreDropped(t *testing.T) {
	camtest.Long(t)
	for _, c := range []struct {
		codec  testcam.Codec
		reader configs.Reader
	}{{testcam.H264, configs.Builtin}, {testcam.H265, configs.Builtin}, {testcam.H264, configs.RTSPSrc}, {testcam.H265, configs.RTSPSrc}} {
		codec := c.codec
		server := camtest.Start(t, testcam.Camera{
			Codec: codec, Width: 320, Height: 192, KeyframeInterval: 5, Bitrate: 4000, Grain: 30, Loop: 400 * time.Millisecond,
		})
		src := camtest.Source(t, server.URL("cam1"))
		src.Reader = c.reader
		src.StallTimeout = camtest.Patience
		feed := runFeed(t, src)
		feed.Stream(t)
		feed.Feed.SetDemand(unit.Everything)
		units := feed.Feed.Units().Reader()
		var known []string
		for old := 0; old < 30; old++ { // three times the loop without a new unit
			if u := string(next(t, units).Data); !slices.Contains(known, u) {
				known, old = append(known, u), 0
			}
		}
		// What precedes the slices of a unit that is lost, such as SEI, may arrive with those of the next, also between its
		// parameter sets and its slice. So what counts is the last NAL unit, all of it.
		whole := func(data string) bool {
			last := lastNAL(data)
			return last != "" && slices.ContainsFunc(known, func(k string) bool { return lastNAL(k) == last })
		}
		camtest.Do(t, server, "cam1", testcam.Corrupt, testcam.Options{Kind: testcam.Lose, Rate: 0.5})
		for range 15 {
			if data := string(next(t, units).Data); !whole(data) {
				t.Errorf("%s: %d bytes of a unit whose last packet was lost", codec, len(data))
			}
		}
		camtest.Do(t, server, "cam1", testcam.Heal, testcam.Options{})
		camtest.Do(t, server, "cam1", testcam.Cut, testcam.Options{})
		feed.End(t)
		noWait, cancel := context.WithCancel(t.Context())
		cancel()
		for u, err := units.Next(noWait); err == nil; u, err = units.Next(noWait) {
			if !whole(string(u.Data)) {
				t.Errorf("%s: %d bytes of a unit that was cut", codec, len(u.Data))
			}
		}
	}
}

// lastNAL is the last NAL unit of an access unit, in which each follows a start code or its length in 4 bytes; empty if the
// lengths are wrong.
func lastNAL(data string) (last string) {
	if at := strings.LastIndex(data, "\x00\x00\x00\x01"); at >= 0 && strings.HasPrefix(data, "\x00\x00\x00\x01") {
		return data[at+4:]
	}
	for len(data) >= 4 {
		length := int(binary.BigEndian.Uint32([]byte(data[:4])))
		if length > len(data)-4 {
			return ""
		}
		last, data = data[4:4+length], data[4+length:]
	}
	if data != "" {
		return ""
	}
	return last
}

func TestStoppedFeedLeavesTheCamera(t *testing.T) {
	server := camtest.Start(t, tiny)
	feed := runFeed(t, camtest.Source(t, server.URL("cam1")))
	feed.Stream(t)
	if err := feed.Stop(); err != context.Canceled {
		t.Errorf("ended with %v", err)
	}
	camtest.Until(t, "the camera has no viewer", func() bool { return server.Viewers("cam1") == 0 })
	if s := feed.Feed.Stream(); s != (frame.Stream{}) {
		t.Errorf("a camera that is not connected sends %+v", s)
	}
}

func TestPatternsNeedNoCamera(t *testing.T) {
	for _, raw := range []string{"test://smpte", "test://ball?width=320&height=240&fps=10", "test://clock"} {
		feed := runFeed(t, camtest.Source(t, raw))
		stream := feed.Stream(t)
		if stream.Codec != "raw" || strings.Contains(raw, "320") && (stream.Width != 320 || stream.Height != 240) {
			t.Errorf("%s: %+v", raw, stream)
		}
		units := feed.Feed.Units().Reader()
		next(t, units)
		next(t, units)
		feed.Stop()
	}
}

func TestLocalCameraIsRefusedIfThereIsNone(t *testing.T) {
	if len(gst.Missing("libcamerasrc")) == 0 || len(gst.Missing("nvarguscamerasrc")) == 0 {
		t.Skip("SKIPPED: this machine has an element for CSI cameras, whose absence is tested")
	}
	runFeed(t, camtest.Source(t, "csi://0")).Fails(t, frame.Unsupported, "libcamerasrc is missing")
}

// TestCameraWhoseReadersHangIsNotReadForAWhile since each keeps its memory.
func TestCameraWhoseReadersHangIsNotReadForAWhile(t *testing.T) {
	feed, err := New(camtest.Source(t, "test://ball"))
	if err != nil {
		t.Fatal(err)
	}
	never := make(chan struct{})
	defer close(never)
	for range 2 {
		feed.hangs.Add(never, nil)
	}
	err = feed.Run(t.Context(), func(frame.Stream) { t.Error("it is read") })
	if frame.ReasonOf(err) != frame.Failed || !strings.Contains(fmt.Sprint(err), "did not end") {
		t.Error(err)
	}
}
