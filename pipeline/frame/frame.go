// Package frame has the types that pipeline, registry and web share. A Frame is one picture, a Slot keeps the newest one, a
// Rendition says which picture is wanted, and a Stream what the camera sends. It is plain Go and depends neither on GStreamer
// nor on net/http.
package frame

import (
	"bytes"
	"slices"
	"strconv"
	"time"
)

// Boundary separates the parts of an MJPEG stream.
const Boundary = "frame"

// HoldsBoundary reports whether a picture contains the boundary of a stream, and so would be read as several parts, of types that
// its camera chooses. Such a picture is never published. In ordinary ones the seven bytes are as unlikely as any others.
func HoldsBoundary(picture []byte) bool { return bytes.Contains(picture, delimiter) }

var delimiter = []byte("--" + Boundary)

// Opening is sent to a viewer before the first part. Every part ends with the boundary of the next one: Firefox shows a part only
// when it has read that.
const Opening = "--" + Boundary + "\r\n"

// OpeningAhead is sent instead of Opening to a viewer that is sent Ahead instead of Part.
const OpeningAhead = Opening + headAhead

// headAhead is the head of a part whose picture is not known yet.
const headAhead = "Content-Type: image/jpeg\r\n\r\n"

// Frame is one encoded picture of one rendition, with the bytes that are sent around it, or the bare pixels of one. It is immutable:
// any number of goroutines may read it at the same time.
type Frame struct {
	Info
	data []byte // headers, picture, boundary of the next part, headAhead; of a raw frame only the picture
	head int    // length of the headers
	end  int    // of the picture in data
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

// The formats. Streams are JPEG; PNG and WebP are for snapshots, and the others for programs: bare pixels, row after row without
// padding. BGR, RGB and Gray have the colours of a JPEG, full range. I420 has those of most video, limited range, so that it is what
// OpenCV's COLOR_YUV2BGR_I420 expects; its sides are even.
const (
	JPEG Format = ""
	PNG  Format = "png"
	WebP Format = "webp"
	BGR  Format = "bgr"
	RGB  Format = "rgb"
	Gray Format = "gray"
	I420 Format = "i420"
)

// RawFormats are the formats of bare pixels.
var RawFormats = []Format{BGR, RGB, Gray, I420}

// Raw reports whether the format is one of bare pixels.
func (f Format) Raw() bool { return slices.Contains(RawFormats, f) }

// Stride is how many bytes a row of a raw picture has: of I420 a row of Y, which is twice as long as one of U or V.
func (f Format) Stride(width int) int {
	if f == BGR || f == RGB {
		return 3 * width
	}
	return width
}

// MediaType is the format's name in HTTP.
func (f Format) MediaType() string {
	switch {
	case f == JPEG:
		return "image/jpeg"
	case f.Raw():
		return "application/octet-stream"
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

// New returns a frame of a picture, which must not hold the boundary unless it is raw. It copies the picture, which may be in GStreamer's memory.
func New(picture []byte, info Info) *Frame {
	const closing = "\r\n" + Opening
	if info.Format.Raw() {
		return &Frame{Info: info, data: bytes.Clone(picture), end: len(picture)}
	}
	f := &Frame{Info: info}

	const headers = len("Content-Type: image/jpeg\r\nContent-Length: 12345678\r\nX-Timestamp: 1234567890.123456\r\n\r\n")
	b := make([]byte, 0, headers+len(picture)+len(closing)+len(headAhead))
	b = append(b, "Content-Type: "...)
	b = append(b, info.Format.MediaType()...)
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(picture)), 10)
	b = append(b, "\r\nX-Timestamp: "...)
	b = AppendTimestamp(b, info.Received)
	b = append(b, "\r\n\r\n"...)
	f.head = len(b)
	b = append(b, picture...)
	f.end = len(b)
	b = append(b, closing...)
	f.data = append(b, headAhead...)
	return f
}

// moved returns the frame with another time of arrival.
func (f *Frame) moved(received time.Time) *Frame {
	info := f.Info
	info.Received = received
	if info.Format.Raw() {
		return &Frame{Info: info, data: f.data, end: f.end}
	}
	return New(f.Picture(), info)
}

// Picture returns the encoded picture alone. The caller must not write to it.
func (f *Frame) Picture() []byte { return f.data[f.head:f.end:f.end] }

// Part returns the picture as a part of a multipart/x-mixed-replace body: its headers, the picture, and the
// boundary of the next part. The caller must not change it. It must not be called for a raw frame, which has no
// part.
func (f *Frame) Part() []byte {
	end := len(f.data) - len(headAhead)
	return f.data[:end:end]
}

// Ahead returns the picture, and the boundary and the head of the next part. Its own head was sent with the previous picture, or
// with OpeningAhead. So no head can have a length or a time: it is for viewers that ignore both, and that show a picture only when
// they have read the next head. The caller must not change it.
func (f *Frame) Ahead() []byte { return f.data[f.head:] }

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
