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

// streams are those of a source whose video LinkVideo links. The zero value has none. Any goroutine may call missing.
type streams struct {
	seen    atomic.Bool            // one has been reported
	linked  atomic.Bool            // one has been accepted
	refused atomic.Pointer[string] // the first video that was not
}

// How long a source may take to add its other streams after a video that is not accepted, and after sound: parsebin adds all at
// once, and does not say that it has.
const (
	exposeVideo = 500 * time.Millisecond
	exposeAll   = 2 * time.Second
)

// names has better names than those of GStreamer.
var names = map[string]string{"video/x-ffv": "FFV1", "video/x-h263": "H.263", "video/mpeg": "MPEG-1 or MPEG-2 video"}

// notice reads a message about a stream. If a video does not fit and no other one follows, it calls end.
func (s *streams) notice(msg *gst.Message, end func(error)) {
	var linked C.gboolean
	var mediaType, name *C.gchar
	if C.fg_pad_report(unsafe.Pointer(msg.Instance()), &linked, &mediaType, &name) == 0 {
		return
	}
	if linked != 0 {
		s.linked.Store(true)
	}
	wait := exposeAll
	if media := C.GoString((*C.char)(mediaType)); strings.HasPrefix(media, "video/") || strings.HasPrefix(media, "image/") {
		title := C.GoString((*C.char)(name))
		if title == media || media != "video/mpeg" {
			title = cmp.Or(names[media], title)
		}
		s.refused.CompareAndSwap(nil, &title)
		wait = exposeVideo
	}
	if s.seen.Store(true); s.linked.Load() {
		return
	}
	time.AfterFunc(wait, func() {
		if err := s.missing(); err != nil {
			end(err)
		}
	})
}

// missing is why no stream was linked, nil if one was or if there are none yet.
func (s *streams) missing() error {
	refused := s.refused.Load()
	switch {
	case s.linked.Load() || !s.seen.Load():
		return nil
	case refused == nil:
		return &BusError{CameraError: frame.CameraError{Reason: frame.NoVideo, Text: "it has no video"}}
	}
	return &BusError{CameraError: frame.CameraError{Reason: frame.Unsupported, Text: "it contains " + *refused + ", which framegate does not decode"}}
}
