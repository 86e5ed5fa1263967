package feed

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/depay"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/rtsp"
	"github.com/framegate/framegate/pipeline/unit"
)

// transports has package rtsp's name of each transport.
var transports = map[configs.Transport]rtsp.Transport{configs.TCP: rtsp.TCP, configs.UDP: rtsp.UDP, configs.Auto: rtsp.Auto}

// readRTSP reads an RTSP camera in plain Go, or with GStreamer if the configuration says so. It receives the first video stream
// only.
func readRTSP(ctx context.Context, src configs.Source, in *Intake) error {
	if src.Reader == configs.RTSPSrc {
		return readRTSPSrc(ctx, src, in)
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	sizeless := 0
	odd := func(text string) { in.feed.odd.add(text, text) }
	login := &rtspLogin{Login: in.feed.login(), feed: in.feed}
	err := rtsp.Read(ctx, rtsp.Config{
		URL: src.URL, Username: src.Username, Password: src.Password.Reveal(),
		TLS:         func(host string) ([]*tls.Config, error) { return tlsConfigs(src, host) },
		Permit:      func() error { return login.permit(ctx) },
		Accepted:    login.Accepted,
		Reconnect:   in.feed.reconnect,
		Transport:   transports[src.Transport],
		Timeout:     2 * src.ConnectTimeout, // the feed's own limits, which give better reasons, end earlier
		DefaultPort: configs.DefaultPort,
		Knows:       depay.Knows,
		Open: func(track rtsp.Track) (rtsp.Receiver, error) {
			if !depay.Knows(track.Encoding) {
				return nil, &frame.CameraError{Reason: frame.Unsupported, Text: fmt.Sprintf(
					"the camera sends %s; framegate reads %s. reader: rtspsrc may know more", track.Encoding, depay.Encodings())}
			}
			return depay.New(depay.Media(track), depay.Sink{
				Unit:        func(u depay.Unit) { in.Unit(u.Data, u.PTS, u.Key, u.Arrived, u.Format) },
				Undescribed: in.undescribed,
				Broken: func() {
					in.feed.broken.Add(1)
					in.feed.liveness.lostUnit()
					in.feed.odd.add("incomplete", "packets are missing or cannot be read, so access units are damaged or dropped")
				},
				TooLarge: in.feed.tooLarge,
				Sizeless: func() {
					if sizeless++; sizeless < 2 { // a parameter set may have been lost
						return
					}
					end(&frame.CameraError{Reason: frame.Unsupported, Text: place(src.URL) + ": the stream does not state its size. reader: rtspsrc may know more"})
				},
				Odd: odd,
			}), nil
		},
		Wait:  newGatherer(in).wait,
		Alive: in.Alive,
		Odd:   odd,
	})
	return login.ended(err, explainRTSP(ctx, src, err, in.feed.liveness.answered()))
}

const (
	// gatherPackets is how long the rest of an access unit may arrive after its first packet, before it is read: a camera sends a
	// unit in a burst. Network cards gather packets in the same way before they interrupt.
	gatherPackets = time.Millisecond
	// gatherUnits is how long units may wait for each other while nobody waits for them. Much more would fill the socket's
	// buffer, and hold up the camera.
	gatherUnits = 100 * time.Millisecond
	// gatherForKeyframe is the same while somebody waits for keyframes.
	gatherForKeyframe = 20 * time.Millisecond
)

// gatherer makes the reader of a connection wait until several packets, or units if nobody waits for them, have arrived: waking
// for each would cost as much as receiving them. It belongs to the goroutine that reads.
type gatherer struct {
	in    *Intake
	timer *time.Timer
}

func newGatherer(in *Intake) *gatherer {
	g := &gatherer{in: in, timer: time.NewTimer(time.Hour)}
	g.timer.Stop()
	return g
}

// wait waits as rtsp.Config.Wait may.
func (g *gatherer) wait(ctx context.Context, unfinished bool) {
	feed := g.in.feed
	d := time.Duration(0)
	switch demand := unit.Demand(feed.demand.Load()); {
	case demand == unit.Everything, !g.in.begun:
		if !unfinished {
			return
		}
		d = gatherPackets
	case demand == unit.Keyframes:
		d = gatherForKeyframe
	default:
		d = gatherUnits
	}
	g.timer.Reset(d)
	select {
	case <-g.timer.C:
	case <-feed.wanted:
	case <-ctx.Done():
	}
}

// explainRTSP turns the end of an RTSP session into a user-facing error. plays says that the camera has begun to play.
func explainRTSP(ctx context.Context, src configs.Source, err error, plays bool) error {
	at := place(src.URL)
	failed := func(reason frame.Reason, text string) error { return &frame.CameraError{Reason: reason, Text: text} }
	var (
		camera   *frame.CameraError
		password *rtsp.PasswordError
		refused  *rtsp.StatusError
		connect  *rtsp.ConnectError
		noVideo  *rtsp.NoVideoError
	)
	switch {
	case ctx.Err() != nil && frame.ReasonOf(err) == frame.TimedOut:
		if cause := dial(context.WithoutCancel(ctx), src, time.Second); cause != nil { // there was not even a connection
			return failed(frame.Unreachable, cause.Error())
		}
		switch {
		case src.Transport == configs.UDP:
			return failed(frame.TimedOut, err.Error()+"; if it does not get through by UDP, set transport: tcp")
		case src.Transport == configs.TCP && src.URL.Scheme == "rtsp" && plays:
			return failed(frame.TimedOut, err.Error()+"; if it sends over UDP only, set transport: udp")
		}
		return err
	case ctx.Err() != nil, errors.As(err, &camera):
		return err
	case errors.As(err, &password) && password.Unanswered:
		return failed(frame.Unauthorized, fmt.Sprintf("%s closed the connection when it got the password, and may have refused it: %v", at, password))
	case errors.As(err, &password):
		return failed(frame.Unauthorized, fmt.Sprintf("401 from %s: %v", at, password))
	case errors.As(err, &noVideo):
		return failed(frame.NoVideo, fmt.Sprintf("%s %v", at, noVideo))
	case errors.As(err, &connect) && connect.TLS:
		return failed(frame.Unreachable, errTLS(src, connect.Err).Error())
	case errors.As(err, &connect):
		return failed(frame.Unreachable, fmt.Sprintf("connect to %s: %v", at, rootCause(connect.Err)))
	case errors.Is(err, rtsp.ErrEnded):
		return errClosed(src)
	case errors.As(err, &refused) && refused.Status == 404:
		return failed(frame.NotFound, fmt.Sprintf("404 from %s: it has no stream %s", at, redactedPath(src.URL)))
	case errors.As(err, &refused) && refused.Status == 403:
		return failed(frame.Unauthorized, fmt.Sprintf("403 from %s: check username and password", at))
	case errors.As(err, &refused):
		return failed(frame.Refused, fmt.Sprintf("%v from %s", refused, at))
	case err != nil:
		return failed(frame.Refused, fmt.Sprintf("%s %v", at, err))
	}
	return err
}
