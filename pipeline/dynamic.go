package pipeline

/*
#include <stdlib.h>
#include "link.h"
*/
import "C"

import (
	"unsafe"

	"github.com/go-gst/go-gst/gst"
)

// The signals of elements that come to know their streams late are answered in C: they fire on streaming
// threads, and go-glib's closures answer through reflection.

// linkLater links the first pad of from that fits, once it appears, to the sink pad of to.
func linkLater(from, to *gst.Element) {
	C.fg_link_later(unsafe.Pointer(from.Instance()), unsafe.Pointer(to.Instance()))
}

// linkRTP links the stream of an rtspsrc, once it appears, to a sink of whole access units, which come without
// delay. One of more bytes than limit is dropped and told on the bus, see tooLarge. parsebin must be installed.
func linkRTP(rtsp, sink *gst.Element, limit int) {
	C.fg_link_rtp(unsafe.Pointer(rtsp.Instance()), unsafe.Pointer(sink.Instance()), C.gsize(limit))
}

// tooLarge is the size of the access unit that a message tells to be dropped, 0 for any other message.
func tooLarge(msg *gst.Message) int { return int(C.fg_too_large(unsafe.Pointer(msg.Instance()))) }

// selectVideo makes an rtspsrc set up its first video stream and nothing else, so that sound and metadata
// cost nothing.
func selectVideo(rtsp *gst.Element) { C.fg_select_video(unsafe.Pointer(rtsp.Instance())) }

// offer counts the streams of an RTSP camera's description by kind.
type offer struct{ video, audio, other int }

// offered tells what the camera of a selectVideo rtspsrc has described so far.
func offered(rtsp *gst.Element) offer {
	o := C.fg_offered(unsafe.Pointer(rtsp.Instance()))
	return offer{int(o.video), int(o.audio), int(o.other)}
}

// hanging names the element that keeps a pipeline from a state.
func hanging(pipe *gst.Pipeline, state gst.State) string {
	var text [64]C.gchar
	C.fg_hanging(unsafe.Pointer(pipe.Instance()), C.GstState(state), &text[0], C.gsize(len(text)))
	return C.GoString((*C.char)(&text[0]))
}

// decoder names the video decoder that a pipeline came to use, empty while there is none. go-gst's own way
// to a factory's metadata, ElementFactory.GetMetadata, frees a string that is not its own (v1.4.0).
func (g *graph) decoder() string {
	var text [64]C.gchar
	C.fg_decoder(unsafe.Pointer(g.pipe.Instance()), &text[0], C.gsize(len(text)))
	return C.GoString((*C.char)(&text[0]))
}
