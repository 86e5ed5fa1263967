package configs

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Addresses are where framegate serves: host:port, :port, or unix: and the path of a Unix socket. In YAML a single address need not be in
// a list.
type Addresses []string

// Socket is a Unix socket to serve on.
type Socket struct {
	Path  string
	Mode  fs.FileMode // whoever may write may connect; 0 leaves the mode to the umask
	Group string      // name or number; empty for the group of the process
}

// UnixSocket parses the address of a Unix socket: unix:/path, which ?mode=0660&group=video may follow. ok is false for other addresses.
func UnixSocket(address string) (socket Socket, ok bool) {
	socket, ok, _ = parseSocket(address)
	return socket, ok
}

// groupMode is the mode of a socket with a group and no mode of its own.
const groupMode = 0o660

var groupForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$`)

// parseSocket is UnixSocket, and returns what is wrong with the address as an error.
func parseSocket(address string) (socket Socket, ok bool, err error) {
	rest, ok := strings.CutPrefix(address, "unix:")
	if !ok {
		return socket, false, nil
	}
	path, options, any := strings.Cut(rest, "?")
	socket.Path = path
	if !filepath.IsAbs(path) || filepath.Clean(path) != path || len(path) > maxSocketPath {
		err = fmt.Errorf("unix: must be followed by an absolute path of at most %d bytes", maxSocketPath)
	}
	if !any {
		return socket, true, err
	}
	seen := map[string]bool{}
	for option := range strings.SplitSeq(options, "&") {
		name, value, _ := strings.Cut(option, "=")
		mode, modeErr := strconv.ParseUint(value, 8, 32)
		switch {
		case seen[name]:
			err = fmt.Errorf("it has %s twice", name)
		case name == "mode" && modeErr == nil && mode > 0 && mode <= 0o777:
			socket.Mode = fs.FileMode(mode)
		case name == "mode":
			err = errors.New("mode must be octal, from 0001 to 0777, such as 0660")
		case name == "group" && groupForm.MatchString(value):
			socket.Group = value
		case name == "group":
			err = errors.New("group must be the name or the number of a group")
		default:
			err = errors.New("? must be followed by mode or group, such as ?mode=0660&group=video")
		}
		seen[name] = true
	}
	if socket.Group != "" && socket.Mode == 0 {
		socket.Mode = groupMode
	}
	return socket, true, err
}

// maxSocketPath is how long the path of a Unix socket may be in bytes (unix(7)).
const maxSocketPath = 107

// CheckAddress returns what is wrong with an address to serve on, or nil.
func CheckAddress(address string) error {
	if _, unix, err := parseSocket(address); unix {
		return err
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
			d.fault(d.at(at), "%s is %q, which is already in the list", at, address)
		} else if err := CheckAddress(address); err != nil {
			d.fault(d.at(at), "%s is %q; %v", at, address, err)
		}
	}
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && (n > 0 || text == "0")
}
