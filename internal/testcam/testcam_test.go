package testcam_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
	"github.com/pion/rtp"
)

var tiny = testcam.Camera{Width: 160, Height: 96, Loop: time.Second, KeyframeInterval: 5}

// client is an RTSP client that counts the pictures that it receives.
type client struct {
	*gortsplib.Client
	pictures atomic.Int32
	kinds    []string // of the media that the camera describes
	ended    chan error
}

// play plays a camera until the test ends.
func play(t *testing.T, url string, protocol gortsplib.Protocol) (*client, error) {
	t.Helper()
	u, err := base.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := &client{Client: &gortsplib.Client{Scheme: u.Scheme, Host: u.Host, Protocol: &protocol}, ended: make(chan error, 1)}
	if err := c.Start(); err != nil {
		return nil, err
	}
	t.Cleanup(c.Close)
	session, _, err := c.Describe(u)
	if err != nil {
		return nil, err
	}
	for _, media := range session.Medias {
		c.kinds = append(c.kinds, fmt.Sprintf("%s %T", media.Type, media.Formats[0]))
	}
	if err := c.SetupAll(session.BaseURL, session.Medias); err != nil {
		return nil, err
	}
	c.OnPacketRTPAny(func(_ *description.Media, _ format.Format, packet *rtp.Packet) {
		if packet.Marker {
			c.pictures.Add(1)
		}
	})
	if _, err := c.Play(nil); err != nil {
		return nil, err
	}
	go func() { c.ended <- c.Wait() }()
	return c, nil
}

func mustPlay(t *testing.T, url string) *client {
	t.Helper()
	c, err := play(t, url, gortsplib.ProtocolTCP)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCamerasAreRealRTSP(t *testing.T) {
	audio, h265, mjpeg := tiny, tiny, tiny
	audio.Audio, h265.Codec, mjpeg.Codec = true, testcam.H265, testcam.MJPEG
	server := camtest.Start(t, tiny, audio, h265, mjpeg)
	for name, want := range map[string]string{"cam1": "video *format.H264", "cam2": "video *format.H264, audio *format.G711", "cam3": "video *format.H265", "cam4": "video *format.MJPEG"} {
		for _, protocol := range []gortsplib.Protocol{gortsplib.ProtocolTCP, gortsplib.ProtocolUDP} {
			c, err := play(t, server.URL(name), protocol)
			if err != nil {
				t.Fatalf("%s over %v: %v", name, protocol, err)
			}
			if got := strings.Join(c.kinds, ", "); got != want {
				t.Errorf("%s describes %s, want %s", name, got, want)
			}
			camtest.Until(t, "ten pictures", func() bool { return c.pictures.Load() >= 10 })
			c.Close()
		}
	}
}

func TestWrongPasswordAndPathAreRefused(t *testing.T) {
	locked := tiny
	locked.Username, locked.Password = "admin", "right"
	server := camtest.Start(t, locked)
	mustPlay(t, strings.Replace(server.URL("cam1"), "rtsp://", "rtsp://admin:right@", 1))
	for url, want := range map[string]base.StatusCode{
		server.URL("cam1"): base.StatusUnauthorized,
		strings.Replace(server.URL("cam1"), "rtsp://", "rtsp://admin:wrong@", 1): base.StatusUnauthorized,
		server.URL("nowhere"): base.StatusNotFound,
	} {
		_, err := play(t, url, gortsplib.ProtocolTCP)
		var bad liberrors.ErrClientBadStatusCode
		if !errors.As(err, &bad) || bad.Code != want {
			t.Errorf("%s: %v, want %d", url, err, want)
		}
	}
}

func TestFaultsDoWhatTheySay(t *testing.T) {
	server := camtest.Start(t, tiny)
	for command, status := range map[testcam.Command]base.StatusCode{
		testcam.Drop: base.StatusOK, testcam.Cut: base.StatusOK, testcam.Refuse: base.StatusServiceUnavailable, testcam.Unauthorized: base.StatusUnauthorized,
	} {
		c := mustPlay(t, server.URL("cam1"))
		camtest.Do(t, server, "cam1", command, testcam.Options{})
		select {
		case <-c.ended:
		case <-time.After(camtest.Patience):
			t.Fatalf("%s leaves the connection open", command)
		}
		_, err := play(t, server.URL("cam1"), gortsplib.ProtocolTCP)
		var bad liberrors.ErrClientBadStatusCode
		if got := err == nil; got != (status == base.StatusOK) || err != nil && (!errors.As(err, &bad) || bad.Code != status) {
			t.Errorf("after %s a new client gets %v", command, err)
		}
		camtest.Do(t, server, "cam1", testcam.Heal, testcam.Options{})
	}

	c := mustPlay(t, server.URL("cam1"))
	camtest.Until(t, "a picture", func() bool { return c.pictures.Load() > 0 })
	camtest.Do(t, server, "cam1", testcam.Stall, testcam.Options{})
	stalled := c.pictures.Load()
	select {
	case err := <-c.ended:
		t.Errorf("a stall closes the connection: %v", err)
	case <-time.After(200 * time.Millisecond): // five pictures' time
	}
	if n := c.pictures.Load() - stalled; n > 1 {
		t.Errorf("%d pictures while stalled", n)
	}
	camtest.Do(t, server, "cam1", testcam.Heal, testcam.Options{})
	camtest.Until(t, "pictures after healing", func() bool { return c.pictures.Load() > stalled+5 })

	camtest.Do(t, server, "cam1", testcam.Recodec, testcam.Options{Codec: testcam.MJPEG})
	if c := mustPlay(t, server.URL("cam1")); c.kinds[0] != "video *format.MJPEG" {
		t.Errorf("after recodec it describes %v", c.kinds)
	}
}

func TestControlPort(t *testing.T) {
	server := camtest.Start(t, tiny, tiny)
	call := func(method, path string) (int, string) {
		req, _ := http.NewRequest(method, server.ControlURL()+path, nil)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body)
	}
	for _, c := range []struct {
		path string
		want int
	}{
		{"/cam1/drop", 200}, {"/all/stall", 200}, {"/all/heal", 200}, {"/cam2/corrupt?rate=0.5", 200},
		{"/cam9/drop", 404}, {"/cam1/dance", 400}, {"/cam1/corrupt?rate=2", 400}, {"/cam1/corrupt?rate=NaN", 400},
		{"/cam1/resize?width=7&height=7", 400}, {"/cam1/resize?width=x", 400}, {"/cam1/resize", 400},
		{"/cam1/recodec?codec=h263", 400}, {"/cam1/recodec", 400},
	} {
		if status, body := call("POST", c.path); status != c.want || strings.TrimSpace(body) == "" {
			t.Errorf("%s: %d %s", c.path, status, body)
		}
	}
	if _, body := call("GET", "/"); !strings.Contains(body, "POST /CAMERA/drop") {
		t.Errorf("the help is %s", body)
	}
	if _, body := call("GET", "/cameras"); !strings.Contains(body, `"fault":"corrupt"`) {
		t.Errorf("%s", body)
	}
	camtest.Until(t, "every frame of the loop was sent", func() bool {
		var sent map[int]int64
		_, body := call("GET", "/cam1/frames")
		if err := json.Unmarshal([]byte(body), &sent); err != nil {
			t.Fatal(err)
		}
		return len(sent) == 25
	})
	if at, ok := server.Sent("cam1", 7); !ok || time.Since(at) > 2*time.Second {
		t.Errorf("frame 7 was sent %v, %v", at, ok)
	}
	if _, ok := server.Sent("cam1", 25); ok {
		t.Error("a frame beyond the loop was sent")
	}
}

func TestEarlierSendingsOfAFrameAreRemembered(t *testing.T) {
	server := camtest.Start(t, tiny)
	var last time.Time
	camtest.Until(t, "frame 3 was sent twice", func() bool {
		now, ok := server.Sent("cam1", 3)
		if last.IsZero() && ok {
			last = now
		}
		return now.After(last)
	})
	if at, ok := server.SentBefore("cam1", 3, last.Add(time.Millisecond)); !ok || !at.Equal(last) {
		t.Errorf("it was sent first at %v and is reported at %v, %v", last, at, ok)
	}
	if at, ok := server.SentBefore("cam1", 3, last.Add(-time.Millisecond)); ok {
		t.Errorf("before the first time it was sent at %v", at)
	}
}

func TestBadCamerasAreRefused(t *testing.T) {
	for name, cameras := range map[string][]testcam.Camera{
		"odd size":   {{Width: 161, Height: 90}},
		"no codec":   {{Codec: "h263"}},
		"no rate":    {{FPS: 1000}},
		"bad name":   {{Name: "a/b"}},
		"no RTP":     {{Codec: testcam.MJPEG, Width: 100, Height: 100}},
		"B-frames":   {{Codec: testcam.H265, BFrames: 2}},
		"same names": {{Name: "a", Width: 160, Height: 96}, {Name: "a", Width: 160, Height: 96}},
	} {
		if s, err := testcam.New(t.Context(), testcam.Config{Cameras: cameras}); err == nil {
			s.Close()
			t.Errorf("%s is accepted", name)
		}
	}
}
