package links

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/framegate/framegate/web/auth"
)

// DefaultFor is how long a link is valid if its request does not say.
const DefaultFor = 24 * time.Hour

// The shortest and the longest time for which a link is made.
const (
	minFor = time.Second
	maxFor = 3650 * day
	day    = 24 * time.Hour
)

// Request says what a link is for.
type Request struct {
	URL    string // of a picture: a whole URL, or a path with its query
	For    string // how long the link is valid, see ParseFor; empty for DefaultFor
	Any    bool   // the link is for all pictures of the camera
	Client string // address of the only client that may use the link; empty for any
}

// Signed is a link.
type Signed struct {
	URL     string
	Camera  string
	Key     string
	Expires time.Time
	MadeIn  string // path of the file with the key, if the key was made for this link; else empty
}

// RequestError says what is wrong with a Request.
type RequestError struct {
	Parameter string // the wrong one, as the API names it
	Text      string
}

func (e *RequestError) Error() string { return e.Text }

// Check parses a request. The error is a *RequestError. It sets only Signed.Camera.
func (r Request) Check() (Signed, error) {
	s, _, _, err := r.check()
	return s, err
}

// ParseFor parses the time for which a link is valid, such as 90m, 36h or 30d.
func ParseFor(text string) (time.Duration, error) {
	if text == "" {
		return DefaultFor, nil
	}
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(min(max(n, -1), 1<<16)) * day
	}
	if err != nil || d < minFor || d > maxFor {
		return 0, &RequestError{"for", fmt.Sprintf("%q is not a valid time for a link: write 90m, 36h or 30d, from 1s to 3650d", text)}
	}
	return d, nil
}

// inPath matches the path of a picture, with a prefix that a proxy removes.
var inPath = regexp.MustCompile(`^(.*)(/cameras/[^/]*/[^/]*)$`)

// queryForm matches a query that browsers send exactly as it is written.
var queryForm = regexp.MustCompile(`^[!#-&(-;=?-~]*$`)

// check parses a request. It also returns the URL and the link to sign, without key and time.
func (r Request) check() (s Signed, u *url.URL, l link, err error) {
	fail := func(format string, args ...any) (Signed, *url.URL, link, error) {
		return Signed{}, nil, link{}, &RequestError{"path", fmt.Sprintf(format, args...)}
	}
	u, err = url.Parse(r.URL)
	switch {
	case err != nil:
		var detail *url.Error
		errors.As(err, &detail)
		return fail("the URL cannot be read: %v", detail.Err)
	case u.User != nil:
		return fail("the URL has a user or a password, which a link must not have")
	case u.Fragment != "":
		return fail("the URL has a part after #, which browsers do not send to a server")
	case !queryForm.MatchString(u.RawQuery):
		return fail("the query of the URL has a character that browsers encode: write %%20 for a space, and encode quotes, < and >, and all characters outside ASCII too")
	}
	match := inPath.FindStringSubmatch(u.EscapedPath())
	if match != nil {
		s.Camera, _ = Covers(match[2])
	}
	if s.Camera == "" {
		return fail("%q is not the path of a camera's picture: it must end in /cameras/ID/stream, "+
			"or in snapshot.jpg, snapshot.png, snapshot.webp, next.jpg or next.raw in place of stream", u.EscapedPath())
	}
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		if name, _, _ := strings.Cut(part, "="); slices.Contains(auth.Parameters, name) {
			return fail("the URL has the parameter %s, which carries credentials; the link adds its own", name)
		}
	}
	l = link{path: match[2], query: u.RawQuery, any: r.Any, ip: r.Client}
	if r.Client != "" {
		address, err := parseClient(r.Client)
		if err != nil {
			return Signed{}, nil, link{}, &RequestError{"client", fmt.Sprintf("%q is not the IP address of a client", r.Client)}
		}
		l.ip = address.String()
	}
	_, err = ParseFor(r.For)
	return s, u, l, err
}

// Sign makes a link. If there is no key yet, it makes one. The error is a *RequestError, or says why no key could be made.
func (l *Links) Sign(r Request) (Signed, error) {
	signed, u, made, err := r.check()
	if err != nil {
		return Signed{}, err
	}
	k, madeIn, err := l.toSign()
	if err != nil {
		return Signed{}, err
	}
	signed.MadeIn = madeIn
	lasts, _ := ParseFor(r.For)
	signed.Expires = l.now().Add(lasts).UTC().Truncate(time.Second)
	signed.Key = k.ID
	made.expires, made.key, made.nonce = strconv.FormatInt(signed.Expires.Unix(), 10), k.ID, l.nonce()

	query := made.query
	add := func(name, value string) {
		if query != "" {
			query += "&"
		}
		query += name + "=" + value // needs no escapes
	}
	add(expiresParameter, made.expires)
	add(keyParameter, made.key)
	if made.any {
		add(anyParameter, "1")
	}
	if made.ip != "" {
		add(ipParameter, made.ip)
	}
	if made.nonce != "" {
		add(nonceParameter, made.nonce)
	}
	add(signatureParameter, encoding.EncodeToString(made.sign(k.Secret)))
	u.RawQuery, u.ForceQuery = query, false
	signed.URL = u.String()
	return signed, nil
}

// randomNonce returns a text that makes a link different from all others, so that it can be revoked alone.
func randomNonce() string {
	random := make([]byte, 9)
	rand.Read(random) // never fails
	return encoding.EncodeToString(random)
}
