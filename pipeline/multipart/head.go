package multipart

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/framegate/framegate/pipeline/jpeg"
)

// A head is what the lines before a part say about it.
type head struct {
	opened bool   // by a boundary
	kind   string // Content-Type in lower case, without parameters; empty if it is missing
	length int    // Content-Length; 0 if it is missing or useless
	stated string // Content-Length as the camera writes it, if it is not a plain number
}

// begun reports whether the lines so far are the head of a part: a preamble has neither a boundary nor one of these headers.
func (h *head) begun() bool { return h.opened || h.kind != "" || h.length > 0 || h.stated != "" }

// mayBePicture reports whether the head allows the part to be a JPEG. Some cameras leave the type out or call it a stream of bytes.
func (h *head) mayBePicture() bool {
	switch h.kind {
	case "", "image/jpeg", "image/jpg", "image/pjpeg", "image/*", "application/octet-stream":
		return true
	}
	return false
}

// header reads a header line. Like a browser it ignores a line that is not a header.
func (h *head) header(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimSpace(value)
	switch strings.ToLower(string(bytes.TrimSpace(name))) {
	case "content-type":
		kind, _, _ := bytes.Cut(value, []byte(";"))
		h.kind = strings.ToLower(string(bytes.TrimSpace(kind)))
	case "content-length":
		h.length, h.stated = 0, ""
		digits := bytes.TrimPrefix(value, []byte("+"))
		if end := bytes.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
			digits = digits[:end]
		}
		if n, err := strconv.Atoi(string(digits)); err == nil && n > 0 && n <= jpeg.MaxSize {
			h.length = n
		}
		if strconv.Itoa(h.length) != string(value) {
			h.stated = string(value)
		}
	}
}

// A boundary opens parts. Some cameras use another one than their header names, with other dashes or altogether different. So the
// boundary is learned from the body.
type boundary struct {
	name []byte // from the header, without dashes; empty if it has none
	seen []byte // as it opened the last picture, with its dashes; empty before the first
}

// cut reports whether a line opens a part. seen is the boundary as it is in the line, and rest a header that follows it there.
func (b *boundary) cut(line []byte) (seen, rest []byte, ok bool) {
	dashes := len(line) - len(bytes.TrimLeft(line, "-"))
	name := line[dashes:]
	for _, known := range [][]byte{b.name, bytes.TrimLeft(b.seen, "-")} {
		if after, found := bytes.CutPrefix(name, known); found && len(known) > 0 {
			after = bytes.TrimLeft(after, "- \t;")
			if len(after) == 0 || dashes >= 2 && bytes.IndexByte(after, ':') > 0 {
				return line[:dashes+len(known)], after, true
			}
		}
	}
	if dashes < 2 || len(line) == 2 || len(name) == 0 && len(b.name) > 0 {
		return nil, nil, false
	}
	if i := indexFold(name, "content-"); i > 0 {
		name, rest = name[:i], name[i:]
	}
	return line[:dashes+len(bytes.TrimRight(name, "- \t"))], rest, true
}

// indexFold returns where a text in ASCII is in data, in whatever case, or -1. bytes.ToLower would move what follows a byte that is not
// UTF-8.
func indexFold(data []byte, text string) int {
	for i := 0; i+len(text) <= len(data); i++ {
		if strings.EqualFold(string(data[i:i+len(text)]), text) {
			return i
		}
	}
	return -1
}

// at reports whether data, which follows a picture, begins with a boundary or with another picture. more means that data is too
// short to decide. The line end before a boundary belongs to it (RFC 2046, section 5.1.1).
func (b *boundary) at(data []byte) (yes, more bool) {
	data = bytes.TrimLeft(data, "\r\n")
	candidates := [][]byte{{0xFF, markSOI}}
	if len(b.seen) > 0 {
		candidates = append(candidates, b.seen)
	} else {
		candidates = append(candidates, []byte("--"), b.name)
	}
	for _, c := range candidates {
		switch {
		case len(c) == 0:
		case bytes.HasPrefix(data, c):
			return true, false
		case bytes.HasPrefix(c, data):
			more = true
		}
	}
	return false, more
}

// minBare is how long a boundary must be to be recognized in the middle of a line: a shorter one occurs in pictures by chance.
const minBare = 8

// index returns where the first boundary in data is, looking from an index on, or -1. The line end before a boundary belongs to it.
func (b *boundary) index(data []byte, from int) int {
	search := b.seen
	switch {
	case len(search) > 0:
	case len(b.name) > 0:
		search = append([]byte("--"), b.name...)
	default:
		search = []byte("\r\n--")
	}
	for from = max(0, from-len(search)); ; from++ { // the part before from may end inside a boundary
		i := bytes.Index(data[from:], search)
		if i < 0 {
			return -1
		}
		from += i
		line := bytes.TrimSuffix(bytes.TrimSuffix(data[:from], []byte("\n")), []byte("\r"))
		if len(line) < from || from == 0 || len(search) >= minBare || search[0] == '\r' {
			return len(line)
		}
	}
}
