package hostile

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"time"
)

// client is a connection of somebody who reads the camera. It belongs to one goroutine.
type client struct {
	*Camera
	conn   io.Writer
	reader *textproto.Reader
}

func newClient(c *Camera, conn net.Conn) *client {
	return &client{c, &paced{Conn: conn}, textproto.NewReader(bufio.NewReader(conn))}
}

// request is what a client has asked for.
type request struct{ method, number string }

// read reads the next request.
func (c *client) read() (request, error) {
	for {
		first, err := c.reader.R.Peek(1)
		if err != nil {
			return request{}, err
		}
		if first[0] != '$' {
			break
		}
		head, err := c.reader.R.Peek(4) // a report between requests
		if err != nil {
			return request{}, err
		}
		if _, err := c.reader.R.Discard(4 + int(head[2])<<8 + int(head[3])); err != nil {
			return request{}, err
		}
	}
	line, err := c.reader.ReadLine()
	if err != nil {
		return request{}, err
	}
	header, err := c.reader.ReadMIMEHeader()
	method, _, _ := strings.Cut(line, " ")
	return request{method, header.Get("CSeq")}, err
}

// send sends a text. It reports whether that worked.
func (c *client) send(format string, args ...any) bool {
	_, err := fmt.Fprintf(c.conn, format, args...)
	return err == nil
}

// repeat sends data over and over.
func (c *client) repeat(data []byte) {
	for {
		if _, err := c.conn.Write(data); err != nil {
			return
		}
	}
}

// drip sends a text one byte at a time, over and over.
func (c *client) drip(text string) {
	for i := 0; c.send("%c", text[i%len(text)]); i++ {
		time.Sleep(100 * time.Millisecond)
	}
}
