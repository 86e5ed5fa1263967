package registry

import (
	"errors"
	"fmt"
)

// Errors that callers distinguish. The other errors are the camera's: see frame.CameraError.
var (
	ErrUnknown  = errors.New("no such camera")
	ErrDisabled = errors.New("the camera is disabled")
	ErrFull     = errors.New("too many viewers")
	ErrReplaced = errors.New("the camera's configuration has changed") // the viewer may watch again
	ErrRemoved  = errors.New("the camera was removed from the configuration")
	ErrClosing  = errors.New("framegate is shutting down")
)

// TooManyError means that no further rendition of a camera can be made now.
type TooManyError struct{ Limit int }

func (e *TooManyError) Error() string {
	return fmt.Sprintf("too many different pictures: the camera already makes %d, the limit set by max_renditions", e.Limit)
}
