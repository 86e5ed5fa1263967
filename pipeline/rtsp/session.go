package rtsp

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/framegate/framegate/pipeline/challenge"
)

// session is one connection to a camera. The goroutine that reads it owns all fields but those under mu.
type session struct {
	config Config
	url    *url.URL // that is described
	closes bool     // the camera closes a connection after OPTIONS
	conn   net.Conn
	wire   *wire
	odd    map[string]bool // what was told to Config.Odd

	parameters bool          // the camera knows GET_PARAMETER
	timeout    time.Duration // after which the camera ends a session without a request; 0 if it does not say
	accepted   bool          // the camera has accepted the password
	renewed    time.Time     // when a challenge was answered while the stream plays

	mu          sync.Mutex             // guards what follows, and writing
	sequence    int                    // of the last request
	id          string                 // of the session; empty until SETUP
	credentials *challenge.Credentials // shared with the sessions after this one
}

// connect dials the camera.
func (s *session) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.config.Timeout, fmt.Errorf("no connection within %v", s.config.Timeout))
	defer cancel()
	address := net.JoinHostPort(s.url.Hostname(), cmp.Or(s.url.Port(), s.config.DefaultPort(s.url.Scheme)))
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return &ConnectError{Err: err}
	}
	if s.url.Scheme == "rtsps" {
		secure := tls.Client(conn, s.config.TLS)
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return &ConnectError{Err: err, TLS: true}
		}
		conn = secure
	}
	s.conn, s.wire = conn, newWire(conn)
	return nil
}

// deadline limits the next reads; the zero time ends the limit. It leaves that of a ctx that is done.
func (s *session) deadline(ctx context.Context, at time.Time) {
	s.conn.SetReadDeadline(at)
	if ctx.Err() != nil {
		s.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// oddity tells Config.Odd of something, once.
func (s *session) oddity(text string) {
	if s.config.Odd != nil && !s.odd[text] {
		s.odd[text] = true
		s.config.Odd(text)
	}
}

// send writes a request and returns its number, and whether it had a password.
func (s *session) send(method, to string, headers ...string) (number int, authorized bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sequence++
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s RTSP/1.0\r\nCSeq: %d\r\nUser-Agent: framegate\r\n", method, to, s.sequence)
	if s.id != "" {
		fmt.Fprintf(&text, "Session: %s\r\n", s.id)
	}
	answer, err := s.credentials.Answer(method, to)
	if err != nil {
		return 0, false, err
	}
	if answer != "" {
		fmt.Fprintf(&text, "Authorization: %s\r\n", answer)
	}
	for _, h := range headers {
		text.WriteString(h + "\r\n")
	}
	text.WriteString("\r\n")
	s.conn.SetWriteDeadline(time.Now().Add(s.config.Timeout))
	_, err = io.WriteString(s.conn, text.String())
	return s.sequence, answer != "", err
}

// ask sends a request and returns its response. It answers a challenge once. Packets that arrive before the response go to
// early, which may be nil.
func (s *session) ask(ctx context.Context, early func([]byte), method, to string, headers ...string) (*message, error) {
	for again := false; ; again = true {
		number, authorized, err := s.send(method, to, headers...)
		if err != nil && !again {
			return nil, s.ended(err)
		}
		m, err := s.response(ctx, early, number)
		if again && errors.Is(err, ErrEnded) {
			return nil, &closedEarly{"a challenge"} // the next connection begins with the answer
		}
		if err != nil {
			return nil, err
		}
		if m.status != 401 {
			s.accepted = s.accepted || authorized
			return m, nil
		}
		offered := challenge.Parse(m.header["www-authenticate"])
		switch {
		case s.config.Username == "", again, authorized && !s.accepted && !offered.Stale():
			return nil, &PasswordError{errors.New("check username and password")}
		}
		s.mu.Lock()
		err = s.credentials.Choose(offered)
		s.mu.Unlock()
		if err != nil {
			return nil, &PasswordError{err}
		}
	}
}

// response waits for the response to a request. Cameras leave its number out or give a wrong one, so only those of earlier
// requests are passed over.
func (s *session) response(ctx context.Context, early func([]byte), number int) (*message, error) {
	s.deadline(ctx, time.Now().Add(s.config.Timeout))
	for {
		m, packet, err := s.wire.next()
		if err != nil {
			return nil, s.ended(err)
		}
		if m == nil {
			if early != nil {
				early(packet)
			}
			continue
		}
		if m.method != "" {
			s.answer(m)
			continue
		}
		if of, err := strconv.Atoi(m.header.get("cseq")); err == nil && of < number {
			continue
		}
		return m, nil
	}
}

// answer answers a request of the camera.
func (s *session) answer(m *message) {
	status := "200 OK"
	if m.method != "OPTIONS" && m.method != "GET_PARAMETER" && m.method != "SET_PARAMETER" {
		status = "501 Not Implemented"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn.SetWriteDeadline(time.Now().Add(s.config.Timeout))
	fmt.Fprintf(s.conn, "RTSP/1.0 %s\r\nCSeq: %s\r\n\r\n", status, clean(m.header.get("cseq")))
}

// ended explains the end of the connection.
func (s *session) ended(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, os.ErrClosed):
		return ErrEnded
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("gives no answer within %v: %w", s.config.Timeout, os.ErrDeadlineExceeded)
	case errors.As(err, new(*net.OpError)):
		return fmt.Errorf("%w: %v", ErrEnded, errors.Unwrap(err))
	}
	return err
}

// describe asks what the camera has and returns the stream to receive, and the URLs of its SETUP and PLAY.
func (s *session) describe(ctx context.Context) (*Track, addresses, error) {
	var urls addresses
	to := s.url.String()
	if !s.closes {
		m, err := s.ask(ctx, nil, "OPTIONS", to)
		if err == ErrEnded {
			err = &closedEarly{"OPTIONS"}
		}
		if err != nil {
			return nil, urls, err
		}
		s.parameters = m.status == 200 && strings.Contains(m.header.get("public"), "GET_PARAMETER")
	}
	m, err := s.ask(ctx, nil, "DESCRIBE", to, "Accept: application/sdp")
	if err != nil {
		return nil, urls, err
	}
	if place := m.header.get("location"); m.status >= 300 && m.status < 400 && place != "" {
		away, err := s.url.Parse(place)
		if err != nil {
			return nil, urls, fmt.Errorf("redirects to %q, which is no URL", clean(place))
		}
		away.User = nil
		return nil, urls, &redirect{away}
	}
	if m.status != 200 {
		return nil, urls, &StatusError{Method: "DESCRIBE", Status: m.status, Reason: m.reason}
	}
	d := parseDescription(m.body)
	medium, track := d.video(s.config.Knows)
	if track == nil {
		return nil, urls, &NoVideoError{Audio: d.has("audio")}
	}
	base := s.url
	for _, name := range []string{"content-base", "content-location"} {
		if named, err := s.url.Parse(m.header.get(name)); m.header.get(name) != "" && err == nil && named.Host != "" {
			named.User = nil
			base = named
			break
		}
	}
	urls.play = controls(base, d.control)
	if whole, err := url.Parse(urls.play[0]); err == nil && d.control != "" && d.control != "*" {
		urls.setup = controls(whole, medium.control)
	}
	// A media control is relative to the base, whatever the session's control is; but cameras differ.
	urls.setup = append(controls(base, medium.control), urls.setup...)
	urls.play = append(urls.play, urls.setup...)
	return track, urls, nil
}

// addresses are the URLs that a description may mean, the likeliest first.
type addresses struct{ setup, play []string }

// firstAccepted makes a request of the URLs one after the other, until one is accepted. A refusal that another URL cannot mend
// ends it.
func (s *session) firstAccepted(ctx context.Context, early func([]byte), method string, urls []string, headers ...string) (*message, error) {
	var refused error
	tried := map[string]bool{}
	for _, to := range urls {
		if tried[to] {
			continue
		}
		if len(tried) > 0 {
			s.oddity("it answers " + method + " at another URL than the standard has")
		}
		tried[to] = true
		m, err := s.ask(ctx, early, method, to, headers...)
		if err != nil {
			return nil, err
		}
		if m.status == 200 {
			return m, nil
		}
		if refused == nil {
			refused = &StatusError{Method: method, Status: m.status, Reason: m.reason}
		}
		switch m.status {
		case 400, 404, 405, 451, 454, 455, 459, 460:
		default:
			return nil, refused
		}
	}
	return nil, refused
}

// setup asks for the stream with a transport and returns what the camera says of it.
func (s *session) setup(ctx context.Context, urls addresses, transport string) (answer string, err error) {
	m, err := s.firstAccepted(ctx, nil, "SETUP", urls.setup, "Transport: "+transport)
	if err != nil {
		return "", err
	}
	id, parameters, _ := strings.Cut(m.header.get("session"), ";")
	s.mu.Lock()
	s.id = strings.TrimSpace(id)
	s.mu.Unlock()
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		if seconds, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && seconds > 0 && strings.EqualFold(strings.TrimSpace(name), "timeout") {
			s.timeout = time.Duration(min(seconds, 24*3600)) * time.Second
		}
	}
	return m.header.get("transport"), nil
}

// play starts the stream. The Range is what some cameras insist on, and others refuse.
func (s *session) play(ctx context.Context, urls addresses, early func([]byte)) error {
	_, err := s.firstAccepted(ctx, early, "PLAY", urls.play, "Range: npt=0.000-")
	var refused *StatusError
	if errors.As(err, &refused) && (refused.Status == 456 || refused.Status == 457) {
		_, err = s.firstAccepted(ctx, early, "PLAY", urls.play)
	}
	return err
}

// teardown ends the session, so that the camera need not wait for its timeout. It waits for the answer only so long that the
// request is not lost with the connection.
func (s *session) teardown(to string) {
	if _, _, err := s.send("TEARDOWN", to); err != nil {
		return
	}
	s.conn.SetReadDeadline(time.Now().Add(teardownPatience))
	for {
		if m, _, err := s.wire.next(); err != nil || m != nil && m.status != 0 {
			return
		}
	}
}

// teardownPatience is how long the end of a session may take.
const teardownPatience = 300 * time.Millisecond
