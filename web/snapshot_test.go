package web

import (
	"bytes"
	"image/jpeg"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestSnapshotIsOneFreshJPEG(t *testing.T) {
	url := serve(t)
	resp, body := get(t, url+"/cameras/gate/snapshot.jpg?scale=0.5&max_age=0.1&_=123&t=&1595&cacheBust=a%20b&nonce=x&nonce=y")
	picture, err := jpeg.Decode(bytes.NewReader(body))
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "image/jpeg" || err != nil || picture.Bounds().Dx() != 160 {
		t.Errorf("%s %v %v", resp.Status, resp.Header, err)
	}
	if resp.ContentLength != int64(len(body)) || resp.Header.Get("X-Timestamp") == "" {
		t.Errorf("%v", resp.Header)
	}
}

func TestSnapshotThatTheClientHasIsNotSentAgain(t *testing.T) {
	url := serve(t) + "/cameras/gate/snapshot.jpg?max_age=60"
	first, _ := get(t, url)
	modified, err := http.ParseTime(first.Header.Get("Last-Modified"))
	if err != nil || time.Since(modified) > time.Minute {
		t.Errorf("Last-Modified: %v %v", modified, err)
	}
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	tag := first.Header.Get("ETag")
	for range 100 { // the decode of the first one may still bring newer ones, 25 a second
		request.Header.Set("If-None-Match", tag)
		again, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		again.Body.Close()
		if again.StatusCode == http.StatusNotModified {
			return
		}
		tag = again.Header.Get("ETag")
	}
	t.Error("never 304")
}

func TestDownloadedSnapshotHasAName(t *testing.T) {
	url := serve(t)
	resp, _ := get(t, url+"/cameras/gate/snapshot.webp?download=1&rotate=90&fps=5")
	if got := resp.Header.Get("Content-Disposition"); !strings.HasPrefix(got, `attachment; filename="gate-2`) || !strings.HasSuffix(got, `.webp"`) {
		t.Errorf("Content-Disposition: %s", got)
	}
	if got := resp.Header.Get("Content-Type"); got != "image/webp" {
		t.Errorf("Content-Type: %s", got)
	}
}
