package web

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"framegate/pipeline/frame"
)

// parameter is one query parameter: a number in a range.
type parameter struct {
	name     string
	min, max float64
	whole    bool
	meaning  string
	set      func(*request, float64)
}

// request is what the query of a stream or a snapshot asks for.
type request struct {
	ask    frame.Ask
	maxAge time.Duration // of a snapshot
}

// The parameters of a stream.
var streamParameters = []parameter{
	{"width", frame.MinSide, frame.MaxSide, true, "pixels", func(r *request, v float64) { r.ask.Width = int(v) }},
	{"height", frame.MinSide, frame.MaxSide, true, "pixels", func(r *request, v float64) { r.ask.Height = int(v) }},
	{"scale", frame.MinScale, frame.MaxScale, false, "of the camera's size", func(r *request, v float64) { r.ask.Scale = v }},
	{"fps", frame.MinFPS, frame.MaxFPS, false, "pictures per second at most", func(r *request, v float64) { r.ask.FPS = v }},
	{"quality", frame.MinQuality, frame.MaxQuality, true, "JPEG quality", func(r *request, v float64) { r.ask.Quality = int(v) }},
}

// The parameters of a snapshot.
var snapshotParameters = append(slices.Clone(streamParameters),
	parameter{"max_age", 0, 3600, false, "seconds", func(r *request, v float64) { r.maxAge = time.Duration(v * float64(time.Second)) }},
)

// cacheBuster is ignored: pages change it to get past caches.
const cacheBuster = "_"

// defaultMaxAge is how old the picture of a snapshot may be, unless the camera itself is slower.
const defaultMaxAge = time.Second

// parse reads a query strictly: a parameter that is unknown, repeated or out of range is a problem.
func parse(rawQuery string, known []parameter) (request, *problem) {
	r := request{maxAge: defaultMaxAge}
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return r, badParameter("", "the query cannot be read: "+err.Error())
	}
	for name, values := range query {
		if name == cacheBuster {
			continue
		}
		i := slices.IndexFunc(known, func(p parameter) bool { return p.name == name })
		switch {
		case i < 0:
			return r, badParameter(name, fmt.Sprintf("unknown parameter %q; there are %s", name, names(known)))
		case len(values) > 1:
			return r, badParameter(name, name+" is given more than once")
		}
		v, ok := known[i].read(values[0])
		if !ok {
			return r, badParameter(name, fmt.Sprintf("%s is %q; it must be %s", name, values[0], known[i].wants()))
		}
		known[i].set(&r, v)
	}
	if r.ask.Scale > 0 && (r.ask.Width > 0 || r.ask.Height > 0) {
		return r, badParameter("scale", "scale and width or height exclude each other")
	}
	return r, nil
}

// read reads a value and reports whether it is in the parameter's range.
func (p parameter) read(text string) (float64, bool) {
	if p.whole {
		n, err := strconv.Atoi(text)
		return float64(n), err == nil && float64(n) >= p.min && float64(n) <= p.max
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && !math.IsNaN(v) && v >= p.min && v <= p.max
}

// wants describes the parameter's range.
func (p parameter) wants() string {
	kind := "a number"
	if p.whole {
		kind = "a whole number"
	}
	return fmt.Sprintf("%s from %v to %v (%s)", kind, p.min, p.max, p.meaning)
}

func names(known []parameter) string {
	all := make([]string, len(known))
	for i, p := range known {
		all[i] = p.name
	}
	return strings.Join(all, ", ")
}

func badParameter(name, detail string) *problem {
	return &problem{Status: 400, Detail: detail, Parameter: name}
}
