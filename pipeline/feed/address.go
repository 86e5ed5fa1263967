package feed

import (
	"cmp"
	"errors"
	"net"
	"net/url"
	"os"

	"github.com/framegate/framegate/configs"
)

// place names a source in errors: its host and port on the network, or its path, or its whole URL such as csi://0.
func place(u *url.URL) string {
	port := configs.DefaultPort(u.Scheme)
	switch {
	case port != "":
		return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))
	case u.Host == "" && u.Path != "":
		return u.Path
	}
	return u.String()
}

// redactedPath is the path of a URL as an error may show it. It leaves out the query, where some makers put user and password,
// and the whole path if it contains them.
func redactedPath(u *url.URL) string {
	if path := u.EscapedPath(); !configs.HasCredentials(path) {
		return cmp.Or(path, "/")
	}
	return "at this path"
}

// rootCause strips what net, os and net/http put before the reason: they repeat the address, and the URL with its query.
func rootCause(err error) error {
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		err = call.Err
	}
	return err
}
