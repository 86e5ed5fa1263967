package gst

/*
#include <stdlib.h>
#include "rtp.h"
*/
import "C"

import (
	"errors"
	"time"
	"unsafe"

	"github.com/go-gst/go-gst/gst"
)

// LinkRTP links the stream of an rtspsrc, once it appears, to a sink of access units. A unit of more than limit bytes is
// dropped, see Pipeline.OnTooLarge, and so is one that is incomplete. parsebin must be installed.
func LinkRTP(rtsp, sink *Element, limit int) {
	C.fg_link_rtp(rtsp.pointer(), sink.pointer(), C.gsize(limit))
}

// Heard is when the camera of an RTSP pipeline last sent a packet, or has accepted PLAY; zero if neither has happened. It must not
// be called after Stop.
func (p *Pipeline) Heard() (at time.Time) {
	if played := p.plays.Load(); played != nil {
		at = *played
	}
	if len(p.made) > 0 { // the source is the first
		if silence := C.fg_silence(p.made[0].pointer()); silence >= 0 {
			at = time.Now().Add(-time.Duration(silence) * time.Microsecond)
		}
	}
	return at
}

// plays reports whether a progress message says that the camera has accepted PLAY.
func plays(msg *gst.Message) bool { return C.fg_plays(unsafe.Pointer(msg.Instance())) != 0 }

// tooLarge is the size of the access unit that a message reports as dropped, 0 for any other message.
func tooLarge(msg *gst.Message) int { return int(C.fg_too_large(unsafe.Pointer(msg.Instance()))) }

// SelectVideo makes an rtspsrc set up its first video stream only, so that sound and metadata cost nothing.
func SelectVideo(rtsp *Element) { C.fg_select_video(rtsp.pointer()) }

// Offer counts the streams in an RTSP camera's description by kind.
type Offer struct{ Video, Audio, Other int }

// Offered returns what the camera of an rtspsrc has described. SelectVideo must have been called.
func Offered(rtsp *Element) Offer {
	o := C.fg_offered(rtsp.pointer())
	return Offer{int(o.video), int(o.audio), int(o.other)}
}

// Trust makes an rtspsrc trust the certificates of a PEM file. The error says what is wrong with the file.
func Trust(rtsp *Element, pem string) error {
	path := C.CString(pem)
	defer C.free(unsafe.Pointer(path))
	if text := C.fg_set_tls_ca(rtsp.pointer(), path); text != nil {
		defer C.g_free(C.gpointer(text))
		return errors.New(C.GoString(text))
	}
	return nil
}
