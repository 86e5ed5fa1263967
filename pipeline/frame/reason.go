package frame

import "errors"

// Reason says why a camera gives no picture, in one word of the log and the API.
type Reason string

// The reasons. Each has its own sentence in a CameraError.
const (
	Unauthorized Reason = "unauthorized" // the camera refuses user or password
	NotFound     Reason = "not_found"    // the camera has no such stream, or there is no such file or device
	Unreachable  Reason = "unreachable"  // no connection: name, address, route or port
	TimedOut     Reason = "timed_out"    // connected, but no access unit within connect_timeout
	Stalled      Reason = "stalled"      // access units came and then stopped
	NoVideo      Reason = "no_video"     // the camera answers, but not with video
	Unsupported  Reason = "unsupported"  // video that this machine cannot decode
	Ended        Reason = "ended"        // the camera closed the connection
	Refused      Reason = "refused"      // the camera answers that it will not send, for another reason than those above
	Failed       Reason = "failed"       // anything else
)

// ErrFormatChanged ends a picture whose camera began to send something else, such as another size or codec,
// or B-frames. Another picture takes over.
var ErrFormatChanged = errors.New("the camera's format changed")

// CameraError is why a camera gives no picture, in a sentence for the person who can mend it. It holds no
// credentials.
type CameraError struct {
	Reason Reason
	Text   string
}

func (e *CameraError) Error() string { return e.Text }

// ReasonOf returns the Reason in err's chain, Failed where there is none.
func ReasonOf(err error) Reason {
	var camera *CameraError
	if errors.As(err, &camera) {
		return camera.Reason
	}
	return Failed
}
