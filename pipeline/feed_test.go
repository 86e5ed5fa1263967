package pipeline

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/configs"
	"framegate/internal/testcam"
	"framegate/internal/testcam/camtest"
	"framegate/pipeline/frame"
	"framegate/pipeline/gst"
)

var tiny = testcam.Camera{Width: 160, Height: 96, Loop: time.Second, KeyframeInterval: 5}

// failure runs a feed to its end and checks why it ended.
func failure(t *testing.T, src configs.Source, reason frame.Reason, part string) {
	t.Helper()
	err := runFeed(t, src).end(t)
	if frame.ReasonOf(err) != reason || !strings.Contains(err.Error(), part) {
		t.Errorf("got %q (%s)\nwant %q (%s)", err, frame.ReasonOf(err), part, reason)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v tells the password", err)
	}
}

func TestRTSPFaultsAreToldApart(t *testing.T) {
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
	quick := source(t, "rtsp://"+silent.Addr().String()+"/x")
	quick.ConnectTimeout = time.Second
	for name, c := range map[string]struct {
		src    configs.Source
		reason frame.Reason
		part   string
	}{
		"wrong password":  {source(t, "rtsp://admin:hunter2@"+host+"/locked"), frame.Unauthorized, "401 from " + host + ": check username and password"},
		"no password":     {source(t, "rtsp://"+host+"/locked"), frame.Unauthorized, "401 from " + host},
		"wrong path":      {source(t, "rtsp://"+host+"/nowhere"), frame.NotFound, "404 from " + host + ": it has no stream /nowhere"},
		"secret in query": {source(t, "rtsp://"+host+"/nowhere?user=admin&password=hunter2"), frame.NotFound, "it has no stream /nowhere"},
		"secret in path":  {source(t, "rtsp://"+host+"/user=admin&password=hunter2"), frame.NotFound, "404 from " + host},
		"launch syntax":   {source(t, "rtsp://"+host+"/cam1!%20filesink%20location=x"), frame.NotFound, "404 from " + host},
		"busy":            {source(t, "rtsp://"+host+"/busy"), frame.Refused, "503 Service Unavailable from " + host},
		"closed port":     {source(t, "rtsp://"+closed.Addr().String()+"/x"), frame.Unreachable, "connection refused"},
		"unknown name":    {source(t, "rtsp://camera.invalid/x"), frame.Unreachable, "camera.invalid"},
		"silent server":   {quick, frame.TimedOut, "no picture within 1s"},
		"audio only":      {source(t, "rtsp://"+host+"/sound"), frame.NoVideo, "sends audio only, no video"},
		"missing file":    {source(t, "file:///nowhere/video.mp4"), frame.NotFound, "no such file"},
		"missing device":  {source(t, "v4l2:///dev/video99"), frame.NotFound, "no camera at /dev/video99"},
		"file of no kind": {source(t, "file://"+textFile(t)), frame.NoVideo, "not a video"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failure(t, c.src, c.reason, c.part)
		})
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

func TestRightPasswordIsLetIn(t *testing.T) {
	locked := tiny
	locked.Username, locked.Password = "admin", "p@ss/w#rd! \"x\""
	server := camtest.Start(t, locked)
	src := source(t, server.URL("cam1"))
	src.Username, src.Password = "admin", configs.Secret(locked.Password)
	runFeed(t, src).stream(t)
}

func TestTransports(t *testing.T) {
	server := camtest.Start(t, tiny)
	for _, transport := range []configs.Transport{configs.TCP, configs.UDP, configs.Auto} {
		src := source(t, server.URL("cam1"))
		src.Transport = transport
		feed := runFeed(t, src)
		feed.stream(t)
		feed.stop()
	}
}

func TestTLSTrustsOnlyWhatItIsTold(t *testing.T) {
	config, pem := testcam.SelfSigned()
	server := camtest.StartConfig(t, testcam.Config{Cameras: []testcam.Camera{tiny}, TLS: config})
	src := source(t, server.URL("cam1"))
	failure(t, src, frame.Unreachable, "TLS with "+server.Address())

	src.TLSCA = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(src.TLSCA, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	runFeed(t, src).stream(t)

	src.TLSCA, src.TLSVerify = "", false
	runFeed(t, src).stream(t)
}

func TestLostCamerasAreNoticed(t *testing.T) {
	for command, want := range map[testcam.Command]frame.Reason{
		testcam.Drop: frame.Ended, testcam.Cut: frame.Ended, testcam.Stall: frame.Stalled, testcam.Refuse: frame.Ended,
	} {
		t.Run(string(command), func(t *testing.T) {
			t.Parallel()
			server := camtest.Start(t, tiny)
			feed := runFeed(t, source(t, server.URL("cam1")))
			feed.stream(t)
			camtest.Do(t, server, "cam1", command, testcam.Options{})
			if err := feed.end(t); frame.ReasonOf(err) != want {
				t.Errorf("got %v (%s), want %s", err, frame.ReasonOf(err), want)
			}
		})
	}
}

// TestUnitsWithoutAnEndAreDropped has a camera whose last packets are lost, and whose connection is closed in the middle of
// a unit: what a depayloader makes of the packets before is not handed on.
func TestUnitsWithoutAnEndAreDropped(t *testing.T) {
	for _, codec := range []testcam.Codec{testcam.H264, testcam.H265} {
		server := camtest.Start(t, testcam.Camera{
			Codec: codec, Width: 320, Height: 192, KeyframeInterval: 5, Bitrate: 4000, Grain: 30, Loop: 400 * time.Millisecond,
		})
		feed := runFeed(t, source(t, server.URL("cam1")))
		feed.stream(t)
		units := feed.gop.Reader()
		next := func() string {
			u, err := units.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return string(u.Data)
		}
		var known []string
		for range 30 { // three times the loop
			known = append(known, next())
		}
		// What precedes the slices of a unit that is lost, such as SEI, may come with those of the next.
		whole := func(unit string) bool {
			return slices.ContainsFunc(known, func(k string) bool { return strings.HasSuffix(unit, k) })
		}
		camtest.Do(t, server, "cam1", testcam.Corrupt, testcam.Options{Kind: testcam.Lose, Rate: 0.5})
		for range 15 {
			if unit := next(); !whole(unit) {
				t.Errorf("%s: %d bytes of a unit whose last packet was lost", codec, len(unit))
			}
		}
		camtest.Do(t, server, "cam1", testcam.Heal, testcam.Options{})
		camtest.Do(t, server, "cam1", testcam.Cut, testcam.Options{})
		feed.end(t)
		noWait, cancel := context.WithCancel(t.Context())
		cancel()
		for unit, err := units.Next(noWait); err == nil; unit, err = units.Next(noWait) {
			if !whole(string(unit.Data)) {
				t.Errorf("%s: %d bytes of a unit that was cut", codec, len(unit.Data))
			}
		}
	}
}

func TestStoppedFeedLeavesTheCamera(t *testing.T) {
	server := camtest.Start(t, tiny)
	feed := runFeed(t, source(t, server.URL("cam1")))
	feed.stream(t)
	feed.stop()
	if feed.err != context.Canceled {
		t.Errorf("ended with %v", feed.err)
	}
	camtest.Until(t, "the camera has no viewer", func() bool { return server.Viewers("cam1") == 0 })
	if s := feed.Stream(); s != (frame.Stream{}) {
		t.Errorf("a camera that is not connected sends %+v", s)
	}
}

func TestPatternsNeedNoCamera(t *testing.T) {
	for _, raw := range []string{"test://smpte", "test://ball?width=320&height=240&fps=10", "test://clock"} {
		feed := runFeed(t, source(t, raw))
		stream := feed.stream(t)
		if stream.Codec != "raw" || strings.Contains(raw, "320") && (stream.Width != 320 || stream.Height != 240) {
			t.Errorf("%s: %+v", raw, stream)
		}
		picture := show(t, feed.Feed, small)
		after(t, picture.slots[0], after(t, picture.slots[0], nil))
		picture.stop()
		feed.stop()
	}
}

func TestFileIsPlayedOverAndOverAtItsPace(t *testing.T) {
	path, err := filepath.Abs("samples/h264.mkv")
	if err != nil {
		t.Fatal(err)
	}
	feed := runFeed(t, source(t, "file://"+path))
	feed.stream(t)
	began := time.Now()
	picture := show(t, feed.Feed, small)
	var f *frame.Frame
	for range 40 { // the file has 25 pictures
		f = after(t, picture.slots[0], f)
	}
	if d := time.Since(began); d < 1200*time.Millisecond {
		t.Errorf("40 pictures of 25 fps took %v", d)
	}
}

func TestLocalCameraIsRefusedWhereThereIsNone(t *testing.T) {
	if len(gst.Missing("libcamerasrc")) == 0 || len(gst.Missing("nvarguscamerasrc")) == 0 {
		t.Skip("this machine has a CSI source")
	}
	failure(t, source(t, "csi://0"), frame.Unsupported, "libcamerasrc is missing")
}
