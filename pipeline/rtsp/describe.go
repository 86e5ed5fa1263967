package rtsp

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"

	"github.com/framegate/framegate/pipeline/frame"
)

// Track is a stream of a camera's description (SDP, RFC 8866).
type Track struct {
	Payload    uint8             // type of its packets
	Encoding   string            // such as H264, in capitals
	Clock      uint32            // of the packets' times, in Hz
	Parameters map[string]string // of a=fmtp, by name in lower case
	Width      int               // as a=framesize or a=x-dimensions says; 0 if neither does
	Height     int
}

// described is a medium of a description.
type described struct {
	kind     string // video, audio, application
	payloads []uint8
	control  string
	tracks   map[uint8]*Track
	size     [2]int
}

// description is the body of a camera's response to DESCRIBE.
type description struct {
	control string // of all media together
	media   []*described
}

// static has the encodings of payload types that need no a=rtpmap (RFC 3551, table 5).
var static = map[uint8]string{26: "JPEG", 31: "H261", 32: "MPV", 33: "MP2T", 34: "H263"}

// parseDescription reads a description. Cameras break many of its rules, so only what is needed is read, and what cannot be read
// is skipped.
func parseDescription(text []byte) *description {
	d := &description{}
	var medium *described
	for raw := range bytes.Lines(text) {
		kind, value, ok := strings.Cut(strings.TrimSpace(string(raw)), "=")
		value = strings.TrimSpace(value)
		switch {
		case !ok:
		case kind == "m":
			medium = parseMedium(value)
			d.media = append(d.media, medium)
		case kind == "a" && medium == nil:
			if control, ok := strings.CutPrefix(value, "control:"); ok {
				d.control = strings.TrimSpace(control)
			}
		case kind == "a":
			name, rest, _ := strings.Cut(value, ":")
			medium.attribute(strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(rest))
		}
	}
	return d
}

// parseMedium reads m=<media> <port> <proto> <payload types>.
func parseMedium(value string) *described {
	m := &described{tracks: map[uint8]*Track{}}
	words := strings.Fields(value)
	for i, word := range words {
		if i == 0 {
			m.kind = strings.ToLower(word)
		}
		if n, err := strconv.ParseUint(word, 10, 7); i >= 3 && err == nil {
			m.payloads = append(m.payloads, uint8(n))
			m.track(uint8(n))
		}
	}
	return m
}

// track returns the track of a payload type.
func (m *described) track(payload uint8) *Track {
	if m.tracks[payload] == nil {
		m.tracks[payload] = &Track{Payload: payload, Encoding: static[payload], Clock: 90000, Parameters: map[string]string{}}
	}
	return m.tracks[payload]
}

// attribute reads a line of a medium that begins with a=.
func (m *described) attribute(name, value string) {
	switch name {
	case "control":
		m.control = value
	case "rtpmap": // 96 H264/90000
		payload, rest, ok := cutPayload(value)
		encoding, clock, _ := strings.Cut(rest, "/")
		if !ok {
			return
		}
		track := m.track(payload)
		track.Encoding = strings.ToUpper(frame.Words(encoding))
		clock, _, _ = strings.Cut(clock, "/")
		if n, err := strconv.ParseUint(strings.TrimSpace(clock), 10, 32); err == nil && n > 0 {
			track.Clock = uint32(n)
		}
	case "fmtp": // 96 packetization-mode=1; sprop-parameter-sets=...
		payload, rest, ok := cutPayload(value)
		if !ok {
			return
		}
		for parameter := range strings.SplitSeq(rest, ";") {
			if name, value, ok := strings.Cut(parameter, "="); ok {
				m.track(payload).Parameters[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
			}
		}
	case "framesize": // 96 1920-1080 (3GPP TS 26.234, 5.3.3.2)
		if _, rest, ok := cutPayload(value); ok {
			m.setSize(rest, "-")
		}
	case "x-dimensions": // 1920,1080
		m.setSize(value, ",")
	}
}

// cutPayload cuts the payload type from the beginning of a value.
func cutPayload(value string) (payload uint8, rest string, ok bool) {
	number, rest, _ := strings.Cut(value, " ")
	n, err := strconv.ParseUint(number, 10, 7)
	return uint8(n), strings.TrimSpace(rest), err == nil
}

func (m *described) setSize(value, separator string) {
	w, h, _ := strings.Cut(value, separator)
	width, err1 := strconv.ParseUint(strings.TrimSpace(w), 10, 16)
	height, err2 := strconv.ParseUint(strings.TrimSpace(h), 10, 16)
	if err1 == nil && err2 == nil {
		m.size = [2]int{int(width), int(height)}
	}
}

// video returns the first video medium, and its first track with an encoding that wanted accepts, or else its first track.
// Both are nil if there is no video.
func (d *description) video(wanted func(encoding string) bool) (*described, *Track) {
	for _, m := range d.media {
		if m.kind != "video" || len(m.payloads) == 0 {
			continue
		}
		best := m.track(m.payloads[0])
		for _, payload := range m.payloads {
			if t := m.track(payload); wanted(t.Encoding) {
				best = t
				break
			}
		}
		best.Width, best.Height = m.size[0], m.size[1]
		return m, best
	}
	return nil, nil
}

// has reports whether a description has a medium of a kind.
func (d *description) has(kind string) bool {
	for _, m := range d.media {
		if m.kind == kind {
			return true
		}
	}
	return false
}

// controls returns the URLs that a control attribute may mean, the likeliest first. By RFC 2326, C.1.1, a relative one is resolved
// against the base. But most clients append it to the whole base, with a slash between, and cameras are made for those clients.
func controls(base *url.URL, control string) []string {
	if control == "" || control == "*" {
		return []string{base.String()}
	}
	parsed, err := url.Parse(control)
	if err == nil && parsed.Scheme != "" && parsed.Host != "" {
		parsed.User = nil
		return []string{parsed.String()}
	}
	var all []string
	add := func(u string) {
		for _, known := range all {
			if known == u {
				return
			}
		}
		all = append(all, u)
	}
	whole, appended := base.String(), ""
	switch {
	case strings.HasPrefix(control, "?"):
		appended = whole + control
	case strings.HasPrefix(control, "/"):
		appended = strings.TrimSuffix(whole, "/") + control
	case strings.HasSuffix(whole, "/"):
		appended = whole + control
	default:
		appended = whole + "/" + control
	}
	if strings.HasPrefix(control, "/") && err == nil { // a path of the host
		add(base.ResolveReference(parsed).String())
	}
	add(appended)
	if base.RawQuery != "" { // before the query
		path := *base
		path.RawQuery = ""
		add(strings.TrimSuffix(path.String(), "/") + "/" + strings.TrimPrefix(control, "/") + "?" + base.RawQuery)
	}
	if err == nil {
		add(base.ResolveReference(parsed).String())
	}
	return all
}
