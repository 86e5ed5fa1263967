package rtsp

import (
	"context"

	"github.com/framegate/framegate/pipeline/challenge"
	"github.com/framegate/framegate/pipeline/redirect"
)

// Challenges asks a camera for its description without a password, and returns the challenges with which it refuses: none if it does not
// refuse. It uses only URL, TLS, Timeout and DefaultPort of c.
func Challenges(ctx context.Context, c Config) (challenge.List, error) {
	guard := redirect.New(placeOf(c.URL, c.DefaultPort), "rtsp", "rtsps")
	s := &session{config: c, url: c.URL, guard: guard, login: &login{}, odd: map[string]bool{}}
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	defer s.conn.Close()
	defer context.AfterFunc(ctx, s.interrupt)()
	if _, err := s.send("DESCRIBE", s.url.String(), "Accept: application/sdp"); err != nil {
		return nil, s.ended(err)
	}
	m, err := s.response(nil)
	if err != nil || m.status != 401 {
		return nil, err
	}
	return challenge.Parse(m.header["www-authenticate"]), nil
}
