// Package rtsp reads one video stream of an RTSP camera (RFC 2326): it opens the session, receives RTP packets over TCP or UDP,
// keeps the session alive and closes it. It knows no codec. Cameras break the standard in many ways, which this package accepts
// where the widest-used clients do.
package rtsp

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/redirect"

	"github.com/pion/rtp"
)

// Config says what to read and how.
type Config struct {
	URL      *url.URL // rtsp or rtsps; without user and password
	Username string   // empty for none
	Password string
	// TLS returns the configurations of rtsps connections to a host, which are tried in this order until a handshake succeeds. A camera
	// may redirect to rtsps whatever URL is.
	TLS func(host string) ([]*tls.Config, error)
	// Permit is called once, before the password is sent to the camera. After an error it is not sent, and Read returns the error.
	// Permit may be nil.
	Permit func() error
	// Accepted is called once, when the camera has accepted the password. It may be nil.
	Accepted func()
	// Reconnect sends the password over another connection than the one on which the camera asks for it. It is for a camera that has
	// closed the connection instead of an answer to the password.
	Reconnect bool
	Transport Transport // ignored for rtsps, which needs TCP
	// Timeout is how long the camera may take to accept the connection and for each answer. More than 0.
	Timeout time.Duration
	// DefaultPort returns the port of a scheme, for URLs that name none.
	DefaultPort func(scheme string) string
	// Knows reports whether Receivers take an encoding. If a medium offers several, the first known one is received.
	Knows func(encoding string) bool
	// Open returns what takes the packets of the stream that is received. It is called once for each session: a camera that
	// redirects, or does not send over UDP, has several. An error ends Read.
	Open func(Track) (Receiver, error)
	// Wait is called over TCP before a read that would wait for data. It may sleep, but no longer than until ctx is done, so that
	// the read gets more data at once. unfinished says that a part of a unit has arrived. Wait must not be nil.
	Wait func(ctx context.Context, unfinished bool)
	// Alive is called when the camera has begun to play, and after that whenever data have arrived, perhaps several packets at a
	// time. It must not be nil.
	Alive func(at time.Time)
	// Odd is called once for each difference of the camera from the standard, with a sentence for the log. It may be nil.
	Odd func(text string)
}

// Receiver takes the packets of a stream, in the order of their sequence numbers as far as they arrive in time. Its methods are
// called by one goroutine at a time.
type Receiver interface {
	// Packet takes a packet, which is valid during the call only.
	Packet(p *rtp.Packet, arrived time.Time)
	// State reports whether a unit is unfinished, and whether it may be complete: it counts as complete if nothing follows soon.
	State() (unfinished, maybeComplete bool)
	// Flush is called if nothing has followed a unit that may be complete.
	Flush()
}

// flushAfter is how long a unit that may be complete waits for further packets. Packets of one unit follow each other faster.
const flushAfter = 250 * time.Millisecond

// udpPatience is how long Auto waits for the first packet over UDP.
const udpPatience = 3 * time.Second

// StatusError is a refusal by the camera.
type StatusError struct {
	Method string // of the request
	Status int
	Reason string // the camera's words for it
	Remedy string // what to do; empty if that is not known
}

func (e *StatusError) Error() string {
	text := strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, e.Reason))
	if e.Method != "DESCRIBE" {
		text += " to " + e.Method
	}
	if e.Remedy != "" {
		text += ": " + e.Remedy
	}
	return text
}

// NoVideoError says that the camera describes no video.
type NoVideoError struct {
	Audio bool // it describes sound
}

func (e *NoVideoError) Error() string {
	if e.Audio {
		return "sends audio only, no video"
	}
	return "sends no video"
}

// ConnectError says why there is no connection.
type ConnectError struct {
	Err error
	TLS bool // the camera is connected, but the handshake of TLS has failed
}

func (e *ConnectError) Error() string { return e.Err.Error() }

func (e *ConnectError) Unwrap() error { return e.Err }

// ErrEnded says that the camera closed the connection.
var ErrEnded = errors.New("closed the connection")

// redirection says that the camera sends clients elsewhere.
type redirection struct{ to *url.URL }

func (r *redirection) Error() string { return "redirects to " + r.to.Redacted() }

// Read receives a stream until the connection ends or ctx is done. It returns why, ctx's cause in the second case. It closes the
// session before it returns.
func Read(ctx context.Context, c Config) error {
	transport, to := c.Transport, c.URL
	if to.Scheme == "rtsps" {
		transport = TCP
	}
	login := newLogin(c)
	guard := redirect.New(placeOf(c.URL, c.DefaultPort), "rtsp", "rtsps")
	passed := map[string]bool{} // requests after which the camera closed the connection, once each
	parameters := false         // of the session before
	lacks := ""                 // why UDP does not work
	for redirects := 0; ; {
		s := &session{
			config: c, url: to, guard: guard, login: login, odd: map[string]bool{},
			closes: passed["OPTIONS"], parameters: parameters, without: lacks,
		}
		err := s.read(ctx, transport)
		parameters = s.parameters
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var away *redirection
		var closed *closedEarly
		var without *noUDP
		switch {
		case errors.As(err, &closed):
			switch {
			case passed[closed.after] && login.untried():
				return &PasswordError{Err: errWrong, Unanswered: true}
			case passed[closed.after]:
				return ErrEnded
			}
			passed[closed.after] = true
		case errors.As(err, &away):
			if err := cmp.Or(guard.Allows(to, away.to), c.allows(away.to)); err != nil {
				return err
			}
			redirects++
			if err := guard.Follow(ctx, redirects); err != nil {
				return err
			}
			to = away.to
		case transport == Auto && errors.As(err, &without):
			s.oddity(without.why + ", so it is read over TCP; transport: tcp saves the attempt")
			transport, lacks = TCP, without.why
		default:
			return err
		}
	}
}

// allows refuses a redirect to another host if that would get the password. Control URLs need no such check: all requests of a
// session go to the host that it is connected to.
func (c *Config) allows(to *url.URL) error {
	if c.Username != "" && !strings.EqualFold(to.Hostname(), c.URL.Hostname()) {
		return fmt.Errorf("redirects to %s://%s, which is not given the password: configure that URL if it is the camera's",
			to.Scheme, frame.Words(to.Host))
	}
	return nil
}

// placeOf is the host and port of a URL.
func placeOf(u *url.URL, defaultPort func(scheme string) string) string {
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), defaultPort(u.Scheme)))
}

// closedEarly says that the camera closed the connection after a request, where another connection may help.
type closedEarly struct{ after string }

func (e *closedEarly) Error() string { return ErrEnded.Error() }

func (e *closedEarly) Unwrap() error { return ErrEnded }

// read opens the session and receives its packets.
func (s *session) read(ctx context.Context, transport Transport) error {
	if err := s.connect(ctx); err != nil {
		return err
	}
	return s.stream(ctx, transport)
}

// stream opens the session over the connection and receives its packets. It closes the connection before it returns.
func (s *session) stream(ctx context.Context, transport Transport) error {
	defer s.conn.Close()
	// Reading and writing end with ctx.
	defer context.AfterFunc(ctx, s.interrupt)()
	track, urls, err := s.describe()
	if err != nil {
		return err
	}
	receiver, err := s.config.Open(*track)
	if err != nil {
		return err
	}
	f := &flow{receiver: receiver, payload: track.Payload, clock: track.Clock, odd: s.oddity}
	if transport == TCP {
		return s.readTCP(ctx, f, urls)
	}
	return s.readUDP(ctx, f, urls, transport == Auto)
}
