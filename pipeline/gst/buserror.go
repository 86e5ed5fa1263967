package gst

/*
#include <stdlib.h>
#include "buserror.h"
*/
import "C"

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/framegate/framegate/pipeline/frame"

	"github.com/go-gst/go-gst/gst"
)

// parseBusError turns an error message of GStreamer into a BusError that keeps its text. The feed may replace the text by a
// better one.
func parseBusError(msg *gst.Message) *BusError {
	var gerr *C.GError
	var debug *C.gchar
	C.gst_message_parse_error((*C.GstMessage)(unsafe.Pointer(msg.Instance())), &gerr, &debug)
	defer C.g_error_free(gerr)
	defer C.g_free(C.gpointer(debug))
	status := ""
	var words *C.gchar
	if code := C.fg_rtsp_status(unsafe.Pointer(msg.Instance()), &words); code != 0 {
		status = strings.TrimSpace(fmt.Sprint(code, " ", frame.Words(C.GoString(words))))
	}
	return &BusError{
		Status:      status,
		CameraError: frame.CameraError{Reason: busReason(gerr), Text: strings.TrimSuffix(C.GoString(gerr.message), ".")},
		Debug:       C.GoString(debug),
	}
}

// missingPlugin names the decoder, parser or depayloader that GStreamer did not find. It is empty for any other message.
func missingPlugin(msg *gst.Message) string {
	name := C.fg_missing_name(unsafe.Pointer(msg.Instance()))
	if name == nil {
		return ""
	}
	return frame.Words(C.GoString((*C.char)(name)))
}

// BusError is a CameraError with the details that GStreamer adds for programmers.
type BusError struct {
	frame.CameraError
	Debug  string
	Status string // with which an RTSP camera refused a request, such as '503 Service Unavailable'
}

func (e *BusError) Unwrap() error { return &e.CameraError }

// announces reports whether another error follows that says more. If a camera answers 404, or 401 to a password, rtspsrc of
// GStreamer 1.20 reports first that no authentication protocol is supported and then the answer.
func (e *BusError) announces() bool {
	return strings.Contains(e.Debug, "No supported authentication protocol was found")
}

func busReason(e *C.GError) frame.Reason {
	switch {
	case C.fg_resource(e, C.GST_RESOURCE_ERROR_NOT_AUTHORIZED) != 0:
		return frame.Unauthorized
	case C.fg_resource(e, C.GST_RESOURCE_ERROR_NOT_FOUND) != 0:
		return frame.NotFound
	case C.fg_resource(e, C.GST_RESOURCE_ERROR_OPEN_READ) != 0,
		C.fg_resource(e, C.GST_RESOURCE_ERROR_OPEN_READ_WRITE) != 0,
		C.fg_resource(e, C.GST_RESOURCE_ERROR_OPEN_WRITE) != 0:
		return frame.Unreachable
	case C.fg_resource(e, C.GST_RESOURCE_ERROR_READ) != 0:
		return frame.Ended
	case C.fg_stream(e, C.GST_STREAM_ERROR_TYPE_NOT_FOUND) != 0,
		C.fg_stream(e, C.GST_STREAM_ERROR_WRONG_TYPE) != 0:
		return frame.NoVideo
	case C.fg_stream(e, C.GST_STREAM_ERROR_CODEC_NOT_FOUND) != 0, C.fg_missing_plugin(e) != 0:
		return frame.Unsupported
	default:
		return frame.Failed
	}
}

// packages has the Debian packages of elements whose absence is reported by name.
var packages = map[string]string{
	"rtspsrc": "gstreamer1.0-plugins-good", "videoscale": "gstreamer1.0-plugins-base",
	"parsebin": "gstreamer1.0-plugins-base", "decodebin": "gstreamer1.0-plugins-base",
	"appsrc": "gstreamer1.0-plugins-base", "appsink": "gstreamer1.0-plugins-base",
	"videoconvert": "gstreamer1.0-plugins-base", "videotestsrc": "gstreamer1.0-plugins-base",
	"jpegenc": "gstreamer1.0-plugins-good", "v4l2src": "gstreamer1.0-plugins-good",
	"clockoverlay": "gstreamer1.0-x", "textoverlay": "gstreamer1.0-x",
	"videoflip": "gstreamer1.0-plugins-good", "pngenc": "gstreamer1.0-plugins-good", "webpenc": "gstreamer1.0-plugins-bad",
	"libcamerasrc": "gstreamer1.0-libcamera",
	"avdec_h264":   "gstreamer1.0-libav", "avdec_h265": "gstreamer1.0-libav",
	"avdec_mpeg4": "gstreamer1.0-libav", "avdec_mjpeg": "gstreamer1.0-libav",
	"vp8dec": "gstreamer1.0-plugins-good", "vp9dec": "gstreamer1.0-plugins-good",
	"dav1ddec": "gstreamer1.0-plugins-bad", "av1dec": "gstreamer1.0-plugins-bad",
	"nvarguscamerasrc": "the L4T multimedia packages of JetPack", "nvvidconv": "the L4T multimedia packages of JetPack",
}

// MissingElement is the error for an element that is not installed.
func MissingElement(factory string) error {
	text := "GStreamer's element " + factory + " is missing"
	if from, ok := packages[factory]; ok {
		text += ": install " + from
	}
	return &frame.CameraError{Reason: frame.Unsupported, Text: text}
}
