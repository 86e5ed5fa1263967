package configs

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
)

// vendors are the URLs of cameras by maker: the path and query for a channel and the stream's name. They
// are as the makers document them; none was tried on a camera of theirs.
var vendors = map[string]struct {
	streams map[string]string // framegate's name of a stream to the maker's
	path    func(channel int, stream string) string
}{
	"hikvision": {
		streams: map[string]string{"main": "01", "sub": "02"},
		path: func(channel int, stream string) string {
			return fmt.Sprintf("/Streaming/Channels/%d%s", channel, stream)
		},
	},
	"dahua": {
		streams: map[string]string{"main": "0", "sub": "1"},
		path: func(channel int, stream string) string {
			return fmt.Sprintf("/cam/realmonitor?channel=%d&subtype=%s", channel, stream)
		},
	},
	"axis": {
		streams: map[string]string{"main": "", "sub": "&resolution=640x360"},
		path: func(channel int, stream string) string {
			return fmt.Sprintf("/axis-media/media.amp?camera=%d%s", channel, stream)
		},
	},
	"reolink": {
		streams: map[string]string{"main": "main", "sub": "sub"},
		path:    func(channel int, stream string) string { return fmt.Sprintf("/h264Preview_%02d_%s", channel, stream) },
	},
}

// vendorURL builds the URL of a vendor's camera, whose keys were checked.
func (c *Camera) vendorURL() *url.URL {
	v := vendors[c.Vendor]
	u, err := url.Parse(v.path(c.Channel, v.streams[c.Stream]))
	if err != nil {
		panic(err) // a fault of the table
	}
	u.Scheme, u.Host = "rtsp", net.JoinHostPort(c.Host, strconv.Itoa(c.Port))
	return u
}
