package registry

import "time"

// lapse is the time from the end of a connection that was up until the next one, if that comes soon. Some cameras end every
// connection after 5 or 30 s. During a lapse viewers keep the last picture; when it is over they see a placeholder.
type lapse struct{ timer *time.Timer }

// maxLapse is how long a lapse may be. It leaves time to draw the placeholder, which viewers are promised within 2 s.
const maxLapse = 1500 * time.Millisecond

// beginLapse begins a lapse, after which the stream has failed with err. The camera's mutex is held.
func (s *stream) beginLapse(err error) {
	l := &lapse{}
	s.lapse, s.err = l, nil
	s.setState(Connecting)
	l.timer = time.AfterFunc(s.camera.maxLapse, func() {
		s.camera.change(func() {
			if s.lapse == l {
				s.lapse = nil
				s.fail(err)
			}
		})
	})
}

// endLapse ends the lapse if there is one. The camera's mutex is held.
func (s *stream) endLapse() {
	if s.lapse != nil {
		s.lapse.timer.Stop()
		s.lapse = nil
	}
}
