package feed

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

// readConn is a connection from which a test reads.
type readConn struct {
	net.Conn
	from io.Reader
}

func (c readConn) Read(p []byte) (int, error)  { return c.from.Read(p) }
func (c readConn) Write(p []byte) (int, error) { return len(p), nil }

const jpegBegins = "\xFF\xD8\xFF\xE0..."

// oddHeads has what servers send before a body, and what net/http reads of it.
var oddHeads = map[string]struct {
	answer string
	status int
	kind   string // Content-Type
	length int64
	body   string
	odd    string // part of what is odd; empty if nothing is
}{
	"usual":                     {"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 4\r\n\r\nbody", 200, "image/jpeg", 4, "body", ""},
	"line feeds":                {"HTTP/1.1 200 OK\nContent-Type: image/jpeg\nContent-Length: 4\n\nbody", 200, "image/jpeg", 4, "body", ""},
	"empty lines first":         {"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\nbody", 200, "a/b", -1, "body", ""},
	"a refusal":                 {"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", 503, "", 0, "", ""},
	"no reason":                 {"HTTP/1.1 200\r\nContent-Type: a/b\r\n\r\nbody", 200, "a/b", -1, "body", ""},
	"reason joined":             {"HTTP/1.1 200OK\r\nContent-Type: a/b\r\n\r\nbody", 200, "a/b", -1, "body", ""},
	"two spaces":                {"HTTP/1.1  200 OK\r\nContent-Type: a/b\r\n\r\nbody", 200, "a/b", -1, "body", ""},
	"small letters":             {"http/1.1 200 OK\r\nContent-Type: a/b\r\n\r\nbody", 200, "a/b", -1, "body", ""},
	"no version":                {"HTTP 200 OK\r\nContent-Type: a/b\r\n\r\nbody", 200, "a/b", -1, "body", ""},
	"an odd version":            {"HTTP/1.10 200 OK\r\nContent-Type: a/b\r\n\r\nbody", 200, "a/b", -1, "body", ""},
	"ICY":                       {"ICY 200 OK\r\nContent-Type: a/b\r\n\r\nbody", 200, "a/b", -1, "body", ""},
	"header without a name":     {"HTTP/1.1 200 OK\r\nServer: GoaHead\r\nTue, 12 Jun 2012 01:56:34 GMT\r\nContent-Type:a/b\r\n\r\nbody", 200, "a/b", -1, "body", "without a name"},
	"without a colon":           {"HTTP/1.1 200 OK\r\nhello\r\nContent-Type:a/b\r\n\r\nbody", 200, "a/b", -1, "body", "without a name"},
	"an empty name":             {"HTTP/1.1 200 OK\r\n: hello\r\nContent-Type:a/b\r\n\r\nbody", 200, "a/b", -1, "body", "without a name"},
	"a space before the colon":  {"HTTP/1.1 200 OK\r\nContent-Type : a/b\r\nContent-Length : 4\r\n\r\nbody", 200, "a/b", 4, "body", ""},
	"first line continues":      {"HTTP/1.1 200 OK\r\n folded\r\nContent-Type: a/b\r\n\r\nbody", 200, "a/b", -1, "body", ""},
	"a header continues":        {"HTTP/1.1 200 OK\r\nContent-Type: multipart/x;\r\n\tboundary=b\r\n\r\nbody", 200, "multipart/x; boundary=b", -1, "body", ""},
	"a nameless one continues":  {"HTTP/1.1 200 OK\r\nhello\r\n world: x\r\nContent-Type: a/b\r\n\r\nbody", 200, "a/b", -1, "body", "without a name"},
	"a negative length":         {"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: -1\r\n\r\nbody", 200, "a/b", -1, "body", `Content-Length "-1"`},
	"a length of letters":       {"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: abc\r\n\r\nbody", 200, "a/b", -1, "body", `Content-Length "abc"`},
	"a length with a unit":      {"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 4 bytes\r\n\r\nbody", 200, "a/b", 4, "body", "Content-Length"},
	"two lengths":               {"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 4\r\nContent-Length: 9\r\n\r\nbody", 200, "a/b", 4, "body", ""},
	"a length beyond measure":   {"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 99999999999999999999\r\n\r\nbody", 200, "a/b", -1, "body", "Content-Length"},
	"an identity encoding":      {"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: identity\r\n\r\nbody", 200, "a/b", -1, "body", "Transfer-Encoding"},
	"chunks":                    {"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: Chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", 200, "a/b", -1, "body", ""},
	"control characters":        {"HTTP/1.1 200 OK\x00\r\nServer: a\x00\x01b\r\nContent-Type: a/b\x07\r\n\r\nbody", 200, "a/b", -1, "body", ""},
	"100 first":                 {"HTTP/1.1 100 Continue\r\nhello\r\n\r\nHTTP/1.1 200 OK\r\nhello\r\nContent-Type: a/b\r\n\r\nbody", 200, "a/b", -1, "body", "without a name"},
	"no status line":            {"Content-Type: a/b\r\nContent-Length: 4\r\n\r\nbody", 200, "a/b", 4, "body", "no status line"},
	"HTTP/0.9 with parts":       {"--frame\r\nContent-Type: image/jpeg\r\n\r\n...", 200, "multipart/x-mixed-replace", -1, "--frame\r\nContent-Type: image/jpeg\r\n\r\n...", "no status line"},
	"HTTP/0.9 with a line end":  {"\r\n--frame\r\n", 200, "multipart/x-mixed-replace", -1, "--frame\r\n", "no status line"},
	"HTTP/0.9 with a JPEG":      {jpegBegins, 200, "image/jpeg", -1, jpegBegins, "no status line"},
	"a body like a head":        {"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\nHTTP/1.1 200 OK\r\nhello\r\n\r\n", 200, "a/b", -1, "HTTP/1.1 200 OK\r\nhello\r\n\r\n", ""},
	"a head of almost 64 KB":    {"HTTP/1.1 200 OK\r\nhello\r\nX: " + strings.Repeat("y", maxHead-100) + "\r\nContent-Type: a/b\r\n\r\nbody", 200, "a/b", -1, "body", "without a name"},
	"RTSP":                      {"RTSP/1.0 400 Bad Request\r\nCSeq: 0\r\n\r\n", 0, "", 0, "", ""},
	"TLS":                       {"\x15\x03\x03\x00\x02\x02P", 0, "", 0, "", ""},
	"text":                      {"hello\r\n\r\n", 0, "", 0, "", ""},
	"no number":                 {"HTTP/1.1 OK\r\n\r\n", 0, "", 0, "", ""},
	"a head without end":        {"HTTP/1.1 200 OK\r\nhello", 0, "", 0, "", ""},
	"a head of more than 64 KB": {"HTTP/1.1 200 OK\r\nhello\r\nX: " + strings.Repeat("y", maxHead) + "\r\n\r\nbody", 0, "", 0, "", ""},
	"nothing":                   {"", 0, "", 0, "", ""},
}

func TestHeadsOfOldCamerasAreRead(t *testing.T) {
	for name, c := range oddHeads {
		for way, from := range map[string]io.Reader{
			"whole": strings.NewReader(c.answer), "byte by byte": iotest.OneByteReader(strings.NewReader(c.answer)),
			"with its end": iotest.DataErrReader(strings.NewReader(c.answer)),
		} {
			var odd []string
			conn := newMendedConn(readConn{from: from}, func(_, text string) { odd = append(odd, text) })
			reader := bufio.NewReader(conn)
			resp, err := http.ReadResponse(reader, nil)
			for err == nil && resp.StatusCode == 100 {
				resp, err = http.ReadResponse(reader, nil)
			}
			if (err == nil) != (c.status > 0) {
				t.Errorf("%s, %s: %v", name, way, err)
			}
			if err != nil {
				continue
			}
			body, err := io.ReadAll(resp.Body)
			if resp.StatusCode != c.status || resp.Header.Get("Content-Type") != c.kind || resp.ContentLength != c.length || string(body) != c.body || err != nil {
				t.Errorf("%s, %s: %d %q, %d bytes, %.60q, %v", name, way, resp.StatusCode, resp.Header.Get("Content-Type"), resp.ContentLength, body, err)
			}
			if said := strings.Join(odd, "; "); (said == "") != (c.odd == "") || !strings.Contains(said, c.odd) {
				t.Errorf("%s, %s: %q is odd, want %q", name, way, said, c.odd)
			}
		}
	}
}

// TestEachHeadOfAConnectionIsMended has three answers on one connection, each with the beginning of a head in its body.
func TestEachHeadOfAConnectionIsMended(t *testing.T) {
	const answer = "HTTP/1.1 200 OK\r\nhello\r\nContent-Length: 14\r\n\r\nHTTP/1.1 200\r\n"
	from, to := io.Pipe()
	defer to.Close()
	conn := newMendedConn(readConn{from: from}, func(_, _ string) {})
	reader := bufio.NewReader(conn)
	for range 3 {
		conn.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
		go io.WriteString(to, answer)
		resp, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); string(body) != "HTTP/1.1 200\r\n" || err != nil {
			t.Errorf("%q, %v", body, err)
		}
	}
}

// FuzzHeads: whatever a server sends, reading it ends, and no byte of the body after a good head is lost.
func FuzzHeads(f *testing.F) {
	for _, c := range oddHeads {
		if len(c.answer) < 1000 {
			f.Add([]byte(c.answer))
		}
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		var ways []string
		for _, from := range []io.Reader{strings.NewReader(string(answer)), iotest.OneByteReader(strings.NewReader(string(answer)))} {
			all, err := io.ReadAll(newMendedConn(readConn{from: from}, func(_, _ string) {}))
			if err != nil {
				t.Fatal(err)
			}
			ways = append(ways, string(all))
		}
		if ways[0] != ways[1] {
			t.Errorf("%q is read as\n%q, byte by byte as\n%q", answer, ways[0], ways[1])
		}
	})
}
