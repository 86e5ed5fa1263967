package feed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/challenge"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/unit"
)

// maxBroken is how many broken pictures in a row a connection survives.
const maxBroken = 20

// readHTTP reads a camera that serves MJPEG, or single JPEGs, which it then fetches every PollInterval. The camera's
// answer decides which.
func readHTTP(ctx context.Context, src configs.Source, in *Intake) error {
	client, err := newHTTPCamera(src)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	pictures := &jpegIntake{in: in, from: place(src.URL)}
	for {
		again, err := client.fetch(ctx, pictures)
		if err != nil {
			return err
		}
		if !again {
			return &frame.CameraError{Reason: frame.Ended, Text: place(src.URL) + " closed the connection"}
		}
		select {
		case <-time.After(src.PollInterval):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// httpCamera fetches from one camera.
type httpCamera struct {
	http.Client
	src           configs.Source
	authenticates bool // the camera has asked for it
	basic         bool // by Basic
}

func newHTTPCamera(src configs.Source) (*httpCamera, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // cameras are on the local network
	config, err := tlsConfig(src)
	if err != nil {
		return nil, err
	}
	transport.TLSClientConfig = config
	return &httpCamera{src: src, Client: http.Client{Transport: transport, CheckRedirect: sameCamera(src)}}, nil
}

// maxRedirects is what net/http allows by default.
const maxRedirects = 10

// sameCamera allows a camera with a password to redirect only to itself: no other host and no less secure connection may get
// the password.
func sameCamera(src configs.Source) func(*http.Request, []*http.Request) error {
	return func(to *http.Request, via []*http.Request) error {
		switch {
		case len(via) >= maxRedirects:
			return fmt.Errorf("%d redirects", maxRedirects)
		case src.Username != "" && (place(to.URL) != place(src.URL) || to.URL.Scheme != src.URL.Scheme):
			return fmt.Errorf("it redirects to %s://%s, which is not given the password: configure that URL if it is the camera's", to.URL.Scheme, place(to.URL))
		}
		return nil
	}
}

// fetch makes one request and takes its pictures. It reports whether to ask again, as after a single JPEG.
func (c *httpCamera) fetch(ctx context.Context, pictures *jpegIntake) (again bool, err error) {
	resp, err := c.get(ctx)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	kind, params, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		parts := unit.NewPartReader(resp.Body, params["boundary"])
		for {
			jpeg, err := parts.Next()
			if errors.Is(err, io.EOF) {
				return false, context.Cause(ctx)
			}
			if err != nil {
				return false, cmp.Or(context.Cause(ctx), c.broken(err))
			}
			if err := pictures.take(jpeg); err != nil {
				return false, err
			}
		}
	case kind == "image/jpeg" || kind == "image/jpg" || kind == "application/octet-stream":
		jpeg, err := io.ReadAll(io.LimitReader(resp.Body, unit.MaxJPEG+1))
		if err != nil {
			return false, cmp.Or(context.Cause(ctx), c.broken(err))
		}
		return true, pictures.take(jpeg)
	default:
		return false, &frame.CameraError{Reason: frame.NoVideo,
			Text: fmt.Sprintf("%s answers with %s, not with JPEG pictures", place(c.src.URL), cmp.Or(kind, "no content type"))}
	}
}

// get sends a request without a password first, and then with one in the way that the camera wants, so that a camera that
// knows Digest never gets a password in clear text.
func (c *httpCamera) get(ctx context.Context) (*http.Response, error) {
	resp, err := c.ask(ctx)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusUnauthorized && c.src.Username != "" && !c.authenticates {
		resp.Body.Close()
		if err := c.authenticate(challenge.Parse(resp.Header.Values("WWW-Authenticate"))); err != nil {
			return nil, err
		}
		if resp, err = c.ask(ctx); err != nil {
			return nil, err
		}
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, c.refused(resp)
	}
	return resp, nil
}

// authenticate makes further requests answer one of the challenges.
func (c *httpCamera) authenticate(offered challenge.List) error {
	c.authenticates = true
	switch {
	case offered.Digest() != nil:
		c.Transport = challenge.Transport(c.src.Username, c.src.Password.Reveal(), c.Transport)
	case offered.AllowsBasic():
		c.basic = true
	case len(offered) == 0:
		return &frame.CameraError{Reason: frame.Unauthorized,
			Text: fmt.Sprintf("401 from %s, which does not say how to authenticate", place(c.src.URL))}
	default:
		return &frame.CameraError{Reason: frame.Unauthorized,
			Text: fmt.Sprintf("401 from %s: it asks for %s, which framegate does not answer", place(c.src.URL), offered)}
	}
	return nil
}

func (c *httpCamera) ask(ctx context.Context) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.src.URL.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "framegate")
	if c.basic {
		req.SetBasicAuth(c.src.Username, c.src.Password.Reveal())
	}
	resp, err := c.Do(req)
	switch {
	case err == nil:
		return resp, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return nil, &frame.CameraError{Reason: frame.Unreachable,
		Text: fmt.Sprintf("connect to %s: %v", place(c.src.URL), rootCause(err))}
}

func (c *httpCamera) refused(resp *http.Response) error {
	at := place(c.src.URL)
	switch resp.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return &frame.CameraError{Reason: frame.Unauthorized, Text: fmt.Sprintf("%d from %s: check username and password", resp.StatusCode, at)}
	case http.StatusNotFound:
		return &frame.CameraError{Reason: frame.NotFound, Text: fmt.Sprintf("404 from %s: it has no %s", at, redactedPath(c.src.URL))}
	}
	return &frame.CameraError{Reason: frame.Refused, Text: fmt.Sprintf("%s from %s", resp.Status, at)}
}

func (c *httpCamera) broken(err error) error {
	return &frame.CameraError{Reason: frame.Ended, Text: fmt.Sprintf("%s: %v", place(c.src.URL), err)}
}

// jpegIntake passes on JPEGs as access units. It drops broken ones; many in a row end the connection.
type jpegIntake struct {
	in      *Intake
	from    string
	current *unit.Format
	broken  int
}

func (j *jpegIntake) take(jpeg []byte) error {
	picture, err := unit.ReadJPEG(jpeg)
	if err != nil || len(jpeg) > unit.MaxJPEG {
		j.in.feed.broken.Add(1)
		if j.broken++; j.broken > maxBroken || j.current == nil && errors.Is(err, unit.ErrNoJPEG) {
			return &frame.CameraError{Reason: frame.NoVideo, Text: j.from + " sends something that is not a JPEG picture"}
		}
		return nil
	}
	j.broken = 0
	if j.current == nil || j.current.Stream.Width != picture.Width || j.current.Stream.Height != picture.Height {
		j.current = &unit.Format{
			Caps:   fmt.Sprintf("image/jpeg, width=(int)%d, height=(int)%d", picture.Width, picture.Height),
			Stream: frame.Stream{Codec: "mjpeg", Width: picture.Width, Height: picture.Height},
		}
	}
	j.in.Unit(jpeg, unit.NoPTS, true, time.Now(), j.current)
	return nil
}
