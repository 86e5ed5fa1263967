package rtsp

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/framegate/framegate/pipeline/challenge"
	"github.com/framegate/framegate/pipeline/frame"
)

// readTCP receives packets between the messages of the session.
func (s *session) readTCP(ctx context.Context, f *flow, urls addresses) error {
	answer, err := s.setup(urls, "RTP/AVP/TCP;unicast;interleaved=0-1")
	var refused *StatusError
	if errors.As(err, &refused) {
		refused.Remedy = s.remedy(refused.Status)
	}
	if err != nil {
		return err
	}
	sessionURL := urls.play[0]
	defer func() { s.teardown(sessionURL) }()
	if strings.Contains(answer, "client_port") || answer != "" && !strings.Contains(strings.ToUpper(answer), "TCP") {
		return s.insistsOnUDP(answer)
	}
	channel := byte(1)
	if _, rest, ok := strings.Cut(answer, "interleaved="); ok {
		if first, _, _ := strings.Cut(rest, ";"); first != "0-1" {
			s.oddity("it answers SETUP with the channels " + frame.Words(first) + " instead of 0-1")
			_, second, _ := strings.Cut(first, "-")
			if n, err := strconv.ParseUint(strings.TrimSpace(second), 10, 8); err == nil {
				channel = byte(n)
			}
		}
	}
	early := func(packet []byte) { f.take(packet, time.Now()) }
	to, err := s.play(urls, early)
	if err != nil {
		return err
	}
	sessionURL = to
	defer s.keepAlive(ctx, to, f, func(report []byte) {
		framed := binary.BigEndian.AppendUint16([]byte{'$', channel}, uint16(len(report)))
		s.mu.Lock()
		defer s.mu.Unlock()
		s.write(append(framed, report...))
	})()
	return s.receiveTCP(ctx, f, to)
}

// receiveTCP takes packets and messages until the connection ends or ctx is done.
func (s *session) receiveTCP(ctx context.Context, f *flow, to string) error {
	s.deadline(time.Time{})
	limited := false // by flushAfter
	for ctx.Err() == nil {
		if s.wire.Buffered() == 0 {
			s.config.Alive(time.Now())
			unfinished, maybeComplete := f.receiver.State()
			s.config.Wait(ctx, unfinished)
			switch {
			case maybeComplete:
				s.deadline(time.Now().Add(flushAfter))
			case limited:
				s.deadline(time.Time{})
			}
			limited = maybeComplete
		}
		m, packet, err := s.wire.next()
		switch {
		case err == nil && m == nil:
			f.take(packet, time.Now())
		case err == nil:
			err = s.handle(m, to)
		case errors.Is(err, os.ErrDeadlineExceeded) && limited && ctx.Err() == nil:
			if s.wire.Buffered() == 0 { // else a packet is arriving, slowly
				f.receiver.Flush()
			}
			limited, err = false, nil
			s.deadline(time.Time{})
		}
		if err != nil {
			return s.ended(err)
		}
		if s.wire.stray > 0 {
			s.oddity("it sends bytes between its packets that belong to nothing")
		}
	}
	return context.Cause(ctx)
}

// handle takes a message that arrives while the stream plays: a request of the camera, or the response to a keepalive, which
// matters only if it has a new challenge or says that the method is unknown. to is the URL of the session.
func (s *session) handle(m *message, to string) error {
	if m.method != "" {
		return s.answer(m)
	}
	switch m.status {
	case 405, 501, 551:
		s.mu.Lock()
		s.parameters = false
		s.mu.Unlock()
	case 401:
		offered := challenge.Parse(m.header["www-authenticate"])
		// A password that has not been accepted is Permit's to allow. One that is refused again may have been changed.
		if !s.login.accepted || s.refused && !offered.Stale() || time.Since(s.renewed) < minRenewal {
			return nil
		}
		if s.choose(offered) == nil {
			s.renewed, s.refused = time.Now(), true
			_, err := s.send(s.aliveMethod(), to)
			return err
		}
	case 200:
		s.refused = false
		s.follow(m)
	}
	return nil
}

// minRenewal is the shortest time between two answers to challenges while the stream plays.
const minRenewal = time.Second

// aliveMethod is the method that keeps a session alive.
func (s *session) aliveMethod() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.parameters || s.closes {
		return "GET_PARAMETER"
	}
	return "OPTIONS"
}

const (
	reportInterval = 5 * time.Second  // of receiver reports; some cameras end a stream that gets none for longer
	aliveInterval  = 30 * time.Second // of requests, if the camera does not state when it ends a session (RFC 2326, 12.37)
)

// aliveEvery is the time between two requests that keep a session alive which the camera ends after timeout. 0 is no timeout.
func aliveEvery(timeout time.Duration) time.Duration {
	if timeout == 0 {
		return aliveInterval
	}
	return max(timeout/2, time.Second)
}

// keepAlive sends requests and receiver reports, until stop is called or ctx is done. Errors are left to the reader of the
// connection.
func (s *session) keepAlive(ctx context.Context, to string, f *flow, report func([]byte)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		alive, reports := time.NewTicker(aliveEvery(s.timeout)), time.NewTicker(reportInterval)
		defer alive.Stop()
		defer reports.Stop()
		for {
			select {
			case <-alive.C:
				s.send(s.aliveMethod(), to)
			case now := <-reports.C:
				if text := f.report(now); text != nil {
					report(text)
				}
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}
