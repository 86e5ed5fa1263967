package configs

import (
	"errors"
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

// CheckAddress returns what is wrong with an address to serve on, nil for nothing.
func CheckAddress(address string) error {
	if path, unix := UnixSocket(address); unix {
		if !filepath.IsAbs(path) || filepath.Clean(path) != path || len(path) > maxSocketPath {
			return fmt.Errorf("after unix: comes a path from the root of at most %d bytes", maxSocketPath)
		}
		return nil
	}
	if _, port, err := net.SplitHostPort(address); err != nil || !isPort(port) {
		return errors.New("it must be host:port, :port or unix:/path")
	}
	return nil
}

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
		if slices.Contains(addresses[:i], address) {
			d.fault(d.at(at), "%s is %q, which the list has already", at, address)
		} else if err := CheckAddress(address); err != nil {
			d.fault(d.at(at), "%s is %q; %v", at, address, err)
		}
	}
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && (n > 0 || text == "0")
}
