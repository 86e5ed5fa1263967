package registry

import (
	"errors"
	"fmt"
)

// Errors that callers tell apart. Others are the camera's, see frame.CameraError.
var (
	ErrUnknown  = errors.New("no such camera")
	ErrDisabled = errors.New("the camera is disabled")
	ErrFull     = errors.New("too many watch")
	ErrReplaced = errors.New("the camera's configuration has changed") // whoever watches may watch again
	ErrRemoved  = errors.New("the camera was taken out of the configuration")
	ErrClosing  = errors.New("framegate is shutting down")
)

// TooManyError says that no further rendition of a camera can be made now.
type TooManyError struct{ Limit int }

func (e *TooManyError) Error() string {
	return fmt.Sprintf("%d different pictures of this camera are being made already, as many as max_renditions allows", e.Limit)
}
