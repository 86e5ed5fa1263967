package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
)

func TestProgramsGetNewerAndNewerPictures(t *testing.T) {
	url := serve(t) + "/cameras/gate/next.jpg?width=160"
	var after string
	var last float64
	for range 10 {
		resp, body := get(t, url+after)
		stamp, err := strconv.ParseFloat(resp.Header.Get("X-Timestamp"), 64)
		if resp.StatusCode != 200 || err != nil || stamp <= last || resp.Header.Get("X-Sequence") == "" {
			t.Fatalf("%s %v after %v", resp.Status, resp.Header, last)
		}
		picture, err := jpeg.Decode(bytes.NewReader(body))
		if err != nil || picture.Bounds().Dx() != 160 || resp.Header.Get("X-Width") != "160" || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v %v", err, resp.Header)
		}
		last, after = stamp, "&after="+resp.Header.Get("X-Timestamp")
	}
}

func TestRawPicturesSayWhatTheirBytesMean(t *testing.T) {
	url := serve(t) + "/cameras/gate/next.raw?width=102&height=50"
	for query, want := range map[string]struct {
		format         string
		stride, length int
	}{
		"":             {"bgr", 306, 306 * 50},
		"&format=rgb":  {"rgb", 306, 306 * 50},
		"&format=gray": {"gray", 102, 102 * 50},
		"&format=i420": {"i420", 102, 102 * 50 * 3 / 2}, // Y, and U and V of half the width and height
	} {
		resp, body := get(t, url+query)
		h := resp.Header
		got := fmt.Sprint(h.Get("Content-Type"), " ", h.Get("X-Format"), " ", h.Get("X-Width"), " ", h.Get("X-Height"), " ", h.Get("X-Stride"), " ", len(body), resp.ContentLength)
		if wanted := fmt.Sprint("application/octet-stream ", want.format, " 102 50 ", want.stride, " ", want.length, want.length); got != wanted {
			t.Errorf("%q: %s, want %s", query, got, wanted)
		}
	}
}

// serveStill serves a camera that sends one picture only, with further keys of the configuration.
func serveStill(t *testing.T, keys string) string {
	t.Helper()
	config, err := configs.Parse("test.yaml", []byte(keys+"\ncameras: [{id: still, url: 'rtsp://h/still'}]"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return serveConfig(t, config, nil)
}

func TestProgramIsToldThatThereIsNothingNewer(t *testing.T) {
	url := serveStill(t, "") + "/cameras/still/next.jpg?wait=0.2"
	first, _ := get(t, url)
	resp, body := get(t, url+"&after="+first.Header.Get("X-Timestamp"))
	if first.StatusCode != 200 || resp.StatusCode != http.StatusNoContent || len(body) > 0 {
		t.Errorf("%s, then %s %s", first.Status, resp.Status, body)
	}
}

func TestShortWaitGetsTheNewestPictureOfASlowCamera(t *testing.T) {
	url := serveStill(t, "") + "/cameras/still/next.jpg?wait="
	first, _ := get(t, url+"1")
	stamp := first.Header.Get("X-Timestamp")
	if none, _ := get(t, url+"1.1&after="+stamp); none.StatusCode != http.StatusNoContent {
		t.Fatal(none.Status)
	}
	// Now the picture is older than one that is given at once.
	resp, _ := get(t, url+"0.1")
	if resp.StatusCode != 200 || resp.Header.Get("X-Timestamp") != stamp {
		t.Errorf("%s %v, want %s", resp.Status, resp.Header, stamp)
	}
}

// slowClient records how much time it has for each write, and how much is written.
type slowClient struct {
	http.ResponseWriter
	deadline time.Time
	given    []time.Duration
	bytes    []int
}

func (c *slowClient) SetWriteDeadline(deadline time.Time) error {
	c.deadline = deadline
	return nil
}

func (c *slowClient) Write(b []byte) (int, error) {
	c.given, c.bytes = append(c.given, time.Until(c.deadline)), append(c.bytes, len(b))
	c.deadline = time.Time{}
	return len(b), nil
}

func TestLargePictureHasTimeForEachOfItsChunks(t *testing.T) {
	c := &slowClient{ResponseWriter: httptest.NewRecorder()}
	writePicture(c, http.NewResponseController(c), make([]byte, 5<<19))
	if !slices.Equal(c.bytes, []int{1 << 20, 1 << 20, 1 << 19}) || slices.Min(c.given) < 0 || slices.Max(c.given) > writeTimeout {
		t.Errorf("%v bytes in %v", c.bytes, c.given)
	}
}

func TestProgramIsToldWhyThereIsNoPicture(t *testing.T) {
	resp, body := get(t, serve(t)+"/cameras/away/next.raw")
	var p problem
	json.Unmarshal(body, &p)
	if resp.StatusCode != 503 || p.Reason != frame.Unreachable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("%s %v %+v", resp.Status, resp.Header, p)
	}
}

func TestWrongParametersOfProgramsAreRefusedWithTheirRange(t *testing.T) {
	url := serve(t) + "/cameras/gate/"
	for query, want := range map[string]struct{ parameter, limits string }{
		fmt.Sprintf("next.jpg?after=%d", time.Now().Add(time.Minute).Unix()): {"after", "from 0 to now"},
		"next.jpg?after=-1":         {"after", "from 0 to now"},
		"next.jpg?after=NaN":        {"after", "from 0 to now"},
		"next.jpg?after=yesterday":  {"after", "from 0 to now"},
		"next.jpg?wait=0":           {"wait", "from 0.1 to 60"},
		"next.jpg?wait=61":          {"wait", "from 0.1 to 60"},
		"next.raw?format=jpeg":      {"format", "one of bgr, rgb, gray, i420"},
		"next.raw?format=":          {"format", "one of bgr, rgb, gray, i420"},
		"next.raw?crop=0,0,1":       {"crop", "x,y,w,h from 0 to 1"},
		"next.raw?format=bgr&fps=0": {"fps", "0.1 to 240"},
	} {
		resp, body := get(t, url+query)
		var p problem
		json.Unmarshal(body, &p)
		if resp.StatusCode != 400 || p.Parameter != want.parameter || !strings.Contains(p.Detail, want.limits) {
			t.Errorf("%s: %s %s", query, resp.Status, body)
		}
	}
}

func TestProgramThatWaitsIsAViewer(t *testing.T) {
	url := serveStill(t, "max_viewers_per_address: 1") + "/cameras/still/next.jpg?wait=60"
	first, _ := get(t, url)
	go func() {
		for status := http.StatusTooManyRequests; status == http.StatusTooManyRequests; { // while the request below is in its place
			resp, err := http.Get(url + "&after=" + first.Header.Get("X-Timestamp"))
			if err != nil {
				return
			}
			resp.Body.Close()
			status = resp.StatusCode
		}
	}()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		resp, _ := get(t, url+"&after=0")
		if resp.StatusCode == http.StatusTooManyRequests {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("never refused")
		}
	}
}

func TestRawPicturesThatClientsDoNotReadAreLimited(t *testing.T) {
	var sent sentPixels
	half, refused := sent.add("192.0.2.1", maxSentPixels/2)
	if refused != nil {
		t.Fatal(refused)
	}
	if _, refused := sent.add("192.0.2.2", maxSentPixels/2+1); refused == nil || refused.Status != 503 || refused.retryAfter == 0 {
		t.Errorf("%+v", refused)
	}
	half()
	if _, refused := sent.add("192.0.2.1", maxSentPixelsOfOne); refused != nil {
		t.Error(refused)
	}
}

func TestOneAddressLeavesRawPicturesForOthers(t *testing.T) {
	var sent sentPixels
	all, refused := sent.add("192.0.2.1", maxSentPixelsOfOne)
	if refused != nil {
		t.Fatal(refused)
	}
	if _, refused := sent.add("192.0.2.1", 1); refused == nil || refused.Status != 429 || refused.retryAfter == 0 {
		t.Errorf("%+v", refused)
	}
	if _, refused := sent.add("192.0.2.2", maxSentPixels/8); refused != nil {
		t.Error(refused)
	}
	all()
	if _, refused := sent.add("192.0.2.1", maxSentPixels/2); refused != nil {
		t.Error(refused)
	}
}

func TestHeadOfTheNextPictureMakesNone(t *testing.T) {
	url := serve(t)
	for path, want := range map[string]string{"next.jpg": "image/jpeg", "next.raw?format=gray": "application/octet-stream"} {
		resp, err := http.Head(url + "/cameras/gate/" + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != want || resp.Header.Get("X-Timestamp") != "" {
			t.Errorf("%s: %s %v", path, resp.Status, resp.Header)
		}
	}
}
