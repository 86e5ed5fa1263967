package hostile

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

const script = "\r\n--frame\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>"

// bomb takes a decoder minutes.
var bomb = sync.OnceValue(func() []byte { return progressive(8176, 8176, 5000) })

// overHTTP are the ways to be hostile over HTTP.
var overHTTP = []*Kind{
	{"size flips", func(c *client) {
		wide, high, n := grey(64, 48), grey(48, 64), 0
		c.parts(func() bool {
			n++
			if n%4 < 2 { // a size must be seen twice
				return c.part(wide)
			}
			return c.part(high)
		})
	}},
	{"boundary in a picture", func(c *client) {
		picture := withComment(grey(320, 240), script)
		end := append(bytes.Clone(grey(320, 240)[:len(picture)/4]), script+"\xFF\xD9"...)
		c.parts(func() bool {
			time.Sleep(50 * time.Millisecond)
			return c.part(picture) && c.part(end)
		})
	}},
	{"scans", func(c *client) { c.singles(func() []byte { return bomb() }) }},
	{"largest picture", func(c *client) {
		picture := progressive(8176, 8176, 1)
		c.parts(func() bool {
			time.Sleep(time.Second)
			return c.part(picture)
		})
	}},
	{"large comments", func(c *client) {
		picture := grey(320, 240)
		for range 100 {
			picture = withComment(picture, strings.Repeat("x", 65000))
		}
		c.singles(func() []byte { return picture })
	}},
	{"body without end", func(c *client) {
		c.head("image/jpeg")
		c.send("\xFF\xD8")
		c.repeat(bytes.Repeat([]byte("x"), 1<<16))
	}},
	{"part without end", func(c *client) {
		c.head("multipart/x-mixed-replace; boundary=b")
		c.send("--b\r\nContent-Type: image/jpeg\r\n\r\n\xFF\xD8")
		c.repeat(bytes.Repeat([]byte("\r\n--"), 1<<14))
	}},
	{"head of a part without end", func(c *client) {
		c.head("multipart/x-mixed-replace; boundary=b")
		c.send("--b\r\n")
		c.repeat(bytes.Repeat([]byte("X-Header: a\r\n"), 1000))
	}},
	{"head without end", func(c *client) {
		c.read()
		c.send("HTTP/1.1 200 OK\r\n")
		c.repeat(bytes.Repeat([]byte("X-Header: a\r\n"), 1000))
	}},
	{"long status line", func(c *client) {
		c.read()
		c.send("HTTP/1.1 500 %08d%s\r\nContent-Length: 0\r\n\r\n", rand.IntN(1e8), strings.Repeat("\x1b[2JA", 1<<20))
	}},
	{"tiny parts", func(c *client) {
		c.head("multipart/x-mixed-replace; boundary=b")
		c.repeat(bytes.Repeat([]byte("--b\r\n\r\n\xFF\xD8\xFF\xD9\r\n"), 1000))
	}},
	{"length without body", func(c *client) {
		c.read()
		c.send("HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 9000000000000\r\n\r\n\xFF\xD8")
		c.drip("x")
	}},
	{"chunks", func(c *client) {
		c.read()
		c.send("HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n")
		c.repeat(bytes.Repeat([]byte("1;"+strings.Repeat("e", 200)+"\r\nx\r\n"), 100))
	}},
	{"drip", func(c *client) {
		c.read()
		c.drip("HTTP/1.1 200 OK\r\nX: y\r\nY: z")
	}},
	{"redirect elsewhere", func(c *client) {
		c.read()
		c.send("HTTP/1.1 302 Found\r\nLocation: http://%s/%d\r\nContent-Length: 0\r\n\r\n", c.elsewhere, rand.IntN(1000))
	}},
	{"redirect to itself", func(c *client) {
		c.read()
		c.send("HTTP/1.1 302 Found\r\nLocation: %s/%d\r\nContent-Length: 0\r\n\r\n", c.URL("http"), rand.IntN(1000))
	}},
}

// head reads a request and answers with the head of a body that ends with the connection.
func (c *client) head(mediaType string) {
	c.read()
	c.send("HTTP/1.1 200 OK\r\nContent-Type: %s\r\n\r\n", mediaType)
}

// parts sends a stream, of which each call of next sends some parts.
func (c *client) parts(next func() bool) {
	c.head("multipart/x-mixed-replace; boundary=b")
	for next() {
	}
}

func (c *client) part(picture []byte) bool {
	return c.send("--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", len(picture), picture)
}

// singles answers each request with a picture.
func (c *client) singles(picture func() []byte) {
	for {
		if _, err := c.read(); err != nil {
			return
		}
		p := picture()
		if !c.send("%s", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s", len(p), p)) {
			return
		}
	}
}
