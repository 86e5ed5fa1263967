package frame

// Stream is what a camera sends, as far as it is known: all zero before the first connection.
type Stream struct {
	Codec         string  // h264, h265, mpeg4, mjpeg, vp8, vp9, av1 or raw
	Width, Height int     // pixels, as coded and then turned by Orientation; DisplaySize is the size at which they are shown
	FPS           float64 // as announced by the stream, else as measured; 0 while neither is known
	// PixelAspect is the shape of a pixel, its width to its height: pixel-aspect-ratio in GStreamer's caps, the sample aspect
	// ratio of H.264 and H.265 (ITU-T H.264, E.2.1). Pixels are square if it says nothing.
	PixelAspect Ratio
	Orientation Orientation
	HDR         HDR
	Software    bool // only software decodes it, and browsers do not show it
}

// Passes reports whether browsers show the camera's pictures as they are meant.
func (s Stream) Passes() bool {
	return s.Codec == "mjpeg" && !s.Software && s.SquarePixels() && s.Orientation == Orientation{}
}

// HDR is how a stream codes brightnesses beyond those of ordinary video; empty if it does not.
type HDR string

// The kinds of HDR, by their transfer function: SMPTE ST 2084, as in HDR10, and ARIB STD-B67.
const (
	PQ  HDR = "pq"
	HLG HDR = "hlg"
)

// HDROf returns the kind that transfer_characteristics mean (ITU-T H.273, table 3).
func HDROf(transfer int) HDR {
	switch transfer {
	case 16:
		return PQ
	case 18:
		return HLG
	}
	return ""
}
