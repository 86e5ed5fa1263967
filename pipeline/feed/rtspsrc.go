package feed

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
	"github.com/framegate/framegate/pipeline/rtsp"
	"github.com/framegate/framegate/pipeline/unit"
)

// protocols has rtspsrc's name of each transport. Auto tries UDP, and TCP if nothing arrives.
var protocols = map[configs.Transport]gst.Arg{
	configs.TCP: "tcp", configs.UDP: "udp", configs.Auto: "udp+tcp",
}

// readRTSPSrc reads an RTSP camera with GStreamer: rtspsrc ! depayloader ! [parsebin !] appsink. It sets up the first video
// stream only.
func readRTSPSrc(ctx context.Context, src configs.Source, in *Intake) error {
	if src.Username != "" {
		err := passwordInClear(ctx, src)
		if ctx.Err() != nil {
			return explainRTSPSrc(ctx, src, context.Cause(ctx), gst.Offer{})
		}
		if err != nil {
			return err
		}
	}
	g, err := gst.New()
	if err != nil {
		return err
	}
	defer in.feed.release(g)
	made, err := g.Add(rtspElement(src))
	if err != nil {
		return err
	}
	element := made[0]
	if src.TLSCA != "" {
		if err := gst.Trust(element, src.TLSCA); err != nil {
			return &frame.CameraError{Reason: frame.Failed, Text: "tls_ca: " + err.Error()}
		}
	}
	if len(gst.Missing("parsebin")) > 0 {
		return gst.MissingElement("parsebin")
	}
	end, err := g.Add(unitSink(false))
	if err != nil {
		return err
	}
	gst.SelectVideo(element)
	gst.LinkRTP(element, end[0], unit.BufferLimit)
	err = play(ctx, g, end[0], in)
	return explainRTSPSrc(ctx, src, err, gst.Offered(element))
}

// passwordInClear returns an error if rtspsrc would send the password in clear text to a camera that knows better: rtspsrc answers Digest
// with MD5 only, and where it does not know the camera's Digest, Basic. A camera that cannot be asked is left to rtspsrc, which says why.
func passwordInClear(ctx context.Context, src configs.Source) error {
	offered, err := rtsp.Challenges(ctx, rtsp.Config{
		URL: src.URL, Timeout: src.ConnectTimeout / 3, DefaultPort: configs.DefaultPort,
		TLS: func(host string) ([]*tls.Config, error) { return tlsConfigs(src, host) },
	})
	if err != nil {
		return nil
	}
	digest := false
	for _, c := range offered {
		if algorithm := c.Params["algorithm"]; c.Scheme == "digest" {
			if digest = true; algorithm == "" || strings.EqualFold(algorithm, "MD5") {
				return nil
			}
		}
	}
	if !digest {
		return nil
	}
	return &frame.CameraError{Reason: frame.Unauthorized,
		Text: fmt.Sprintf("401 from %s: it asks for %s, which rtspsrc does not answer; reader: builtin may", place(src.URL), offered)}
}

func rtspElement(src configs.Source) gst.Spec {
	location := *src.URL
	if src.Username != "" {
		// Given user-id and user-pw, rtspsrc repeats a wrong password eight times (1.22) and sends it to any host it is redirected to.
		location.User = url.UserPassword(src.Username, src.Password.Reveal())
	}
	e := gst.Spec{Factory: "rtspsrc", Set: map[string]any{
		"location":   location.String(),
		"protocols":  protocols[src.Transport],
		"user-agent": "framegate",
		"latency":    uint(200), // ms to wait for a lost UDP packet
		// This also limits each read and write. The feed's own limits, which give better reasons, end earlier.
		"tcp-timeout": uint64(2 * src.ConnectTimeout.Microseconds()),
		"timeout":     uint64(src.ConnectTimeout.Microseconds() / 3),
	}}
	if !src.TLSVerify {
		e.Set["tls-validation-flags"] = gst.Arg("0")
	}
	return e
}

// explainRTSPSrc turns the end of an rtspsrc into a user-facing error.
func explainRTSPSrc(ctx context.Context, src configs.Source, err error, offered gst.Offer) error {
	at := place(src.URL)
	var bus *gst.BusError
	var camera *frame.CameraError
	switch {
	case offered.Video == 0 && offered.Audio > 0:
		return &frame.CameraError{Reason: frame.NoVideo, Text: at + " sends audio only, no video"}
	case offered.Video == 0 && offered.Other > 0:
		return &frame.CameraError{Reason: frame.NoVideo, Text: at + " sends no video"}
	case ended(err):
		return &frame.CameraError{Reason: frame.Ended, Text: at + " closed the connection"}
	case errors.As(err, &bus):
	case frame.ReasonOf(err) == frame.TimedOut:
		if cause := dial(context.WithoutCancel(ctx), src, time.Second); cause != nil { // there was not even a connection
			return &frame.CameraError{Reason: frame.Unreachable, Text: cause.Error()}
		}
		return err
	case context.Cause(ctx) != nil:
		return err
	case errors.As(err, &camera):
		return &frame.CameraError{Reason: camera.Reason, Text: at + ": " + camera.Text}
	default:
		return err
	}
	explained := &frame.CameraError{Reason: bus.Reason, Text: at + ": " + bus.Text}
	switch bus.Reason {
	case frame.Unauthorized:
		explained.Text = "401 from " + at + ": check username and password"
	case frame.NotFound:
		explained.Text = fmt.Sprintf("404 from %s: it has no stream %s", at, redactedPath(src.URL))
	case frame.Unreachable:
		if cause := dial(ctx, src, src.ConnectTimeout); cause != nil {
			explained.Text = cause.Error()
		}
	case frame.Ended, frame.Failed:
		if bus.Status != "" {
			explained.Reason, explained.Text = frame.Refused, bus.Status+" from "+at
		}
	}
	return explained
}

// dial connects once more, only to find out what rtspsrc does not report: a refused connection, no route, an unknown name, a
// certificate that is not trusted.
func dial(ctx context.Context, src configs.Source, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", place(src.URL))
	if err != nil {
		return fmt.Errorf("connect to %s: %w", place(src.URL), rootCause(err))
	}
	defer conn.Close()
	if src.URL.Scheme == "rtsps" && src.TLSVerify { // otherwise there is no certificate to judge, and the camera may speak old TLS
		return checkTLS(ctx, conn, src)
	}
	return nil
}
