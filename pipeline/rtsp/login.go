package rtsp

import (
	"errors"
	"os"
	"strings"
	"time"

	"github.com/framegate/framegate/pipeline/challenge"
)

// login is what the sessions of one Read know of the password, one after the other.
type login struct {
	credentials challenge.Credentials // guarded by session.mu
	permitted   bool                  // by Config.Permit
	accepted    bool                  // by the camera
}

func newLogin(c Config) *login {
	return &login{credentials: challenge.Credentials{Username: c.Username, Password: c.Password}}
}

// untried reports whether the next request has a password that the camera has not accepted yet.
func (l *login) untried() bool { return l.credentials.Chosen() && !l.accepted }

// PasswordError says that the camera asks for a password, or has refused the one that it got.
type PasswordError struct {
	Err error
	// Unanswered says that the camera has closed the connection when it had got the password, and may have refused it.
	Unanswered bool
}

func (e *PasswordError) Error() string { return e.Err.Error() }

var errWrong = errors.New("check username and password")

// maxAnswers is how many answers to challenges a request may have. The second one is to a camera that says that the nonce of the first
// is too old.
const maxAnswers = 2

// ask sends a request and returns its response. It answers a challenge, see maxAnswers. Packets that arrive before the response go
// to early, which may be nil.
func (s *session) ask(early func([]byte), method, to string, headers ...string) (*message, error) {
	for answers := 0; ; answers++ {
		if err := s.permit(); err != nil {
			return nil, err
		}
		authorized, err := s.send(method, to, headers...)
		sent := err == nil
		var m *message
		if sent || answers > 0 { // the camera may have answered before it closed the connection
			m, err = s.response(early)
		} else {
			err = s.ended(err)
		}
		switch {
		case errors.Is(err, ErrEnded) && sent && authorized && !s.login.accepted:
			return nil, &PasswordError{Err: errWrong, Unanswered: true}
		case errors.Is(err, ErrEnded) && answers > 0:
			return nil, &closedEarly{"a challenge"} // the next connection begins with the answer
		case err != nil:
			return nil, err
		case m.status != 401:
			s.took(m, method, authorized)
			return m, nil
		}
		offered := challenge.Parse(m.header["www-authenticate"])
		again := answers > 0 || authorized && !s.login.accepted
		if s.config.Username == "" || answers == maxAnswers || again && !offered.Stale() {
			return nil, &PasswordError{Err: errWrong}
		}
		if err := s.choose(offered); err != nil {
			return nil, &PasswordError{Err: err}
		}
		if s.closesAfter(m) {
			return nil, &closedEarly{"a challenge"}
		}
	}
}

// permit asks Config.Permit before the first request that has a password.
func (s *session) permit() error {
	if s.login.permitted || !s.login.untried() || s.config.Permit == nil {
		return nil
	}
	err := s.config.Permit()
	s.login.permitted = err == nil
	return err
}

// took notes what a response says of the password. Many cameras do not check that of OPTIONS.
func (s *session) took(m *message, method string, authorized bool) {
	if !authorized || m.status != 200 {
		return
	}
	s.follow(m)
	if method != "OPTIONS" && !s.login.accepted {
		s.login.accepted = true
		if s.config.Accepted != nil {
			s.config.Accepted()
		}
	}
}

// choose chooses one of the challenges that the camera offers.
func (s *session) choose(offered challenge.List) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.login.credentials.Choose(offered)
}

// follow takes the nonce for the next request from a response.
func (s *session) follow(m *message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.login.credentials.Follow(m.header["authentication-info"])
}

// closePatience is how long the end of a connection may follow a challenge. Cameras that close it do so at once, but some only in the next
// round of a loop.
const closePatience = 150 * time.Millisecond

// closesAfter reports whether the camera closes the connection after a challenge, so that the password would be lost on it and be sent
// twice. Few cameras say so.
func (s *session) closesAfter(challenge *message) bool {
	if s.config.Reconnect && !s.login.permitted {
		return true
	}
	for token := range strings.SplitSeq(challenge.header.get("connection"), ",") {
		if strings.EqualFold(strings.TrimSpace(token), "close") {
			return true
		}
	}
	s.deadline(time.Now().Add(closePatience))
	_, err := s.wire.Peek(1)
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}
