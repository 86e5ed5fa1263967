package rtsp

import (
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
	"sync/atomic"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/redirect"
)

// session is one connection to a camera. The goroutine that reads it owns all fields but those under mu.
type session struct {
	config Config
	url    *url.URL // of the stream
	guard  *redirect.Guard
	closes bool // the camera closes a connection after OPTIONS
	conn   net.Conn
	wire   *wire
	odd    map[string]bool // what was reported to Config.Odd

	without string        // why the camera cannot be read over UDP, if that was tried
	login   *login        // shared with the sessions after this one
	timeout time.Duration // after which the camera ends a session without requests; 0 if it states none
	renewed time.Time     // when a challenge was last answered while the stream plays
	refused bool          // since then no response has accepted the password
	over    atomic.Bool   // ctx is done

	mu         sync.Mutex // guards what follows, and writing
	sequence   int        // of the last request
	id         string     // of the session; empty until SETUP
	parameters bool       // the camera knows GET_PARAMETER
}

// connect dials the camera. Over rtsps it tries the configurations of TLS, each with a new connection.
func (s *session) connect(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.config.Timeout, fmt.Errorf("no connection within %v", s.config.Timeout))
	defer cancel()
	if s.url.Scheme != "rtsps" {
		return s.dial(ctx, nil)
	}
	configs, err := s.config.TLS(s.url.Hostname())
	if err != nil {
		return err
	}
	for i, config := range configs {
		err = s.dial(ctx, config)
		var failed *ConnectError
		if !errors.As(err, &failed) || !failed.TLS || ctx.Err() != nil {
			if err == nil && i > 0 {
				s.oddity("it speaks only versions or ciphers of TLS that are too old to protect what is sent")
			}
			break
		}
	}
	return err
}

// dial makes a connection, with TLS if config is not nil.
func (s *session) dial(ctx context.Context, config *tls.Config) error {
	conn, err := s.guard.Dial(ctx, net.Dialer{}, "tcp", placeOf(s.url, s.config.DefaultPort))
	if refused, ok := redirect.IsRefused(err); ok {
		return refused
	}
	if err != nil {
		return &ConnectError{Err: err}
	}
	if config != nil {
		secure := tls.Client(conn, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return &ConnectError{Err: err, TLS: true}
		}
		conn = secure
	}
	s.conn, s.wire = conn, newWire(conn)
	return nil
}

// interrupt ends all reading and writing, now and later. Any goroutine may call it.
func (s *session) interrupt() {
	s.over.Store(true)
	s.conn.SetDeadline(time.Unix(1, 0))
}

// deadline sets the time at which reads fail; the zero time means never. After interrupt reads fail in any case.
func (s *session) deadline(at time.Time) {
	s.conn.SetReadDeadline(at)
	if s.over.Load() {
		s.conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// write writes within config.Timeout. After interrupt it fails. s.mu is held.
func (s *session) write(data []byte) error {
	s.conn.SetWriteDeadline(time.Now().Add(s.config.Timeout))
	if s.over.Load() {
		s.conn.SetWriteDeadline(time.Unix(1, 0))
	}
	_, err := s.conn.Write(data)
	return err
}

// oddity reports a difference from the standard to Config.Odd, once.
func (s *session) oddity(text string) {
	if s.config.Odd != nil && !s.odd[text] {
		s.odd[text] = true
		s.config.Odd(text)
	}
}

// send writes a request and returns whether it had a password.
func (s *session) send(method, to string, headers ...string) (authorized bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, authorized, err := s.request(method, to, headers...)
	if err != nil {
		return false, err
	}
	return authorized, s.write([]byte(text))
}

// request returns the next request as it is written, and whether it has a password. s.mu is held.
func (s *session) request(method, to string, headers ...string) (text string, authorized bool, err error) {
	s.sequence++
	answer, err := s.login.credentials.Answer(method, to)
	if err != nil {
		return "", false, err
	}
	lines := []string{method + " " + to + " RTSP/1.0", fmt.Sprintf("CSeq: %d", s.sequence), "User-Agent: framegate"}
	if s.id != "" {
		lines = append(lines, "Session: "+s.id)
	}
	if answer != "" {
		lines = append(lines, "Authorization: "+answer)
	}
	lines = append(lines, headers...)
	for i, line := range lines { // URL and session are the camera's words
		lines[i] = strings.Map(dropControl, line)
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n", answer != "", nil
}

// dropControl drops control characters, of which a carriage return would end a header.
func dropControl(r rune) rune {
	if r < ' ' || r == 0x7F {
		return -1
	}
	return r
}

// response waits for the response to the newest request. Only one request is outstanding, so the number in the response is
// ignored: some cameras leave it out or send a wrong one.
func (s *session) response(early func([]byte)) (*message, error) {
	s.deadline(time.Now().Add(s.config.Timeout))
	for {
		m, packet, err := s.wire.next()
		switch {
		case err != nil:
			return nil, s.ended(err)
		case m == nil:
			if early != nil {
				early(packet)
			}
		case m.method != "":
			if err := s.answer(m); err != nil {
				return nil, s.ended(err)
			}
		default:
			return m, nil
		}
	}
}

// answer answers a request of the camera.
func (s *session) answer(m *message) error {
	status := "200 OK"
	if m.method != "OPTIONS" && m.method != "GET_PARAMETER" && m.method != "SET_PARAMETER" {
		status = "501 Not Implemented"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(fmt.Appendf(nil, "RTSP/1.0 %s\r\nCSeq: %s\r\n\r\n", status, frame.Words(m.header.get("cseq"))))
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
func (s *session) describe() (*Track, addresses, error) {
	var urls addresses
	to := s.url.String()
	if !s.closes && !s.login.untried() { // OPTIONS with a password that is wrong would be one attempt too many
		m, err := s.ask(nil, "OPTIONS", to)
		if errors.Is(err, ErrEnded) {
			err = &closedEarly{"OPTIONS"}
		}
		if err != nil {
			return nil, urls, err
		}
		s.mu.Lock()
		s.parameters = m.status == 200 && strings.Contains(m.header.get("public"), "GET_PARAMETER")
		s.mu.Unlock()
	}
	m, err := s.ask(nil, "DESCRIBE", to, "Accept: application/sdp")
	if err != nil {
		return nil, urls, err
	}
	if place := m.header.get("location"); m.status >= 300 && m.status < 400 && place != "" {
		away, err := s.url.Parse(place)
		if err != nil {
			return nil, urls, fmt.Errorf("redirects to %q, which is no URL", frame.Words(place))
		}
		away.User = nil
		return nil, urls, &redirection{away}
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

// firstAccepted sends a request with one URL after the other until the camera accepts one. It returns that URL and the response. It
// stops at a refusal that another URL would not change.
func (s *session) firstAccepted(early func([]byte), method string, urls []string, headers ...string) (m *message, accepted string, refused error) {
	tried := map[string]bool{}
	for _, to := range urls {
		if tried[to] {
			continue
		}
		if len(tried) > 0 {
			s.oddity("it answers " + method + " at another URL than the standard has")
		}
		tried[to] = true
		m, err := s.ask(early, method, to, headers...)
		if err != nil {
			return nil, "", err
		}
		if m.status == 200 {
			return m, to, nil
		}
		if refused == nil || m.status == unsupportedTransport {
			refused = &StatusError{Method: method, Status: m.status, Reason: m.reason}
		}
		switch m.status {
		case 400, 404, 405, 451, 454, 455, 459, 460:
		default:
			return nil, "", refused
		}
	}
	return nil, "", refused
}

// setup requests the stream over a transport, and returns the transport that the camera answers.
func (s *session) setup(urls addresses, transport string) (answer string, err error) {
	m, _, err := s.firstAccepted(nil, "SETUP", urls.setup, "Transport: "+transport)
	if err != nil {
		return "", err
	}
	id, _, _ := strings.Cut(m.header.get("session"), ";")
	s.mu.Lock()
	s.id = strings.TrimSpace(id)
	s.mu.Unlock()
	s.readTimeout(m)
	return m.header.get("transport"), nil
}

// readTimeout reads the timeout of the session, which some cameras state only in the response to PLAY.
func (s *session) readTimeout(m *message) {
	_, parameters, _ := strings.Cut(m.header.get("session"), ";")
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		if seconds, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && seconds > 0 && strings.EqualFold(strings.TrimSpace(name), "timeout") {
			s.timeout = time.Duration(min(seconds, 24*3600)) * time.Second
		}
	}
}

// play starts the stream and returns the URL of the session. Some cameras insist on a Range, and others refuse it.
func (s *session) play(urls addresses, early func([]byte)) (to string, err error) {
	m, to, err := s.firstAccepted(early, "PLAY", urls.play, "Range: npt=0.000-")
	var refused *StatusError
	if errors.As(err, &refused) && (refused.Status == 456 || refused.Status == 457) {
		m, to, err = s.firstAccepted(early, "PLAY", urls.play)
	}
	if err == nil {
		s.readTimeout(m)
	}
	return to, err
}

// teardown ends the session, so that the camera need not wait for its timeout. It waits briefly for the answer,
// because the request could be lost if the connection were closed at once. It works after interrupt too.
func (s *session) teardown(to string) {
	s.mu.Lock()
	text, _, err := s.request("TEARDOWN", to)
	if err == nil {
		s.conn.SetDeadline(time.Now().Add(teardownPatience))
		_, err = io.WriteString(s.conn, text)
	}
	s.mu.Unlock()
	for err == nil {
		var m *message
		if m, _, err = s.wire.next(); m != nil && m.status != 0 {
			return
		}
	}
}

// teardownPatience is how long the end of a session may take.
const teardownPatience = 300 * time.Millisecond
