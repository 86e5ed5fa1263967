package web

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// streamWriter writes a stream to its viewer. It belongs to the sender's goroutine, except for SetWriteDeadline, which any goroutine may
// call.
type streamWriter interface {
	// begin writes the head of the answer and the opening, which precedes the first part.
	begin(h http.Header, opening string) error
	// Write writes a part without buffering any of it.
	Write(part []byte) (int, error)
	// SetWriteDeadline sets when writes fail, including one in progress; the zero time means never. After a failure the stream cannot be
	// used any more.
	SetWriteDeadline(at time.Time) error
	// delivered returns TCP's estimate of what the viewer's connection carries, in bytes per second; 0 if it is unknown.
	delivered() float64
	// end ends the answer.
	end()
}

// hijacked is the connection of one viewer over HTTP/1.1, taken over from net/http, whose goroutines and buffers would be most of what a
// viewer costs. The body is not chunked, and a frame is one write.
type hijacked struct {
	net.Conn
	gone func() // called when the viewer has gone
}

func (c hijacked) begin(h http.Header, opening string) error {
	limitQueue(c.Conn)
	c.SetReadDeadline(time.Time{})
	go func() {
		defer c.gone()
		for b := make([]byte, 1); ; {
			if _, err := c.Read(b); err != nil {
				return
			}
		}
	}()
	h.Set("Connection", "close") // the end of the stream is the end of the connection
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	var head bytes.Buffer
	fmt.Fprint(&head, "HTTP/1.1 200 OK\r\n")
	h.Write(&head)
	fmt.Fprint(&head, "\r\n", opening)
	_, err := c.Write(head.Bytes())
	return err
}

func (c hijacked) delivered() (rate float64) {
	control(c.Conn, func(fd int) {
		if info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			rate = float64(info.Delivery_rate)
		}
	})
	return rate
}

func (c hijacked) end() { c.Close() }

// response writes to the ResponseWriter of a request over HTTP/2, where streams and other answers share a connection. Each part is
// flushed: Write returns when the viewer's flow control has allowed the part and the kernel has taken it.
type response struct {
	w          http.ResponseWriter
	controller *http.ResponseController
	late       *time.Timer // aborts the answer

	mu    sync.Mutex // guards ended
	ended bool       // w must not be used any more
}

func newResponse(w http.ResponseWriter, r *http.Request) *response {
	limitSharedQueue(r)
	out := &response{w: w, controller: http.NewResponseController(w)}
	out.late = time.AfterFunc(writeTimeout, out.abort)
	return out
}

func (out *response) begin(_ http.Header, opening string) error {
	out.controller.SetWriteDeadline(time.Time{})
	_, err := out.Write([]byte(opening)) // net/http writes the head first
	return err
}

func (out *response) Write(part []byte) (written int, err error) {
	defer out.late.Stop()
	for written < len(part) && err == nil {
		var n int
		n, err = out.w.Write(part[written:min(written+maxData, len(part))])
		written += n
	}
	if err == nil {
		err = out.controller.Flush()
	}
	return written, err
}

// maxData is how much net/http is given at a time over HTTP/2, in bytes: as much as fits into a record of TLS with the head of its frame. net/http
// would make frames of 16 KiB, each of which takes a second record for its last nine bytes, and so a separate packet.
const maxData = 16<<10 - 9

// SetWriteDeadline has its own timer: the deadline of the controller would also end a stream that is not writing at that time.
func (out *response) SetWriteDeadline(at time.Time) error {
	if at.IsZero() {
		out.late.Stop()
	} else {
		out.late.Reset(time.Until(at))
	}
	return nil
}

// abort ends a Write in progress.
func (out *response) abort() {
	out.mu.Lock()
	defer out.mu.Unlock()
	if !out.ended {
		out.controller.SetWriteDeadline(time.Unix(1, 0))
	}
}

// delivered is unknown, because TCP's estimate is for all streams of the connection.
func (out *response) delivered() float64 { return 0 }

func (out *response) end() {
	out.late.Stop()
	out.mu.Lock()
	defer out.mu.Unlock()
	out.ended = true
}
