package gst

/*
#include <stdlib.h>
#include "rtp.h"
*/
import "C"

import (
	"errors"
	"unsafe"

	"github.com/go-gst/go-gst/gst"
)

// LinkRTP links the stream of an rtspsrc, once it appears, to a sink of access units. A unit of more than limit bytes is
// dropped, see Pipeline.OnTooLarge, and so is one that is incomplete. parsebin must be installed.
func LinkRTP(rtsp, sink *Element, limit int) {
	C.fg_link_rtp(rtsp.pointer(), sink.pointer(), C.gsize(limit))
}

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
