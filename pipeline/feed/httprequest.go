package feed

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/challenge"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/redirect"
)

// httpCamera sends requests to one camera. It belongs to one goroutine.
type httpCamera struct {
	http.Client
	src           configs.Source
	odd           func(kind, text string) // records what is odd about the camera's answers
	authenticates bool                    // the camera has asked for a password
	basic         bool                    // which is sent by Basic
}

func newHTTPCamera(src configs.Source, odd func(kind, text string)) (*httpCamera, error) {
	tries, err := tlsConfigs(src, src.URL.Hostname())
	if err != nil {
		return nil, err
	}
	for _, config := range tries {
		config.NextProtos = []string{"http/1.1"} // mendedConn knows no other
	}
	jar, err := newCookies()
	if err != nil {
		return nil, err
	}
	guard := redirect.New(place(src.URL), "http", "https")
	dialer := &cameraDialer{tls: tries, host: src.URL.Hostname(), odd: odd, guard: guard}
	transport := &http.Transport{ // without a proxy: cameras are on the local network
		DialContext: dialer.dial, DialTLSContext: dialer.dialTLS,
		IdleConnTimeout: 90 * time.Second, MaxResponseHeaderBytes: maxHead,
		DisableCompression: true, // JPEGs are compressed
	}
	return &httpCamera{src: src, odd: odd, Client: http.Client{Transport: transport, Jar: jar, CheckRedirect: sameCamera(src, guard)}}, nil
}

// cameraDialer connects to a camera. Its connections mend the heads of the camera's answers.
type cameraDialer struct {
	tls  []*tls.Config // tried in this order until a handshake succeeds
	host string        // of the source's URL, which tls expects
	odd  func(kind, text string)

	guard *redirect.Guard
}

// connect makes a connection that a redirect may lead to.
func (d *cameraDialer) connect(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.guard.Dial(ctx, net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}, network, address)
	if refused, ok := redirect.IsRefused(err); ok {
		err = errors.New("it " + refused.Error())
	}
	return conn, err
}

func (d *cameraDialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.connect(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return newMendedConn(conn, d.odd), nil
}

// handshakeTimeout is the same as in net/http.
const handshakeTimeout = 10 * time.Second

// dialTLS tries the configurations of TLS, each with a new connection.
func (d *cameraDialer) dialTLS(ctx context.Context, network, address string) (conn net.Conn, err error) {
	for i, config := range d.tls {
		var again bool
		if conn, again, err = d.dialWith(ctx, config, network, address); !again {
			if i > 0 && err == nil {
				d.odd("old TLS", "it speaks only versions or ciphers of TLS that are too old to protect what is sent")
			}
			break
		}
	}
	return conn, err
}

// dialWith connects with one configuration of TLS. It reports whether another one may help.
func (d *cameraDialer) dialWith(ctx context.Context, config *tls.Config, network, address string) (_ net.Conn, again bool, _ error) {
	conn, err := d.connect(ctx, network, address)
	if err != nil {
		return nil, false, err
	}
	if host, _, err := net.SplitHostPort(address); err == nil && host != d.host { // after a redirect
		config = config.Clone()
		config.ServerName = host
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		conn.Close()
		var record tls.RecordHeaderError
		if errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/" {
			return nil, false, errors.New("it answers without TLS: use http://")
		}
		if !config.InsecureSkipVerify && agreesOnNothing(err) {
			err = errors.New(rootCause(err).Error() + "; " + mayBeOld)
		}
		return nil, ctx.Err() == nil, err
	}
	return newMendedConn(secured, d.odd), false, nil
}

// sameCamera allows a camera with a password to redirect only to itself: no other host and no less secure connection may get
// the password. No other host gets a token of the URL either, which net/http would send as the place that it comes from.
func sameCamera(src configs.Source, guard *redirect.Guard) func(*http.Request, []*http.Request) error {
	return func(to *http.Request, via []*http.Request) error {
		to.Header.Del("Referer")
		if err := guard.Allows(via[len(via)-1].URL, to.URL); err != nil {
			return fmt.Errorf("it %w", err)
		}
		switch {
		case src.Username != "" && (place(to.URL) != place(src.URL) || to.URL.Scheme != src.URL.Scheme):
			return fmt.Errorf("it redirects to %s://%s, which is not given the password: configure that URL if it is the camera's", to.URL.Scheme, frame.Words(place(to.URL)))
		}
		if err := guard.Follow(to.Context(), len(via)); err != nil {
			return fmt.Errorf("it %w", err)
		}
		return nil
	}
}

// get sends a request without a password first. If the camera asks for one, get sends it in the way that the camera wants. So a
// camera that knows Digest never gets a password in clear text.
func (c *httpCamera) get(ctx context.Context) (*http.Response, error) {
	resp, err := c.ask(ctx)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusUnauthorized && c.src.Username != "" && !c.authenticates {
		resp.Body.Close()
		if err := c.authenticate(challenge.Parse(resp.Header.Values("WWW-Authenticate"))); err != nil {
			return nil, err
		}
		if resp, err = c.ask(ctx); err != nil {
			return nil, err
		}
	}
	if resp.StatusCode == http.StatusUnauthorized && c.authenticates && challenge.Parse(resp.Header.Values("WWW-Authenticate")).Stale() {
		resp.Body.Close() // the nonce was too old already when it was answered
		if resp, err = c.ask(ctx); err != nil {
			return nil, err
		}
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, c.refused(resp)
	}
	return resp, nil
}

// authenticate makes further requests answer one of the challenges.
func (c *httpCamera) authenticate(offered challenge.List) error {
	c.authenticates = true
	switch {
	case offered.Digest() != nil:
		c.Transport = challenge.Transport(c.src.Username, c.src.Password.Reveal(), c.Transport)
	case offered.AllowsBasic():
		c.basic = true
	case len(offered) == 0:
		return &frame.CameraError{Reason: frame.Unauthorized,
			Text: fmt.Sprintf("401 from %s, which does not say how to authenticate", place(c.src.URL))}
	default:
		return &frame.CameraError{Reason: frame.Unauthorized,
			Text: fmt.Sprintf("401 from %s: it asks for %s, which framegate does not answer", place(c.src.URL), offered)}
	}
	return nil
}

func (c *httpCamera) ask(ctx context.Context) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.src.URL.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "framegate")
	if c.basic {
		req.SetBasicAuth(c.src.Username, c.src.Password.Reveal())
	}
	resp, err := c.Do(req)
	switch {
	case err == nil:
		inflate(resp)
		return resp, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	text := fmt.Sprintf("connect to %s: %s", place(c.src.URL), frame.Words(rootCause(err).Error()))
	for _, other := range []struct{ begins, scheme string }{{`"\x15\x03`, "https"}, {`"RTSP/`, "rtsp"}} { // an alert of TLS
		if strings.Contains(text, "malformed HTTP") && strings.Contains(text, other.begins) {
			text = fmt.Sprintf("%s answers, but not in HTTP: use %s://", place(c.src.URL), other.scheme)
		}
	}
	return nil, &frame.CameraError{Reason: frame.Unreachable, Text: text}
}

func (c *httpCamera) refused(resp *http.Response) error {
	at := place(c.src.URL)
	switch resp.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return &frame.CameraError{Reason: frame.Unauthorized, Text: fmt.Sprintf("%d from %s: check username and password", resp.StatusCode, at)}
	case http.StatusNotFound:
		return &frame.CameraError{Reason: frame.NotFound, Text: fmt.Sprintf("404 from %s: it has no %s", at, redactedPath(c.src.URL))}
	}
	return &frame.CameraError{Reason: frame.Refused, Text: fmt.Sprintf("%s from %s", frame.Words(resp.Status), at)}
}

func (c *httpCamera) broken(err error) error {
	return &frame.CameraError{Reason: frame.Ended, Text: fmt.Sprintf("%s: %s", place(c.src.URL), frame.Words(err.Error()))}
}

func (c *httpCamera) closed() error {
	return &frame.CameraError{Reason: frame.Ended, Text: place(c.src.URL) + " closed the connection"}
}

// What is kept of a camera's cookies.
const (
	maxCookies     = 20
	maxCookieBytes = 8 << 10
)

// cookies is the cookie jar of one camera: some cameras redirect until a cookie comes back. A cookie for which there is no room
// takes the place of all the others. The jar belongs to the goroutine that asks the camera.
type cookies struct {
	jar   *cookiejar.Jar
	bytes map[string]int // of each cookie in jar, by what distinguishes it
	total int            // of bytes
}

func newCookies() (*cookies, error) {
	jar, err := cookiejar.New(nil)
	return &cookies{jar: jar, bytes: map[string]int{}}, err
}

// Cookies implements http.CookieJar.
func (c *cookies) Cookies(u *url.URL) []*http.Cookie { return c.jar.Cookies(u) }

// SetCookies implements http.CookieJar.
func (c *cookies) SetCookies(u *url.URL, set []*http.Cookie) {
	for _, cookie := range set {
		id := strings.Join([]string{u.Hostname(), u.Path, cookie.Domain, cookie.Path, cookie.Name}, "\n")
		size := len(id) + len(cookie.Value)
		if size > maxCookieBytes {
			continue
		}
		before, known := c.bytes[id]
		if c.total+size-before > maxCookieBytes || !known && len(c.bytes) == maxCookies {
			fresh, err := newCookies()
			if err != nil {
				return
			}
			*c, before = *fresh, 0
		}
		c.bytes[id] = size
		c.total += size - before
		c.jar.SetCookies(u, []*http.Cookie{cookie})
	}
}
