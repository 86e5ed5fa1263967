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
)

// unsupportedTransport is the status of a camera that does not have a transport (RFC 2326, section 11.3.14).
const unsupportedTransport = 461

// readTCP receives packets between the messages of the session.
func (s *session) readTCP(ctx context.Context, f *flow, urls addresses) error {
	answer, err := s.setup(ctx, urls, "RTP/AVP/TCP;unicast;interleaved=0-1")
	var refused *StatusError
	if errors.As(err, &refused) && refused.Status == unsupportedTransport {
		refused.Remedy = "set transport: udp"
	}
	if err != nil {
		return err
	}
	if strings.Contains(answer, "client_port") || answer != "" && !strings.Contains(strings.ToUpper(answer), "TCP") {
		return errors.New("insists on UDP: set transport: udp")
	}
	channel := byte(1)
	if _, rest, ok := strings.Cut(answer, "interleaved="); ok {
		if first, _, _ := strings.Cut(rest, ";"); first != "0-1" {
			s.oddity("it answers SETUP with the channels " + clean(first) + " instead of 0-1")
			_, second, _ := strings.Cut(first, "-")
			if n, err := strconv.ParseUint(strings.TrimSpace(second), 10, 8); err == nil {
				channel = byte(n)
			}
		}
	}
	early := func(packet []byte) { f.take(packet, time.Now()) }
	if err := s.play(ctx, urls, early); err != nil {
		return err
	}
	defer s.teardown(urls.play[0])
	stop := s.keepAlive(ctx, urls.play[0], f, func(report []byte) {
		framed := binary.BigEndian.AppendUint16([]byte{'$', channel}, uint16(len(report)))
		s.mu.Lock()
		defer s.mu.Unlock()
		s.conn.SetWriteDeadline(time.Now().Add(s.config.Timeout))
		s.conn.Write(append(framed, report...))
	})
	defer stop()
	s.deadline(ctx, time.Time{})
	limited := false // by flushAfter
	for {
		if s.wire.Buffered() == 0 {
			unfinished, maybeComplete := f.receiver.State()
			s.config.Wait(ctx, unfinished)
			if maybeComplete != limited {
				limited = maybeComplete
				at := time.Time{}
				if limited {
					at = time.Now().Add(flushAfter)
				}
				s.deadline(ctx, at)
			}
		}
		m, packet, err := s.wire.next()
		switch {
		case err != nil && ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, os.ErrDeadlineExceeded) && limited:
			f.receiver.Flush()
			limited = false
			s.deadline(ctx, time.Time{})
		case err != nil:
			return s.ended(err)
		case m != nil:
			s.handle(m, urls.play[0])
		default:
			f.take(packet, time.Now())
		}
		if s.wire.stray > 0 {
			s.oddity("it sends bytes between its packets that belong to nothing")
		}
	}
}

// handle takes a message that arrives while the stream plays: a request of the camera, or the response to a keepalive, which
// matters only if it has a new challenge.
func (s *session) handle(m *message, to string) {
	if m.method != "" {
		s.answer(m)
		return
	}
	if m.status != 401 || s.config.Username == "" {
		return
	}
	s.mu.Lock()
	err := s.credentials.Choose(challenge.Parse(m.header["www-authenticate"]))
	s.mu.Unlock()
	if err == nil && time.Since(s.renewed) > minRenewal {
		s.renewed = time.Now()
		s.send(s.aliveMethod(), to)
	}
}

// minRenewal is the time between two answers to challenges while the stream plays.
const minRenewal = time.Second

func (s *session) aliveMethod() string {
	if s.parameters {
		return "GET_PARAMETER"
	}
	return "OPTIONS"
}

const (
	reportInterval = 5 * time.Second  // of receiver reports; some cameras end a stream without one for longer
	aliveInterval  = 30 * time.Second // of requests, if the camera does not say after what time it ends a session (RFC 2326, 12.37)
)

// keepAlive sends requests and receiver reports, until stop is called or ctx is done. Errors are left to the reader of the
// connection.
func (s *session) keepAlive(ctx context.Context, to string, f *flow, report func([]byte)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	interval := aliveInterval
	if s.timeout > 0 {
		interval = max(s.timeout/2, time.Second)
	}
	method := s.aliveMethod()
	var done sync.WaitGroup
	done.Go(func() {
		alive, reports := time.NewTicker(interval), time.NewTicker(reportInterval)
		defer alive.Stop()
		defer reports.Stop()
		for {
			select {
			case <-alive.C:
				s.send(method, to)
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
