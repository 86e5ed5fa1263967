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

// parameter is one query parameter.
type parameter struct {
	name   string
	values string // that it accepts, for people
	// set parses a value into the request and reports whether it is one of them.
	set func(*request, string) bool
}

// request is the parsed query of a stream or a snapshot.
type request struct {
	ask      frame.Request
	maxAge   time.Duration // of a snapshot
	download bool          // browsers save the snapshot instead of showing it
}

// The parameters of a stream.
var streamParameters = []parameter{
	whole("width", frame.MinSide, frame.MaxSide, "pixels", func(r *request, n int) { r.ask.Width = n }),
	whole("height", frame.MinSide, frame.MaxSide, "pixels", func(r *request, n int) { r.ask.Height = n }),
	number("scale", frame.MinScale, frame.MaxScale, "of the camera's size", func(r *request, v float64) { r.ask.Scale = v }),
	flag("upscale", "allows a picture larger than the camera's", func(r *request, on bool) { r.ask.Upscale = on }),
	{"fps", fmt.Sprintf("a number from %v to %v (pictures per second at most), or key for the camera's keyframes only", frame.MinFPS, frame.MaxFPS), setFPS},
	whole("quality", frame.MinQuality, frame.MaxQuality, "JPEG quality", func(r *request, n int) { r.ask.Quality = n }),
	choice("rotate", []string{"0", "90", "180", "270"}, "degrees clockwise", func(r *request, n int) { r.ask.Rotate = n }),
	{"overlay", "none, or some of name, time, text with commas between", setOverlay},
}

// The parameters of a snapshot. It ignores fps, so that it accepts every query of a stream.
var snapshotParameters = append(slices.Clone(streamParameters),
	number("max_age", 0, 3600, "seconds", func(r *request, v float64) { r.maxAge = time.Duration(v * float64(time.Second)) }),
	flag("download", "makes browsers save it", func(r *request, on bool) { r.download = on }),
)

func whole(name string, low, high int, unit string, set func(*request, int)) parameter {
	return parameter{name, fmt.Sprintf("a whole number from %d to %d (%s)", low, high, unit), func(r *request, text string) bool {
		n, err := strconv.Atoi(text)
		set(r, n)
		return err == nil && n >= low && n <= high
	}}
}

func number(name string, low, high float64, unit string, set func(*request, float64)) parameter {
	return parameter{name, fmt.Sprintf("a number from %v to %v (%s)", low, high, unit), func(r *request, text string) bool {
		v, ok := readNumber(text, low, high)
		set(r, v)
		return ok
	}}
}

func choice(name string, values []string, unit string, set func(*request, int)) parameter {
	return parameter{name, fmt.Sprintf("one of %s (%s)", strings.Join(values, ", "), unit), func(r *request, text string) bool {
		n, err := strconv.Atoi(text)
		set(r, n)
		return err == nil && slices.Contains(values, text)
	}}
}

func flag(name, meaning string, set func(*request, bool)) parameter {
	return parameter{name, "0 or 1 (" + meaning + ")", func(r *request, text string) bool {
		set(r, text == "1")
		return text == "0" || text == "1"
	}}
}

func setFPS(r *request, text string) (ok bool) {
	if r.ask.Keyframes = text == "key"; r.ask.Keyframes {
		return true
	}
	r.ask.FPS, ok = readNumber(text, frame.MinFPS, frame.MaxFPS)
	return ok
}

func setOverlay(r *request, text string) bool {
	var show frame.OverlayParts
	r.ask.Show = &show
	if text == "none" {
		return true
	}
	parts := map[string]*bool{"name": &show.Name, "time": &show.Time, "text": &show.Text}
	for _, word := range strings.Split(text, ",") {
		part, ok := parts[word]
		if !ok {
			return false
		}
		*part = true
	}
	return true
}

func readNumber(text string, low, high float64) (float64, bool) {
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && !math.IsNaN(v) && v >= low && v <= high
}

// cacheBuster is a parameter that pages change to bypass caches. It is ignored.
const cacheBuster = "_"

// defaultMaxAge is how old a snapshot may be where the request does not say, unless the camera itself is slower.
const defaultMaxAge = time.Second

// parse parses a query strictly: a parameter that is unknown, repeated or out of range is a problem.
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
			return r, badParameter(name, fmt.Sprintf("unknown parameter %q; the parameters are %s", name, names(known)))
		case len(values) > 1:
			return r, badParameter(name, name+" is given more than once")
		case !known[i].set(&r, values[0]):
			return r, badParameter(name, fmt.Sprintf("%s is %q; it must be %s", name, values[0], known[i].values))
		}
	}
	return r, r.contradiction()
}

// contradiction finds parameters that contradict each other.
func (r request) contradiction() *problem {
	a := r.ask
	switch {
	case a.Scale > 0 && (a.Width > 0 || a.Height > 0):
		return badParameter("scale", "scale cannot be combined with width or height")
	case a.Width > frame.MaxAspect*a.Height && a.Height > 0, a.Height > frame.MaxAspect*a.Width && a.Width > 0:
		return badParameter("height", fmt.Sprintf("width is %d and height is %d; the longer side must be at most %d times the other, and both from %d to %d pixels",
			a.Width, a.Height, frame.MaxAspect, frame.MinSide, frame.MaxSide))
	}
	return nil
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
