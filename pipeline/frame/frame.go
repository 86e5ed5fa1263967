// Package frame is the meeting point of pipeline, registry and web: a Frame is one JPEG, a Slot keeps the
// newest one, a Rendition says which picture is wanted and a Stream what the camera sends. Plain Go: it
// knows neither GStreamer nor HTTP handlers.
package frame

import (
	"strconv"
	"time"
)

// Boundary separates the parts of an MJPEG stream.
const Boundary = "frame"

// Opening is what a viewer is sent before its first part. Every part ends with the boundary of the next
// one, because Chromium shows a part only when the next begins.
const Opening = "--" + Boundary + "\r\n"

// Frame is one JPEG picture of one rendition, framed once for the wire. It is immutable: any number of
// goroutines may read it at the same time.
type Frame struct {
	// PTS is the picture's time on its camera's timeline. It grows from frame to frame, also across
	// reconnects.
	PTS time.Duration
	// Received is when the access unit of this picture came in from the camera.
	Received time.Time
	// Width and Height are in pixels.
	Width, Height int

	part []byte // headers, JPEG, closing boundary
	head int    // length of the headers
	tail int    // length of the closing boundary
}

// New frames a JPEG for the wire. The JPEG is copied, so the caller keeps its buffer: a GStreamer callback
// may hand in mapped memory.
func New(jpeg []byte, pts time.Duration, received time.Time, width, height int) *Frame {
	const closing = "\r\n" + Opening
	f := &Frame{PTS: pts, Received: received, Width: width, Height: height, tail: len(closing)}

	const headers = len("Content-Type: image/jpeg\r\nContent-Length: 12345678\r\nX-Timestamp: 1234567890.123456\r\n\r\n")
	b := make([]byte, 0, headers+len(jpeg)+len(closing))
	b = append(b, "Content-Type: image/jpeg\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(jpeg)), 10)
	b = append(b, "\r\nX-Timestamp: "...)
	b = AppendTimestamp(b, received)
	b = append(b, "\r\n\r\n"...)
	f.head = len(b)
	b = append(b, jpeg...)
	f.part = append(b, closing...)
	return f
}

// JPEG returns the picture alone. The caller must not write to it.
func (f *Frame) JPEG() []byte { return f.part[f.head : len(f.part)-f.tail] }

// Part returns the picture as a part of a multipart/x-mixed-replace body: its headers, the JPEG, and the
// boundary of the next part. It is meant for one write. The caller must not write to it.
func (f *Frame) Part() []byte { return f.part }

// AppendTimestamp appends t as X-Timestamp has it: seconds and microseconds since 1970, such as
// 1700000000.000042.
func AppendTimestamp(b []byte, t time.Time) []byte {
	us := t.UnixMicro()
	b = strconv.AppendInt(b, us/1e6, 10)
	b = append(b, '.')
	frac := us % 1e6
	for unit := int64(1e5); unit > 0; unit /= 10 {
		b = append(b, byte('0'+frac/unit%10))
	}
	return b
}
