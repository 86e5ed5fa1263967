package web

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/web/texts"
)

// parameter is one query parameter.
type parameter struct {
	name   string
	limits string // the range or list of its values, as in docs/http.md
	// set parses a value into the query and reports whether the parameter accepts it.
	set func(*query, string) bool
}

// Name returns the parameter's name, for the templates.
func (p parameter) Name() string { return p.name }

// values describes the parameter's values in a language.
func (p parameter) values(table *texts.Table) string {
	limits := p.limits
	if least, most, ok := strings.Cut(limits, " to "); ok {
		limits = table.Text("range", "least", least, "most", most)
	}
	return table.Text("parameter."+p.name, "limits", limits)
}

// query is the parsed query of a stream, a snapshot or a next picture.
type query struct {
	frame.Request
	maxKbps  int           // of a stream; 0 for no limit
	maxAge   time.Duration // of a snapshot
	download bool          // browsers save the snapshot instead of showing it
	after    time.Time     // of the picture that the program has; zero for none
	wait     time.Duration // how long to wait for a newer one
}

// The parameters of a stream. Those that accept more than a number have their own functions.
var streamParameters = []parameter{
	whole("width", frame.MinSide, frame.MaxSide, func(q *query, n int) { q.Width = n }),
	whole("height", frame.MinSide, frame.MaxSide, func(q *query, n int) { q.Height = n }),
	number("scale", frame.MinScale, frame.MaxScale, func(q *query, v float64) { q.Scale = v }),
	flag("upscale", func(q *query, on bool) { q.Upscale = on }),
	{"fps", rateLimits, setFPS},
	{"quality", qualityLimits, setQuality},
	whole("max_kbps", minKbps, maxKbps, func(q *query, n int) { q.maxKbps = n }),
	choice("rotate", []int{0, 90, 180, 270}, func(q *query, n int) { q.Rotate = n }),
	{"crop", "x,y,w,h from 0 to 1", setCrop},
	{"overlay", "name,time,text", setOverlay},
}

// The parameters of a snapshot. It ignores fps, so that it accepts every query of a stream.
var snapshotParameters = append(slices.Clone(streamParameters),
	number("max_age", 0, 3600, func(q *query, v float64) { q.maxAge = time.Duration(v * float64(time.Second)) }),
	flag("download", func(q *query, on bool) { q.download = on }),
)

// The range of max_kbps.
const minKbps, maxKbps = 32, 100_000

var (
	rateLimits    = rangeOf(frame.MinFPS, frame.MaxFPS)
	qualityLimits = rangeOf(frame.MinQuality, frame.MaxQuality)
)

func rangeOf(low, high float64) string { return fmt.Sprintf("%v to %v", low, high) }

func whole(name string, low, high int, set func(*query, int)) parameter {
	return parameter{name, rangeOf(float64(low), float64(high)), func(q *query, text string) bool {
		n, err := strconv.Atoi(text)
		set(q, n)
		return err == nil && n >= low && n <= high
	}}
}

func number(name string, low, high float64, set func(*query, float64)) parameter {
	return parameter{name, rangeOf(low, high), func(q *query, text string) bool {
		v, ok := readNumber(text, low, high)
		set(q, v)
		return ok
	}}
}

// choice returns a parameter that accepts a few whole numbers.
func choice(name string, numbers []int, set func(*query, int)) parameter {
	var words []string
	for _, n := range numbers {
		words = append(words, strconv.Itoa(n))
	}
	return parameter{name, strings.Join(words, ", "), func(q *query, text string) bool {
		i := slices.Index(words, text)
		if i >= 0 {
			set(q, numbers[i])
		}
		return i >= 0
	}}
}

func flag(name string, set func(*query, bool)) parameter {
	return parameter{name, "0, 1", func(q *query, text string) bool {
		set(q, text == "1")
		return text == "0" || text == "1"
	}}
}

func setFPS(q *query, text string) (ok bool) {
	if q.Keyframes = text == "key"; q.Keyframes {
		return true
	}
	q.FPS, ok = readNumber(text, frame.MinFPS, frame.MaxFPS)
	return ok
}

func setQuality(q *query, text string) bool {
	if q.Auto = text == "auto"; q.Auto {
		return true
	}
	n, err := strconv.Atoi(text)
	q.Quality = n
	return err == nil && n >= frame.MinQuality && n <= frame.MaxQuality
}

func setCrop(q *query, text string) (ok bool) {
	q.Crop, ok = frame.ParseCrop(text)
	return ok
}

func setOverlay(q *query, text string) bool {
	var show frame.OverlayParts
	q.Show = &show
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

// defaultMaxAge is the max_age of a snapshot whose request has none.
const defaultMaxAge = time.Second

// parse parses a query. A known parameter that is repeated or out of range is a problem. Other parameters are ignored, even if they
// cannot be read: pages and players add some to bypass caches, under many names.
func parse(rawQuery string, known []parameter) (query, *problem) {
	q := query{maxAge: defaultMaxAge, wait: defaultWait}
	given := valuesIn(rawQuery)
	for _, p := range known {
		values := given[p.name]
		switch {
		case len(values) == 0:
		case len(values) > 1:
			return q, badParameter(p.name, p.name+" is given more than once")
		case !p.set(&q, values[0]):
			return q, badParameter(p.name, fmt.Sprintf("%s is %q; it must be %s", p.name, values[0], p.values(texts.English)))
		}
	}
	if q.maxKbps > 0 && q.Quality == 0 { // with a fixed quality, only a lower rate can keep the limit
		q.Auto = true
	}
	return q, q.contradiction()
}

// valuesIn returns the values in a query by name. url.ParseQuery would refuse the whole of a query such as width=640&amp;t=1. A value
// that cannot be decoded is as it is written: no parameter accepts it.
func valuesIn(rawQuery string) map[string][]string {
	values := map[string][]string{}
	for pair := range strings.SplitSeq(rawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			continue
		}
		if decoded, err := url.QueryUnescape(value); err == nil {
			value = decoded
		}
		values[name] = append(values[name], value)
	}
	return values
}

// CheckPicture returns what is wrong with the query in the URL of a camera's picture, such as /cameras/gate/stream?width=640.
func CheckPicture(address string) error {
	known := streamParameters
	picture, rawQuery, _ := strings.Cut(address, "?")
	switch resource := path.Base(picture); {
	case strings.HasPrefix(resource, "snapshot."):
		known = snapshotParameters
	case resource == "next.jpg":
		known = nextParameters
	case resource == "next.raw":
		known = rawParameters
	}
	if _, bad := parse(rawQuery, known); bad != nil {
		return errors.New(bad.Detail)
	}
	return nil
}

// contradiction returns a problem if parameters contradict each other, else nil.
func (q query) contradiction() *problem {
	switch {
	case q.Scale > 0 && (q.Width > 0 || q.Height > 0):
		return badParameter("scale", "scale cannot be combined with width or height")
	case q.Width > frame.MaxAspect*q.Height && q.Height > 0, q.Height > frame.MaxAspect*q.Width && q.Width > 0:
		return badParameter("height", fmt.Sprintf("width is %d and height is %d; the longer side must be at most %d times the other, and both from %d to %d pixels",
			q.Width, q.Height, frame.MaxAspect, frame.MinSide, frame.MaxSide))
	}
	return nil
}

func badParameter(name, detail string) *problem {
	return &problem{Status: 400, Detail: detail, Parameter: name}
}
