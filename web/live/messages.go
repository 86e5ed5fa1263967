package live

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// request is a message of the client, which has exactly one of the fields.
type request struct {
	Open    *opening `json:"open"`
	Close   *uint32  `json:"close"`   // a tile
	Shown   []uint32 `json:"shown"`   // tiles, each of which has shown a picture
	Figures []string `json:"figures"` // cameras
}

// opening asks for the pictures of a camera.
type opening struct {
	Tile   *uint32 `json:"tile"`
	Camera string  `json:"camera"`
	Query  string  `json:"query"`
}

// maxRequest is how long a message of the client may be, in bytes. It is enough to name 256 cameras.
const maxRequest = 32 << 10

// parse reads a message of the client. The error says what is wrong with it.
func parse(text []byte) (request, error) {
	var r request
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, fmt.Errorf("the message cannot be read: %w", err)
	}
	if d.More() {
		return r, errors.New("the message is more than one JSON object")
	}
	given := 0
	for _, has := range []bool{r.Open != nil, r.Close != nil, r.Shown != nil, r.Figures != nil} {
		if has {
			given++
		}
	}
	switch {
	case given != 1:
		return r, errors.New("a message has exactly one of open, close, shown and figures")
	case r.Open != nil && r.Open.Tile == nil:
		return r, errors.New("open.tile is missing")
	case r.Open != nil && r.Open.Camera == "":
		return r, errors.New("open.camera is missing")
	}
	return r, nil
}

// Messages to the client, each with one field.
type (
	camerasMessage struct {
		Cameras []any `json:"cameras"` // all, in order
	}
	cameraMessage struct {
		Camera any `json:"camera"`
	}
	timeMessage struct {
		Time int64 `json:"time"` // in microseconds since 1970
	}
	endedMessage struct {
		Ended ended `json:"ended"`
	}
	ended struct {
		Tile    uint32 `json:"tile"`
		Problem any    `json:"problem"`
	}
)

// lastPicture is the last picture of a tile, which waits in the order of texts.
type lastPicture struct {
	tile  uint32
	frame *frame.Frame
}

// isPlaceholder is the flag of a picture that framegate has drawn because the camera sends none.
const isPlaceholder = 1

// appendPicture appends the message of a picture: the tile and flags, as uint32, when it arrived from the camera and when it is sent, as
// int64 in microseconds since 1970, all big-endian, and the JPEG.
func appendPicture(to []byte, tile uint32, f *frame.Frame, now time.Time) []byte {
	var flags uint32
	if f.Placeholder {
		flags |= isPlaceholder
	}
	to = binary.BigEndian.AppendUint32(to, tile)
	to = binary.BigEndian.AppendUint32(to, flags)
	to = binary.BigEndian.AppendUint64(to, uint64(f.Received.UnixMicro()))
	to = binary.BigEndian.AppendUint64(to, uint64(now.UnixMicro()))
	return append(to, f.Picture()...)
}
