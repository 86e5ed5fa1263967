package hostile

import (
	"bytes"
	"image/jpeg"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestEveryKindSendsUntilItIsReplaced asks as a client does, up to PLAY, and reads what comes.
func TestEveryKindSendsUntilItIsReplaced(t *testing.T) {
	c, err := New(t.Context(), "127.0.0.1", "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	requests := map[string]string{
		"rtsp": "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\nDESCRIBE * RTSP/1.0\r\nCSeq: 2\r\n\r\nSETUP * RTSP/1.0\r\nCSeq: 3\r\n\r\nPLAY * RTSP/1.0\r\nCSeq: 4\r\n\r\n",
		"http": "GET / HTTP/1.1\r\n\r\n",
	}
	for scheme, request := range requests {
		for _, kind := range Kinds(scheme) {
			c.Become(scheme, kind)
			u, err := url.Parse(c.URL(scheme))
			if err != nil {
				t.Fatal(err)
			}
			conn, err := net.Dial("tcp", u.Host)
			if err != nil {
				t.Fatal(err)
			}
			conn.SetDeadline(time.Now().Add(time.Minute))
			if _, err := io.WriteString(conn, request); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(conn, make([]byte, 5)); err != nil {
				t.Errorf("%s, %s: %v", scheme, kind.Name, err)
			}
			conn.Close()
		}
	}
}

func TestBombIsAPicture(t *testing.T) {
	for _, scans := range []int{1, 3} {
		if config, err := jpeg.Decode(bytes.NewReader(progressive(640, 480, scans))); err != nil || config.Bounds().Dx() != 640 {
			t.Errorf("%d scans: %v", scans, err)
		}
	}
	if picture := withComment(grey(64, 48), script); !strings.Contains(string(picture), "<script>") {
		t.Error("the comment is missing")
	} else if _, err := jpeg.Decode(bytes.NewReader(picture)); err != nil {
		t.Error(err)
	}
}
