package feed

import (
	"context"
	"errors"
	"strings"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/challenge"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/rtsp"
)

// UseAccounts makes the feed share what the camera makes of its password with the other feeds of the camera. It is called before Run.
func (f *Feed) UseAccounts(a *challenge.Accounts) { f.accounts = a }

// login is the use of the source's password for one connection.
func (f *Feed) login() *challenge.Login {
	src := f.source
	return f.accounts.Login(strings.ToLower(src.URL.Hostname()), src.Username, src.Password.Reveal(), src.URL.String())
}

// readSource reads the source until the connection ends. It does not connect if the camera has refused the password to another feed of
// late. The reader of RTSP in plain Go asks for that itself, when it is about to send the password.
func (f *Feed) readSource(ctx context.Context, in *Intake) error {
	scheme := f.source.URL.Scheme
	builtin := (scheme == "rtsp" || scheme == "rtsps") && f.source.Reader != configs.RTSPSrc
	if builtin || f.source.Username == "" {
		return f.kind.read(ctx, f.source, in)
	}
	login := f.login()
	if err := login.Begin(ctx); err != nil {
		return err
	}
	login.End() // the outcome is known late, when the first picture has come
	onStream := in.onStream
	in.onStream = func(s frame.Stream) {
		login.Accepted()
		onStream(s)
	}
	err := f.kind.read(ctx, f.source, in)
	if frame.ReasonOf(err) == frame.Unauthorized {
		login.Refused(err)
	}
	return err
}

// rtspLogin is the use of the password for one connection over RTSP. It belongs to the goroutine that reads.
type rtspLogin struct {
	*challenge.Login
	feed *Feed
	sent bool // the password, or is about to be
}

// permit is the Permit of rtsp.Config.
func (l *rtspLogin) permit(ctx context.Context) error {
	err := l.Begin(ctx)
	l.sent = err == nil
	return err
}

// ended records what became of the password when a connection has ended with err, and returns the user-facing error, which is explained
// unless the camera may just be restarting.
func (l *rtspLogin) ended(err, explained error) error {
	defer l.End()
	var status *rtsp.StatusError
	if !l.sent || frame.ReasonOf(explained) != frame.Unauthorized || errors.As(err, &status) { // such as 403: the password is right, and not enough
		return explained
	}
	var wrong *rtsp.PasswordError
	if !errors.As(err, &wrong) || !wrong.Unanswered {
		l.Refused(explained)
		l.feed.reconnect = false
		return explained
	}
	if !l.Unanswered(explained) {
		return errClosed(l.feed.source)
	}
	l.feed.reconnect = !l.feed.reconnect
	return explained
}

// errClosed says that the camera has closed the connection.
func errClosed(src configs.Source) error {
	return &frame.CameraError{Reason: frame.Ended, Text: place(src.URL) + " closed the connection"}
}
