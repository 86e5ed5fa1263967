package configs

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
)

// Source says where pictures come from and how to connect. Load, Parse and ParseSource return sources.
type Source struct {
	URL            *url.URL // without user and password before the host
	Username       string
	Password       Secret
	Transport      Transport     // of RTSP
	Reader         Reader        // likewise
	TLSCA          string        // path of a PEM file; empty trusts the system's authorities
	TLSVerify      bool          // whether the camera's certificate is checked
	PollInterval   time.Duration // between two requests over HTTP, see Settings
	ConnectTimeout time.Duration // until a camera must have answered
	StallTimeout   time.Duration // how long a connected camera may send nothing
	Aspect         frame.Ratio   // of the picture; zero for what the camera states
	Masks          []Mask        // hidden in every picture of the source
	Plans          Plans
}

// String returns the source's URL for errors and logs, without credentials. Some vendors put them into the query or the path, which is
// then left out.
func (s Source) String() string {
	u := *s.URL
	if HasCredentials(u.RawQuery) {
		u.RawQuery = ""
	}
	if HasCredentials(u.EscapedPath()) {
		u.Path, u.RawPath, u.RawQuery = "", "", ""
	}
	return u.String()
}

// HasCredentials reports whether the path or the query of a URL has user=admin, password=secret or the like, as with some vendors.
func HasCredentials(text string) bool { return credentials.MatchString(text) }

var credentials = regexp.MustCompile(`(?i)(pass|pwd|psw|auth|token|user)[a-z]*=`)

// ParseSource parses a source from a value of the key url, with all other keys at their defaults. The URL may have a password. The error
// contains no credentials.
func ParseSource(raw string) (Source, error) {
	camera := NewCamera(Default().Defaults)
	camera.URL = raw
	return camera.source(camera.URL)
}

// source returns the Source for one of the camera's URLs. If the URL is empty and the camera has a vendor, it is built from the vendor.
func (c *Camera) source(raw string) (Source, error) {
	s := Source{
		Username: c.Username, Password: c.Password,
		Transport: c.Transport, Reader: c.Reader, TLSCA: c.TLSCA, TLSVerify: c.TLSVerify,
		PollInterval: c.PollInterval, ConnectTimeout: c.ConnectTimeout, StallTimeout: c.StallTimeout,
		Masks: c.Masks,
		Plans: Plans{Hardware: c.Hardware, Decoder: c.Decoder, Encoder: c.Encoder, Timeout: c.PlanTimeout, Retry: c.PlanRetry},
	}
	var err error
	if raw == "" && c.Vendor != "" {
		s.URL = c.vendorURL()
		return s, nil
	}
	if s.URL, err = parseURL(raw); err != nil {
		return s, err
	}
	if user := s.URL.User; user != nil {
		if !schemes[s.URL.Scheme].credentials {
			return s, errNoCredentials(s.URL.Scheme)
		}
		if c.Username != "" || c.Password != "" {
			return s, errors.New("user or password is given in the URL and also as a key; keep one")
		}
		password, _ := user.Password()
		s.Username, s.Password = user.Username(), Secret(password)
		s.URL.User = nil
	}
	return s, nil
}

// errNoCredentials says that a scheme takes no credentials.
func errNoCredentials(scheme string) error {
	return fmt.Errorf("a %s:// source takes no user or password", scheme)
}

// schemes are the kinds of source, by the scheme of their URLs.
var schemes = map[string]scheme{
	"rtsp":  {port: "554", credentials: true, check: needsHost},
	"rtsps": {port: "322", credentials: true, tls: true, check: needsHost},
	"http":  {port: "80", credentials: true, check: needsHost},
	"https": {port: "443", credentials: true, tls: true, check: needsHost},
	"file":  {check: needsPath},
	"v4l2":  {check: needsPath},
	"csi":   {check: needsNumber},
	"test":  {check: needsPattern},
}

// scheme is one kind of source.
type scheme struct {
	port        string               // default port; empty for a source that is not on the network
	credentials bool                 // it takes a user and a password
	tls         bool                 // it takes a certificate to trust
	check       func(*url.URL) error // checks the rest of the URL
}

// Schemes returns the schemes of all sources, sorted.
func Schemes() []string { return slices.Sorted(maps.Keys(schemes)) }

// DefaultPort returns the port of a source whose URL names none. It is empty for a scheme without ports.
func DefaultPort(scheme string) string { return schemes[scheme].port }

func needsHost(u *url.URL) error {
	if u.Hostname() == "" {
		return fmt.Errorf("the URL has no host; write %s://host/path", u.Scheme)
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("the port is %s; it must be from 1 to 65535", port)
		}
	}
	return nil
}

func needsPath(u *url.URL) error {
	if u.Host != "" || len(u.Path) < 2 {
		return fmt.Errorf("write %s:///absolute/path, with three slashes", u.Scheme)
	}
	return nil
}

// digits matches the number of a local camera: N of /dev/videoN, and of csi://N.
var digits = regexp.MustCompile(`^[0-9]{1,3}$`)

func needsNumber(u *url.URL) error {
	if !digits.MatchString(u.Host) || strings.Trim(u.Path, "/") != "" {
		return errors.New("write csi:// and the camera's number, as in csi://0")
	}
	return nil
}

// patterns are what a test:// source can show.
var patterns = []string{"ball", "clock", "smpte"}

// patternLimits are the ranges of the parameters of test://.
var patternLimits = map[string][2]int{
	"width": {frame.MinSide, frame.MaxSide}, "height": {frame.MinSide, frame.MaxSide}, "fps": {1, frame.MaxFPS},
}

func needsPattern(u *url.URL) error {
	if !slices.Contains(patterns, u.Host) {
		return fmt.Errorf("test:// must be followed by one of %s", strings.Join(patterns, ", "))
	}
	for name, values := range u.Query() {
		limits, ok := patternLimits[name]
		if !ok {
			return fmt.Errorf("test:// takes width, height and fps, not %s", name)
		}
		if len(values) > 1 {
			return fmt.Errorf("test:// has %s more than once", name)
		}
		if n, err := strconv.Atoi(values[0]); err != nil || n < limits[0] || n > limits[1] {
			return fmt.Errorf("%s of test:// must be from %d to %d", name, limits[0], limits[1])
		}
	}
	return nil
}

// parseURL parses a URL. It finds the usual mistakes itself, because Go's errors quote parts of the URL, which may be parts of a password.
func parseURL(raw string) (*url.URL, error) {
	if raw == "" {
		return nil, errors.New("the URL is empty")
	}
	if digits.MatchString(raw) {
		raw = "v4l2:///dev/video" + raw
	}
	for _, r := range raw {
		switch {
		case r == ' ':
			return nil, errors.New("the URL has a space; write %20")
		case r < ' ' || r == 0x7F:
			return nil, fmt.Errorf("the URL has the control character %q; write %%%02X", r, r)
		case strings.ContainsRune("\"<>`\\^{|}", r):
			return nil, fmt.Errorf("the URL has the character %c; write %%%02X", r, r)
		}
	}
	name, rest, ok := strings.Cut(raw, "://")
	kind, known := schemes[name]
	if !ok || !known {
		return nil, fmt.Errorf("a source is a number or begins with one of %s://", strings.Join(Schemes(), "://, "))
	}
	if err := checkUserinfo(rest); err != nil {
		return nil, err
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("the URL cannot be read: check its host, port and percent-encoding")
	}
	return u, kind.check(u)
}

// checkUserinfo refuses a user or password with a character that a URL uses for something else.
func checkUserinfo(rest string) error {
	authority, _, _ := strings.Cut(rest, "/")
	if i := strings.IndexAny(authority, "?#"); i >= 0 {
		authority = authority[:i]
	}
	at := strings.Count(authority, "@")
	_, port, _ := strings.Cut(authority, ":")
	// A slash in a password seems to end the authority. Then the @ comes after it, and what looks like the port is not a number.
	hidden := at == 0 && strings.Contains(rest, "@") && strings.Trim(port, "0123456789") != "" && !strings.HasPrefix(authority, "[")
	if at > 1 || hidden {
		return errors.New("user or password in the URL has a character that must be percent-encoded " +
			"(@ is %40, # is %23, / is %2F, ? is %3F, : is %3A); or give them as username and password")
	}
	return nil
}
