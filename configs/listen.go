package configs

import (
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Addresses are where framegate serves: host:port, :port, or unix: and the path of a Unix socket. In YAML a single one may stand alone.
type Addresses []string

// UnixSocket returns the path of the Unix socket that an address names.
func UnixSocket(address string) (path string, ok bool) { return strings.CutPrefix(address, "unix:") }

// maxSocketPath is how long the path of a Unix socket may be in bytes (unix(7)).
const maxSocketPath = 107

// checkListen checks the addresses to serve on.
func (d *decoder) checkListen(addresses Addresses) {
	if len(addresses) == 0 {
		d.fault(d.at("listen"), "listen is an empty list; it must have an address, such as :8080")
	}
	for i, address := range addresses {
		at := "listen"
		if d.has("listen[0]") {
			at = fmt.Sprintf("listen[%d]", i)
		}
		path, unix := UnixSocket(address)
		_, port, err := net.SplitHostPort(address)
		switch {
		case slices.Contains(addresses[:i], address):
			d.fault(d.at(at), "%s is %q, which the list has already", at, address)
		case unix && (!filepath.IsAbs(path) || filepath.Clean(path) != path || len(path) > maxSocketPath):
			d.fault(d.at(at), "%s is %q; after unix: comes a path from the root of at most %d bytes", at, address, maxSocketPath)
		case !unix && (err != nil || !isPort(port)):
			d.fault(d.at(at), "%s is %q; it must be host:port, :port or unix:/path", at, address)
		}
	}
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && (n > 0 || text == "0")
}
