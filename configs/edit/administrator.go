package edit

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/framegate/framegate/configs"
)

// AdministratorError refuses a value that only an administrator, who may write the file, can give: it would let a request read the
// environment or files, or open a device.
type AdministratorError struct {
	Key  string
	Text string
}

func (e *AdministratorError) Error() string { return e.Text }

// fileKeys are the keys that name files.
var fileKeys = []string{"password_file", "tls_ca"}

// video matches the local cameras that a request may name. Opening another device may have an effect.
var video = regexp.MustCompile(`^v4l2:///dev/(video[0-9]{1,3}|v4l/by-(id|path)/[A-Za-z0-9_:.+-]+)$`)

// checkAdministrator returns an AdministratorError if want has a new value that only an administrator can give.
func checkAdministrator(was, want Keys) error {
	for _, key := range want {
		before, _ := was.get(key.Name)
		if equal(before, key.Value) {
			continue
		}
		if source, ok := key.Value.(string); ok && (key.Name == "url" || key.Name == "substream") {
			if err := checkRequested(key.Name, source); err != nil {
				return err
			}
		}
		switch {
		case key.Name == "<<":
			return only(key.Name, "merges keys")
		case slices.Contains(fileKeys, key.Name):
			return only(key.Name, "names a file")
		case hasVariable(before, key.Value):
			return only(key.Name, "has an environment variable (write $${ for the characters ${)")
		}
	}
	return nil
}

// requestable are the schemes of sources that a request may name, besides local cameras.
var requestable = []string{"rtsp", "rtsps", "http", "https", "csi", "test"}

// checkRequested returns an AdministratorError for a source that requests may not name. The scheme is compared in lower case, so that
// capital letters do not evade the check.
func checkRequested(key, source string) error {
	scheme, _, found := strings.Cut(source, ":")
	scheme = strings.ToLower(scheme)
	switch {
	case !found || slices.Contains(requestable, scheme) || video.MatchString(source): // without a scheme it is the number of a local camera, or parsing reports it
		return nil
	case scheme == "file":
		return only(key, "names a file")
	case scheme == "v4l2":
		return only(key, "names a device other than /dev/video0 and the like")
	case !slices.Contains(configs.Schemes(), scheme):
		return nil // parsing reports it, with a better message
	}
	return only(key, "is a "+scheme+":// source")
}

func only(key, does string) error {
	return &AdministratorError{Key: key, Text: fmt.Sprintf("%s %s; that can only be written into the configuration file itself", key, does)}
}

// hasVariable reports whether a value has a variable in a part that has changed.
func hasVariable(before, value any) bool {
	switch value := value.(type) {
	case string:
		return value != before && configs.HasVariable(value)
	case Keys:
		before, _ := before.(Keys)
		return slices.ContainsFunc(value, func(k Key) bool {
			own, _ := before.get(k.Name)
			return hasVariable(own, k.Value)
		})
	case []any:
		return slices.ContainsFunc(value, func(item any) bool { return hasVariable(nil, item) })
	}
	return false
}
