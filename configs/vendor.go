package configs

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
)

// vendors has the paths of URLs by the vendor of the camera. They follow the vendors' documentation, and were not tried on cameras.
var vendors = map[string]struct {
	streams map[string]string // what the path has for the streams main and sub
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

// Vendors returns the values of the key vendor, sorted.
func Vendors() []string { return slices.Sorted(maps.Keys(vendors)) }

// vendorURL returns the URL of a camera that is given by its vendor. Its keys must have been checked.
func (c *Camera) vendorURL() *url.URL {
	v := vendors[c.Vendor]
	u, err := url.Parse(v.path(c.Channel, v.streams[c.Stream]))
	if err != nil {
		panic(err) // a mistake in the table
	}
	u.Scheme, u.Host = "rtsp", net.JoinHostPort(c.Host, strconv.Itoa(c.Port))
	return u
}
