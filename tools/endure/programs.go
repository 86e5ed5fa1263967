package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/framegate/framegate/internal/viewer"
	"github.com/framegate/framegate/tools/endure/check"
)

// programWait is how long a program lets a request wait for a newer picture.
const programWait = time.Second

// programAllowance is how much longer than programWait an answer may take.
const programAllowance = 2 * time.Second

// polling asks for the newest JPEG again and again, as a program does.
func (vs *viewers) polling(ctx context.Context, v visit) { vs.poll(ctx, v, "next.jpg", "") }

// pollingRaw asks for bare pixels.
func (vs *viewers) pollingRaw(ctx context.Context, v visit) {
	vs.poll(ctx, v, "next.raw", "&format=gray")
}

// poll checks that each answer is a picture that is newer than the last one, or says that there is none, and comes in time.
func (vs *viewers) poll(ctx context.Context, v visit, resource, format string) {
	ctx, cancel := context.WithTimeout(ctx, v.stay)
	defer cancel()
	who := fmt.Sprintf("a program that polls %s of %q", resource, v.query)
	s := vs.checker.AddViewer(check.Visit{Camera: v.camera, Who: who, Size: v.size, Opened: time.Now()})
	defer func() { vs.checker.ViewerLeft(s, time.Now()) }()
	url := fmt.Sprintf("http://%s/cameras/%s/%s?%s%s&wait=%v", vs.address, v.camera, resource, v.query, format, programWait.Seconds())
	after := ""
	for ctx.Err() == nil {
		began := time.Now()
		answer, err := ask(ctx, url+after)
		now := time.Now()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			vs.checker.Report(v.camera, now, "%s gets no answer: %v", who, err)
		case vs.checker.Over(began, programWait+programAllowance, now):
			vs.checker.Report(v.camera, now, "%s has waited %v for its answer", who, now.Sub(began).Round(time.Millisecond))
		}
		switch {
		case err != nil:
			sleep(ctx, time.Second)
		case answer.status == http.StatusOK && resource == "next.jpg":
			vs.checker.CheckPart(s, vs.marks.read(viewer.Picture{JPEG: answer.body, Received: answer.received, Read: now}))
		case answer.status == http.StatusOK:
			if !answer.complete() {
				vs.checker.Report(v.camera, now, "%s gets %d bytes of %sx%s", who, len(answer.body), answer.Get("X-Stride"), answer.Get("X-Height"))
			}
			if !answer.received.After(answer.since) {
				vs.checker.Report(v.camera, now, "%s gets a picture that is no newer than its last one", who)
			}
		case answer.status == http.StatusNoContent:
		case answer.status == http.StatusServiceUnavailable,
			answer.status == http.StatusTooManyRequests && vs.contested:
			sleep(ctx, time.Second)
		default:
			vs.checker.Report(v.camera, now, "%s gets status %d: %.200s", who, answer.status, answer.body)
			sleep(ctx, time.Second)
		}
		if err == nil && answer.status == http.StatusOK {
			after = "&after=" + answer.Get("X-Timestamp")
		}
	}
}

// answer is one to a request for the newest picture.
type answer struct {
	http.Header
	status          int
	body            []byte
	received, since time.Time // X-Timestamp, and that of the picture which the program has
}

// ask requests the newest picture.
func ask(ctx context.Context, url string) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	a := &answer{Header: resp.Header, status: resp.StatusCode}
	if a.body, err = io.ReadAll(resp.Body); err != nil || a.status != http.StatusOK {
		return a, err
	}
	var errSince error
	if text := req.URL.Query().Get("after"); text != "" {
		a.since, errSince = timestamp(text)
	}
	a.received, err = timestamp(a.Get("X-Timestamp"))
	return a, errors.Join(err, errSince)
}

// complete reports whether a grey picture has all of its pixels.
func (a *answer) complete() bool {
	stride, err := strconv.Atoi(a.Get("X-Stride"))
	height, errHeight := strconv.Atoi(a.Get("X-Height"))
	return err == nil && errHeight == nil && len(a.body) > 0 && len(a.body) == stride*height
}

// timestamp reads seconds and microseconds since 1970.
func timestamp(text string) (time.Time, error) {
	seconds, err := strconv.ParseFloat(text, 64)
	return time.UnixMicro(int64(seconds*1e6 + 0.5)), err
}
