package feed

import (
	"net/url"
	"testing"
)

func TestErrorsNameTheSourceWithoutItsSecrets(t *testing.T) {
	for raw, want := range map[string]struct{ place, path string }{
		"rtsp://192.0.2.1/stream?password=x": {"192.0.2.1:554", "/stream"},
		"rtsps://192.0.2.1:8322/a%20b":       {"192.0.2.1:8322", "/a%20b"},
		"http://[2001:db8::1]":               {"[2001:db8::1]:80", "/"},
		"rtsp://cam/user=a&password=b":       {"cam:554", "at this path"},
		"file:///srv/a.mp4":                  {"/srv/a.mp4", "/srv/a.mp4"},
		"v4l2:///dev/video0":                 {"/dev/video0", "/dev/video0"},
		"csi://0":                            {"csi://0", "/"},
		"test://ball?fps=5":                  {"test://ball?fps=5", "/"},
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := place(u); got != want.place {
			t.Errorf("%s is at %s, want %s", raw, got, want.place)
		}
		if got := redactedPath(u); got != want.path {
			t.Errorf("%s has the path %s, want %s", raw, got, want.path)
		}
	}
}
