package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"time"

	"framegate/configs"
	"framegate/pipeline/frame"
	"framegate/pipeline/gst"
	"framegate/pipeline/unit"
)

// protocols is rtspsrc's name for each transport. 'auto' tries UDP and goes over to TCP when nothing comes.
var protocols = map[configs.Transport]gst.Arg{
	configs.TCP: "tcp", configs.UDP: "udp", configs.Auto: "udp+tcp",
}

// readRTSP reads an RTSP camera: rtspsrc ! depayloader ! [parsebin !] appsink. Only its first video stream is
// set up.
func readRTSP(ctx context.Context, src configs.Source, in *intake) error {
	g, err := gst.New()
	if err != nil {
		return err
	}
	defer g.Stop()
	made, err := g.Add(rtspElement(src))
	if err != nil {
		return err
	}
	rtsp := made[0]
	if src.TLSCA != "" {
		if err := gst.Trust(rtsp, src.TLSCA); err != nil {
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
	gst.SelectVideo(rtsp)
	gst.LinkRTP(rtsp, end[0], unit.BufferLimit)
	err = play(ctx, g, end[0], in)
	return explainRTSP(ctx, src, err, gst.Offered(rtsp))
}

func rtspElement(src configs.Source) gst.Spec {
	e := gst.Spec{Factory: "rtspsrc", Set: map[string]any{
		"location":   src.URL.String(),
		"protocols":  protocols[src.Transport],
		"user-agent": "framegate",
		"latency":    uint(200), // ms that a lost UDP packet is waited for
		// Of each read and write too. It comes after the feed's own limits, which know what to say.
		"tcp-timeout": uint64(2 * src.ConnectTimeout.Microseconds()),
		"timeout":     uint64(src.ConnectTimeout.Microseconds() / 3),
	}}
	if src.Username != "" {
		e.Set["user-id"], e.Set["user-pw"] = src.Username, src.Password.Reveal()
	}
	if !src.TLSVerify {
		e.Set["tls-validation-flags"] = gst.Arg("0")
	}
	return e
}

// explainRTSP finds the sentence for the end of an RTSP connection.
func explainRTSP(ctx context.Context, src configs.Source, err error, has gst.Offer) error {
	at := place(src.URL)
	var bus *gst.BusError
	var camera *frame.CameraError
	switch {
	case has.Video == 0 && has.Audio > 0:
		return &frame.CameraError{Reason: frame.NoVideo, Text: at + " sends audio only, no video"}
	case has.Video == 0 && has.Other > 0:
		return &frame.CameraError{Reason: frame.NoVideo, Text: at + " sends no video"}
	case ended(err):
		return &frame.CameraError{Reason: frame.Ended, Text: at + " closed the connection"}
	case errors.As(err, &bus):
	case frame.ReasonOf(err) == frame.TimedOut:
		if cause := dial(context.WithoutCancel(ctx), src, time.Second); cause != nil { // not even a connection
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
		explained.Text = fmt.Sprintf("404 from %s: it has no stream %s", at, shownPath(src.URL))
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

// dial connects once more, only to learn what rtspsrc does not say: refused, no route, no such name, a
// certificate that is not trusted.
func dial(ctx context.Context, src configs.Source, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", place(src.URL))
	if err != nil {
		return fmt.Errorf("connect to %s: %w", place(src.URL), innermost(err))
	}
	defer conn.Close()
	if src.URL.Scheme == "rtsps" {
		return checkTLS(ctx, conn, src)
	}
	return nil
}

// secretPath finds a path that carries a password, as some makers have it.
var secretPath = regexp.MustCompile(`(?i)(pass|pwd|psw|auth|token|user)[a-z]*=`)

// shownPath is the path of a URL as an error may repeat it: without its query, where some makers put user
// and password, and not at all where the path has them.
func shownPath(u *url.URL) string {
	if path := u.EscapedPath(); !secretPath.MatchString(path) {
		return cmp.Or(path, "/")
	}
	return "at this path"
}

// innermost strips what net, os and net/http put before the reason: it repeats the address, and the URL with
// its query.
func innermost(err error) error {
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		err = call.Err
	}
	return err
}

// defaultPorts are those of the schemes that connect.
var defaultPorts = map[string]string{"rtsp": "554", "rtsps": "322", "http": "80", "https": "443"}

// place names where a source is: host and port, or the path.
func place(u *url.URL) string {
	if u.Host == "" {
		return cmp.Or(u.Path, u.String())
	}
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), defaultPorts[u.Scheme]))
}
