package testcam_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
)

func TestMJPEGOverHTTP(t *testing.T) {
	locked := testcam.Camera{Codec: testcam.MJPEG, Width: 320, Height: 176, KeyframeInterval: 5, Loop: 1e9, Username: "admin", Password: "right"}
	server := camtest.Start(t, locked, tiny)
	get := func(path, password string) *http.Response {
		t.Helper()
		req, _ := http.NewRequestWithContext(t.Context(), "GET", server.ControlURL()+path, nil)
		if password != "" {
			req.SetBasicAuth("admin", password)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	status := func(path, password string, want int) {
		t.Helper()
		if resp := get(path, password); resp.StatusCode != want {
			t.Errorf("%s with password %q: %d, want %d", path, password, resp.StatusCode, want)
		}
	}
	status("/cam1.jpg", "", 401)
	status("/cam1.mjpg", "wrong", 401)
	status("/cam2.jpg", "", 404) // is H.264
	status("/cam9.jpg", "", 404)
	body, _ := io.ReadAll(get("/cam1.jpg", "right").Body)
	if camera, _, width, height := camtest.Read(t, body); camera != 1 || width != 320 || height != 176 {
		t.Errorf("camera %d, %dx%d", camera, width, height)
	}

	stream := get("/cam1.mjpg", "right")
	lines := bufio.NewReader(stream.Body)
	for parts := 0; parts < 5; {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(line, "Content-Type: image/jpeg") {
			parts++
		}
	}
	if n := server.Viewers("cam1"); n != 1 {
		t.Errorf("%d viewers, want 1", n)
	}
	camtest.Do(t, server, "cam1", testcam.Drop, testcam.Options{})
	if _, err := io.Copy(io.Discard, lines); err == nil {
		t.Error("a dropped stream ends as if it were whole")
	}
	status("/cam1.jpg", "right", 200)
	for command, want := range map[testcam.Command]int{testcam.Refuse: 503, testcam.Unauthorized: 401} {
		camtest.Do(t, server, "cam1", command, testcam.Options{})
		status("/cam1.jpg", "right", want)
	}
	camtest.Do(t, server, "cam1", testcam.Heal, testcam.Options{})
	camtest.Do(t, server, "cam1", testcam.Recodec, testcam.Options{Codec: testcam.H264})
	status("/cam1.jpg", "right", 404)
	camtest.Do(t, server, "cam2", testcam.Resize, testcam.Options{Width: 320, Height: 176})
	camtest.Do(t, server, "cam2", testcam.Recodec, testcam.Options{Codec: testcam.MJPEG})
	status("/cam2.jpg", "", 200)
}
