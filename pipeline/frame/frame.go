// Package frame has the types that pipeline, registry and web share. A Frame is one picture, a Slot keeps the newest one, a
// Rendition says which picture is wanted, and a Stream what the camera sends. It is plain Go and depends neither on GStreamer
// nor on net/http.
package frame

import (
	"strconv"
	"time"
)

// Boundary separates the parts of an MJPEG stream.
const Boundary = "frame"

// Opening is sent to a viewer before the first part. Every part ends with the boundary of the next one, because some browsers
// show a part only when the next one begins.
const Opening = "--" + Boundary + "\r\n"

// Frame is one encoded picture of one rendition, with the bytes that are sent around it. It is immutable: any number of
// goroutines may read it at the same time.
type Frame struct {
	Info
	part []byte // headers, picture, closing boundary
	head int    // length of the headers
	tail int    // length of the closing boundary
}

// Info is what is known of a frame.
type Info struct {
	// PTS is the picture's time on the timeline of all cameras. It grows from frame to frame, also across
	// reconnects.
	PTS time.Duration
	// Received is when the access unit of this picture arrived from the camera, or when a placeholder was made.
	Received time.Time
	// Width and Height are in pixels.
	Width, Height int
	Format        Format
	// Placeholder says that this is not a picture of the camera, but one that says why there is none.
	Placeholder bool
}

// Format is how a frame is encoded.
type Format string

// The formats. Streams are JPEG; the others are for snapshots.
const (
	JPEG Format = ""
	PNG  Format = "png"
	WebP Format = "webp"
)

// MediaType is the format's name in HTTP.
func (f Format) MediaType() string {
	if f == JPEG {
		return "image/jpeg"
	}
	return "image/" + string(f)
}

// Extension is the format's name in file names.
func (f Format) Extension() string {
	if f == JPEG {
		return "jpg"
	}
	return string(f)
}

// New returns a frame of a picture. It copies the picture, which may be in GStreamer's memory.
func New(picture []byte, info Info) *Frame {
	const closing = "\r\n" + Opening
	f := &Frame{Info: info, tail: len(closing)}

	const headers = len("Content-Type: image/jpeg\r\nContent-Length: 12345678\r\nX-Timestamp: 1234567890.123456\r\n\r\n")
	b := make([]byte, 0, headers+len(picture)+len(closing))
	b = append(b, "Content-Type: "...)
	b = append(b, info.Format.MediaType()...)
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(picture)), 10)
	b = append(b, "\r\nX-Timestamp: "...)
	b = AppendTimestamp(b, info.Received)
	b = append(b, "\r\n\r\n"...)
	f.head = len(b)
	b = append(b, picture...)
	f.part = append(b, closing...)
	return f
}

// Picture returns the encoded picture alone. The caller must not write to it.
func (f *Frame) Picture() []byte {
	end := len(f.part) - f.tail
	return f.part[f.head:end:end]
}

// Part returns the picture as a part of a multipart/x-mixed-replace body: its headers, the picture, and the
// boundary of the next part. The caller must not change it.
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
