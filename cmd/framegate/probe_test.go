package main

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestProbeSaysWhatIsOdd has a camera over HTTP whose lengths are wrong, and one that sends no picture at all.
func TestProbeSaysWhatIsOdd(t *testing.T) {
	var picture bytes.Buffer
	if err := jpeg.Encode(&picture, image.NewGray(image.Rect(0, 0, 64, 48)), nil); err != nil {
		t.Fatal(err)
	}
	camera := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=b")
		for r.Context().Err() == nil {
			if r.URL.Path == "/text" {
				fmt.Fprint(w, "--b\r\nContent-Type: text/plain\r\n\r\nno picture\r\n")
			} else {
				fmt.Fprintf(w, "--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", picture.Len()+7, picture.Bytes())
			}
			http.NewResponseController(w).Flush()
			time.Sleep(50 * time.Millisecond) // its rate
		}
	}))
	t.Cleanup(camera.Close)
	stdout, stderr, status := run(t, "probe", "--look", "1s", camera.URL)
	if status != 0 || !strings.Contains(stdout, "Content-Length 7 bytes too long") {
		t.Errorf("status %d, %s%s", status, stdout, stderr)
	}
	stdout, stderr, status = run(t, "probe", "--timeout", "1s", camera.URL+"/text")
	if status != 1 || !strings.Contains(stderr, "odd: parts of \"text/plain\"") {
		t.Errorf("status %d, %s%s", status, stdout, stderr)
	}
}
