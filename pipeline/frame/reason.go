package frame

import (
	"errors"
	"time"
)

// Reason says in one word why a camera gives no picture. The log and the API show it.
type Reason string

// The reasons. Each has its own sentence in a CameraError.
const (
	Unauthorized Reason = "unauthorized" // the camera refuses user or password
	NotFound     Reason = "not_found"    // the camera has no such stream, or there is no such file or device
	Unreachable  Reason = "unreachable"  // no connection: name, address, route or port
	TimedOut     Reason = "timed_out"    // connected, but no access unit within connect_timeout
	NoKeyframe   Reason = "no_keyframe"  // access units arrive, but none at which a decoder can begin
	Stalled      Reason = "stalled"      // access units arrived and then stopped
	NoVideo      Reason = "no_video"     // the camera answers, but not with video
	Unsupported  Reason = "unsupported"  // video that this machine cannot decode
	Ended        Reason = "ended"        // the camera closed the connection
	Refused      Reason = "refused"      // the camera refuses to send for a reason that is not listed above
	Memory       Reason = "memory"       // framegate takes too much memory and has suspended the camera, or would if it decoded it
	Failed       Reason = "failed"       // anything else
)

// GracePeriod is how long viewers keep the last picture of a camera that has ended its connection or its stream, and may be back at
// once: some cameras end every connection after 5 or 30 s. It counts from that picture. After it viewers see a placeholder, which they
// are promised within 2 s. The rest is for drawing it.
const GracePeriod = 1500 * time.Millisecond

// Waiting says that a connected camera gives no picture yet.
type Waiting struct {
	Since  time.Time
	Stream Stream // what it sends, as far as that is known
	Err    *CameraError
}

// ErrFormatChanged is the end of a picture whose camera began to send something else, such as another size or codec, or
// B-frames. A new picture takes over.
var ErrFormatChanged = errors.New("the camera's format changed")

// CameraError says why a camera gives no picture, in a sentence for the person who can repair it. It contains no
// credentials.
type CameraError struct {
	Reason Reason
	Text   string
}

// Error returns the text without control characters, and not all of a long one: a part of it may be the camera's words, or those of
// a library about what the camera sent.
func (e *CameraError) Error() string { return clean(e.Text, maxSentence) }

// ReasonOf returns the Reason in err's chain, Failed if there is none.
func ReasonOf(err error) Reason {
	var camera *CameraError
	if errors.As(err, &camera) {
		return camera.Reason
	}
	return Failed
}
