package pipeline

import "github.com/framegate/framegate/pipeline/frame"

// Findings is a Report for people and programs, in the JSON of 'framegate probe' and of the API.
type Findings struct {
	Codec            string     `json:"codec"`
	Width            int        `json:"width"`
	Height           int        `json:"height"`
	PixelAspect      string     `json:"pixel_aspect,omitempty"` // such as 16:11; empty if pixels are square
	HDR              frame.HDR  `json:"hdr,omitempty"`          // pq or hlg
	CodedWidth       int        `json:"coded_width"`            // the size that the camera sends; width and height are the size that is shown
	CodedHeight      int        `json:"coded_height"`
	FPS              float64    `json:"fps"`
	KeyframeInterval float64    `json:"keyframe_interval"` // seconds; 0 if there was no second keyframe
	RefreshInterval  float64    `json:"refresh_interval"`  // seconds between two recovery points; 0 if there were none
	ConnectTime      float64    `json:"connect_time"`      // seconds
	FirstPicture     float64    `json:"first_picture"`     // seconds from the request for a picture to its arrival
	Plan             frame.Plan `json:"plan"`
	Oddities         []string   `json:"oddities"` // what is odd about the camera's stream, in short sentences
}

// Findings returns what a successful probe found out.
func (r Report) Findings() Findings {
	found := Findings{
		Codec: r.Stream.Codec, HDR: r.Stream.HDR, CodedWidth: r.Stream.Width, CodedHeight: r.Stream.Height, FPS: r.Stream.FPS,
		KeyframeInterval: r.KeyframeInterval.Seconds(), RefreshInterval: r.RefreshInterval.Seconds(),
		ConnectTime: r.Connect.Seconds(), FirstPicture: r.Picture.Seconds(), Plan: r.Plan, Oddities: r.Oddities,
	}
	found.Width, found.Height = r.Stream.DisplaySize()
	if !r.Stream.SquarePixels() {
		found.PixelAspect = r.Stream.PixelAspect.String()
	}
	return found
}
