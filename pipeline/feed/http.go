package feed

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/jpeg"
	"github.com/framegate/framegate/pipeline/multipart"
	"github.com/framegate/framegate/pipeline/unit"
)

// retryPause is the longest pause before the next request to a camera whose last answer had no picture.
const retryPause = 500 * time.Millisecond

// pausePolled allows a camera that is polled to miss two pictures.
func pausePolled(src configs.Source) time.Duration { return 3 * src.PollInterval }

// readHTTP reads a camera that serves MJPEG, or single JPEGs, which it then fetches every PollInterval. The camera's
// answer decides which. When a stream ends or an answer has no picture, a camera that has sent pictures before is asked again.
// The connection is lost if no picture comes for too long (see gap), if the camera refuses the password, and after more than
// maxBroken broken pictures in a row.
func readHTTP(ctx context.Context, src configs.Source, in *Intake) error {
	client, err := newHTTPCamera(src, in.feed.odd.add)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	gap := gap{end: end}
	defer gap.over()
	pictures := &jpegIntake{in: in, from: place(src.URL), gap: &gap}
	for {
		began, before := time.Now(), pictures.taken
		stream, err := client.fetch(ctx, pictures)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if stream && err == nil {
			err = client.closed()
		}
		pause := min(src.PollInterval, retryPause)
		switch {
		case pictures.taken > before && stream:
			in.feed.odd.add("ends", fmt.Sprintf("the stream ends by itself and is requested again, the first time after %v", time.Since(began).Round(100*time.Millisecond)))
			pause = time.Until(began.Add(src.PollInterval))
			gap.begin(err, in.feed.maxGap()+max(0, pause-pauseInGap))
		case pictures.taken > before:
			pause = time.Until(pictures.last.Add(src.PollInterval))
		case err == nil: // a broken JPEG
		case pictures.taken == 0, frame.ReasonOf(err) == frame.Unauthorized, pictures.broken > maxBroken:
			return err
		default:
			in.feed.odd.add("answer", "an answer without a picture: "+err.Error())
			gap.begin(err, in.feed.maxGap())
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// pauseInGap is how much of a gap may pass before a camera whose stream has ended is asked again. If poll_interval sets a longer
// pause, the limit of the gap grows by the difference.
const pauseInGap = time.Second

// maxGap is how long a gap may last.
func (f *Feed) maxGap() time.Duration { return max(f.grace, 2*f.rate.Interval()) }

// gap is the time without a picture that begins when a stream ends or an answer has no picture. A gap that reaches its limit ends
// the connection.
type gap struct {
	end     context.CancelCauseFunc
	timer   *time.Timer // nil if there is no gap
	failure chan error  // holds the newest reason for the gap
}

// begin records why there is no picture. If no gap has begun yet, it begins one, which ends the connection after limit.
func (g *gap) begin(failure error, limit time.Duration) {
	if g.timer == nil {
		failures := make(chan error, 1)
		g.failure = failures
		g.timer = time.AfterFunc(limit, func() { g.end(<-failures) })
	} else {
		select {
		case <-g.failure:
		default: // the connection is ending
		}
	}
	g.failure <- failure
}

// over ends the gap, if there is one.
func (g *gap) over() {
	if g.timer != nil {
		g.timer.Stop()
		g.timer = nil
	}
}

// trailingPause is how long a camera may send nothing after the picture of an answer before the request is canceled, unless
// PollInterval is longer.
const trailingPause = 500 * time.Millisecond

// fetch makes one request and takes the pictures of its answer. It reports whether they are a stream rather than a single JPEG.
func (c *httpCamera) fetch(ctx context.Context, pictures *jpegIntake) (stream bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	resp, err := c.get(ctx)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	kind, boundary := mediaType(resp.Header.Get("Content-Type"))
	if strings.HasPrefix(kind, "multipart/") {
		return true, c.takeAll(ctx, multipart.NewReader(newLivingBody(resp.Body, pictures.in), boundary), pictures)
	}
	timed := &timedBody{from: resp.Body, expired: func() { cancel(c.broken(errors.New("it sent a part of a picture, and then nothing"))) }}
	defer timed.stop()
	body := bufio.NewReader(timed)
	first, err := body.Peek(len("Content-"))
	switch {
	case bytes.HasPrefix(first, []byte("\xFF\xD8")):
		if !isJPEG(kind) {
			c.odd("type", fmt.Sprintf("JPEGs are sent as %.40q", kind))
		}
	case bytes.HasPrefix(bytes.TrimLeft(first, "\r\n"), []byte("--")), bytes.EqualFold(first, []byte("Content-")): // the first boundary may be missing
		c.odd("type", fmt.Sprintf("a stream of parts is sent as %.40q", kind))
		return true, c.takeAll(ctx, multipart.NewReader(newLivingBody(body, pictures.in), boundary), pictures)
	case len(first) == 0 && err != io.EOF:
		return false, cmp.Or(context.Cause(ctx), c.broken(err))
	case !isJPEG(kind):
		return false, &frame.CameraError{Reason: frame.NoVideo,
			Text: fmt.Sprintf("%s answers with %s, not with JPEG pictures", place(c.src.URL), cmp.Or(frame.Words(kind), "no content type"))}
	case len(first) == 0:
		return false, &frame.CameraError{Reason: frame.NoVideo, Text: place(c.src.URL) + " answers with an empty body, not with a JPEG picture"}
	}
	before := pictures.taken
	if before > 0 { // so that there is time for another attempt before the camera counts as stalled
		timed.start(max(c.src.StallTimeout/2, pictures.in.feed.maxGap()))
	}
	pictures.onTake = func() { timed.start(max(c.src.PollInterval, trailingPause)) } // if the stated length is too long, nothing more comes
	err = c.takeAll(ctx, multipart.NewPictureReader(body, int(resp.ContentLength)), pictures)
	pictures.onTake = nil
	return pictures.taken > before+1, err
}

// takeAll takes all pictures of a body.
func (c *httpCamera) takeAll(ctx context.Context, parts *multipart.Reader, pictures *jpegIntake) error {
	before := pictures.taken + pictures.broken
	parts.Odd = c.odd
	for {
		picture, err := parts.Next()
		switch {
		case errors.Is(err, io.EOF) && pictures.taken+pictures.broken == before:
			return c.closed()
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			if errors.Is(err, multipart.ErrCut) {
				pictures.in.feed.brokenJPEG()
			}
			return cmp.Or(context.Cause(ctx), c.broken(err))
		}
		if err := pictures.take(picture); err != nil {
			return err
		}
	}
}

// livingBody is the body of a stream. Its bytes are signs of life, whether they make a picture or not. It belongs to the goroutine
// that reads.
type livingBody struct {
	from io.Reader
	in   *Intake
}

// newLivingBody returns the body of a stream whose head has just come, which is a sign of life too. A single JPEG has no livingBody:
// there the whole picture is the answer, which is to come within connect_timeout.
func newLivingBody(from io.Reader, in *Intake) livingBody {
	in.Alive(time.Now())
	return livingBody{from, in}
}

func (b livingBody) Read(to []byte) (int, error) {
	n, err := b.from.Read(to)
	if n > 0 {
		b.in.Alive(time.Now())
	}
	return n, err
}

// timedBody is the body of an answer that may have a single picture. Once started, it calls expired when nothing has come for a
// time, since a camera may send less than the length that it states. It belongs to the goroutine that reads.
type timedBody struct {
	from    io.Reader
	expired func() // cancels the request; called from a separate goroutine
	timer   *time.Timer
	limit   time.Duration
}

func (b *timedBody) Read(to []byte) (int, error) {
	n, err := b.from.Read(to)
	if b.timer != nil {
		b.timer.Reset(b.limit)
	}
	return n, err
}

// start begins or changes the time for which nothing may come.
func (b *timedBody) start(limit time.Duration) {
	b.stop()
	b.limit, b.timer = limit, time.AfterFunc(limit, b.expired)
}

func (b *timedBody) stop() {
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
}

// mediaType returns the type of an answer in lower case, and the boundary of its parts. Either is empty if it is missing.
func mediaType(header string) (kind, boundary string) {
	kind, params, err := mime.ParseMediaType(header)
	if err != nil { // many boundaries have characters that RFC 2045 wants in quotes; multipart.Reader learns them from the body
		kind, _, _ = strings.Cut(header, ";")
	}
	return strings.ToLower(strings.TrimSpace(kind)), params["boundary"]
}

// isJPEG reports whether kind is a type under which cameras send JPEGs.
func isJPEG(kind string) bool {
	return kind == "image/jpeg" || kind == "image/jpg" || kind == "image/pjpeg" || kind == "application/octet-stream"
}

// maxBroken is how many broken pictures in a row a connection survives.
const maxBroken = 20

// jpegIntake passes on JPEGs as access units. It drops broken ones; many in a row end the connection.
type jpegIntake struct {
	in      *Intake
	from    string
	gap     *gap
	onTake  func() // if not nil, called after each picture
	current *unit.Format
	taken   int       // of this connection
	last    time.Time // when the last one was taken
	broken  int       // in a row
}

func (j *jpegIntake) take(data []byte) error {
	header, err := jpeg.Read(data)
	if err != nil || len(data) > jpeg.MaxSize {
		j.in.feed.brokenJPEG()
		return j.drop(err)
	}
	if j.current == nil || j.current.Stream.Width != header.Width || j.current.Stream.Height != header.Height {
		j.current = &unit.Format{
			Caps:   fmt.Sprintf("image/jpeg, width=(int)%d, height=(int)%d", header.Width, header.Height),
			Stream: frame.Stream{Codec: "mjpeg", Width: header.Width, Height: header.Height},
		}
	}
	arrived := time.Now()
	if !j.in.Unit(data, unit.NoPTS, true, arrived, j.current) { // the intake has counted it
		return j.drop(nil)
	}
	j.broken, j.last = 0, arrived
	j.taken++
	j.gap.over()
	if j.onTake != nil {
		j.onTake()
	}
	return nil
}

// drop counts a broken picture; err says what is wrong with its markers, and is nil if that is something else. It returns an error,
// which ends the connection, if there are too many in a row, or if the camera's first data are something else than a JPEG.
func (j *jpegIntake) drop(err error) error {
	isOther := errors.Is(err, jpeg.ErrFormat)
	if j.broken++; j.broken <= maxBroken && !(j.taken == 0 && isOther) {
		return nil
	}
	text := fmt.Sprintf("sends only JPEGs that are damaged or too large, more than %d in a row", maxBroken)
	switch {
	case isOther:
		text = "sends something that is not a JPEG picture"
	case errors.Is(err, jpeg.ErrCut):
		text = fmt.Sprintf("sends only JPEGs that are cut off, more than %d in a row", maxBroken)
	}
	return &frame.CameraError{Reason: frame.NoVideo, Text: j.from + " " + text}
}
