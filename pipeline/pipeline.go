// Package pipeline turns a camera into pictures. A Feed is the camera's connection and ends in access
// units, kept in a GOP buffer; a Picture decodes, scales and encodes them into frame.Slots while somebody
// watches.
//
// A running GStreamer pipeline is never edited: each change builds a new one from the GOP buffer and swaps.
package pipeline

import "framegate/pipeline/gst"

// Version is GStreamer's, such as 1.22.0.
func Version() string { return gst.Version() }

// Living is the number of pipelines and elements that framegate has made and that are not freed yet.
func Living() int { return gst.Living() }

// Abandoned is the number of pipelines that did not come back from a state change in time, since the process began.
func Abandoned() int { return gst.Abandoned() }
