package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/framegate/framegate/pipeline/frame"

	"github.com/go-chi/chi/v5"
)

// next serves GET /cameras/{id}/next.jpg and next.raw for programs: the first picture that is newer than the client's. The answer is 204
// if none comes in time, and never a placeholder. format applies to requests that name none.
func (s *server) next(known []parameter, format frame.Format) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q, bad := parse(r.URL.RawQuery, known)
		if bad != nil {
			bad.write(w)
			return
		}
		q.Format = cmp.Or(q.Format, format)
		id, h := chi.URLParam(r, "id"), w.Header()
		if r.Method == http.MethodHead {
			if s.live(w, r, id) {
				describeNext(h, q.Format)
			}
			return
		}
		leave, refused := s.enter(r, id, q.Request)
		if refused != nil {
			refused.write(w)
			return
		}
		defer leave()
		controller := http.NewResponseController(w)
		controller.SetWriteDeadline(time.Now().Add(q.wait + writeTimeout))
		ctx, end := context.WithCancelCause(r.Context())
		defer end(nil)
		defer s.rights.hold(s.rightTo(id, r), end)()
		ctx, cancel := context.WithTimeoutCause(ctx, q.wait, errNothingNewer)
		defer cancel()
		f, number, err := s.Cameras.Next(ctx, id, q.Request, q.after)
		switch {
		case errors.Is(err, errNothingNewer):
			h.Set("Cache-Control", "no-store")
			w.WriteHeader(http.StatusNoContent)
			return
		case errors.Is(err, errRightEnded):
			refusePrincipal(w, r, err)
			return
		case err != nil:
			refuse(w, r, id, err)
			return
		}
		if q.Format.Raw() {
			sent, refused := s.pixels.add(addressOf(r), len(f.Picture()))
			if refused != nil {
				refused.write(w)
				return
			}
			defer sent()
			limitUnsent(r)
		}
		describeNext(h, q.Format)
		h.Set("Content-Length", strconv.Itoa(len(f.Picture())))
		h.Set("X-Timestamp", string(frame.AppendTimestamp(nil, f.Received)))
		h.Set("X-Sequence", strconv.FormatUint(number, 10))
		h.Set("X-Width", strconv.Itoa(f.Width))
		h.Set("X-Height", strconv.Itoa(f.Height))
		if f.Format.Raw() {
			h.Set("X-Stride", strconv.Itoa(f.Format.Stride(f.Width)))
		}
		writePicture(w, controller, f.Picture())
	}
}

// writePicture writes a picture to a client, who may take writeTimeout for each writeChunk bytes. Raw pictures may be large.
func writePicture(w http.ResponseWriter, controller *http.ResponseController, picture []byte) {
	for chunk := range slices.Chunk(picture, writeChunk) {
		controller.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// writeChunk is about what a connection of 0.8 Mbit/s carries in writeTimeout.
const writeChunk = 1 << 20

// errNothingNewer ends the wait for a picture.
var errNothingNewer = errors.New("nothing newer")

// sentPixels counts the bytes of raw pictures that are being sent, in all and by address. They are much larger than JPEGs, and each client
// that reads slowly may hold another one in memory.
type sentPixels struct {
	mu        sync.Mutex // guards the fields below
	bytes     int
	byAddress map[string]int
}

// maxSentPixels is how many bytes of raw pictures are being sent at a time: ten of 3840x2160 in colour. One address may have
// maxSentPixelsOfOne of them: an eighth is reserved for others, as it is with max_viewers.
const (
	maxSentPixels      = 256 << 20
	maxSentPixelsOfOne = maxSentPixels - maxSentPixels/8
)

// add counts a picture until sent is called, or refuses it.
func (p *sentPixels) add(address string, bytes int) (sent func(), refused *problem) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.bytes+bytes > maxSentPixels:
		return nil, &problem{
			Status: http.StatusServiceUnavailable, retryAfter: retryAfter,
			Detail: fmt.Sprintf("framegate is already sending bare pixels to many programs; the limit is %d MiB at a time", maxSentPixels>>20),
		}
	case p.byAddress[address]+bytes > maxSentPixelsOfOne:
		return nil, &problem{
			Status: http.StatusTooManyRequests, retryAfter: retryAfter,
			Detail: fmt.Sprintf("framegate is already sending bare pixels to %s; the limit for an address is %d MiB at a time", address, maxSentPixelsOfOne>>20),
		}
	}
	if p.byAddress == nil {
		p.byAddress = map[string]int{}
	}
	p.bytes += bytes
	p.byAddress[address] += bytes
	return func() { p.remove(address, bytes) }, nil
}

func (p *sentPixels) remove(address string, bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bytes -= bytes
	if p.byAddress[address] -= bytes; p.byAddress[address] == 0 {
		delete(p.byAddress, address)
	}
}

// describeNext sets the headers of every answer with a picture.
func describeNext(h http.Header, format frame.Format) {
	h.Set("Content-Type", format.MediaType())
	h.Set("Content-Security-Policy", picturePolicy)
	h.Set("Cache-Control", "no-store")
	if format.Raw() {
		h.Set("X-Format", string(format))
	}
}

// How long a request waits for a newer picture, in seconds.
const minWait, maxWait, defaultWait = 0.1, 60, 20 * time.Second

// The parameters of next.jpg and of next.raw.
var (
	nextParameters = append(slices.Clone(streamParameters),
		parameter{"after", "0 to now", setAfter},
		number("wait", minWait, maxWait, func(q *query, v float64) { q.wait = time.Duration(v * float64(time.Second)) }),
	)
	rawParameters = append(slices.Clone(nextParameters),
		parameter{"format", rawFormats, func(q *query, text string) bool {
			q.Format = frame.Format(text)
			return q.Format.Raw()
		}},
	)
)

// rawFormats is a list of the formats of next.raw.
var rawFormats = func() string {
	var names []string
	for _, f := range frame.RawFormats {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}()

// clockTolerance is how far in the future the time of a picture may be. It may be so after a small correction of this machine's clock.
const clockTolerance = time.Second

func setAfter(q *query, text string) bool {
	latest := time.Now().Add(clockTolerance)
	v, ok := readNumber(text, 0, float64(latest.UnixMicro())/1e6)
	q.after = time.UnixMicro(int64(v*1e6 + 0.5))
	return ok
}
