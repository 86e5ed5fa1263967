package gst

/*
#include "element.h"
*/
import "C"

import (
	"cmp"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/framegate/framegate/pipeline/frame"

	"github.com/go-gst/go-gst/gst"
)

// streams are those of a source whose video LinkVideo links. The zero value has none.
type streams struct {
	linked  atomic.Bool
	seen    bool   // one has been reported; owned by the bus loop
	refused string // the first video that does not fit; owned by the bus loop
}

// expose is how long a source may take to add its other streams: parsebin adds all at once, and does not say that it has.
const expose = 500 * time.Millisecond

// names has better names than those of GStreamer.
var names = map[string]string{"video/x-ffv": "FFV1", "video/x-h263": "H.263", "video/mpeg": "MPEG-1 or MPEG-2 video"}

// notice reads a message about a stream. If a video does not fit and no other one follows, it calls end.
func (s *streams) notice(msg *gst.Message, end func(error)) {
	var linked C.gboolean
	var mediaType, name *C.gchar
	if C.fg_pad_report(unsafe.Pointer(msg.Instance()), &linked, &mediaType, &name) == 0 {
		return
	}
	s.seen = true
	if linked != 0 {
		s.linked.Store(true)
	}
	media := C.GoString((*C.char)(mediaType))
	if s.refused != "" || !strings.HasPrefix(media, "video/") && !strings.HasPrefix(media, "image/") {
		return
	}
	if s.refused = C.GoString((*C.char)(name)); s.refused == media || media != "video/mpeg" {
		s.refused = cmp.Or(names[media], s.refused)
	}
	err := s.missing()
	time.AfterFunc(expose, func() {
		if !s.linked.Load() {
			end(err)
		}
	})
}

// missing is why no stream was linked, nil if one was. Its caller is the bus loop.
func (s *streams) missing() error {
	switch {
	case s.linked.Load() || !s.seen:
		return nil
	case s.refused == "":
		return &BusError{CameraError: frame.CameraError{Reason: frame.NoVideo, Text: "it has no video"}}
	}
	return &BusError{CameraError: frame.CameraError{Reason: frame.Unsupported, Text: "it contains " + s.refused + ", which framegate does not decode"}}
}
