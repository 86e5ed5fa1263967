// Package terminal keeps what cameras and files say from controlling the terminal that shows it.
package terminal

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Line returns a text as one line without control characters: \u001b stands for an escape.
func Line(text string) string { return escape(text, "") }

// NewWriter returns a Writer that writes to w without control characters, except for the ends of lines and tabs. JSON stays JSON: a
// control character can only be within its strings. A character must not be split over two calls of Write.
func NewWriter(w io.Writer) io.Writer { return writer{w} }

type writer struct{ to io.Writer }

func (w writer) Write(text []byte) (int, error) {
	if _, err := io.WriteString(w.to, escape(string(text), "\n\t")); err != nil {
		return 0, err
	}
	return len(text), nil
}

// escape escapes the control characters that are not allowed.
func escape(text, allowed string) string {
	clean := func(r rune) bool { return !controls(r) || strings.ContainsRune(allowed, r) }
	if utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool { return !clean(r) }) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text { // a byte that is not UTF-8 is U+FFFD
		if clean(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// controls reports whether a terminal may do something else than show a character: C0, DEL and C1, the ends of lines of Unicode, and
// what changes the direction of a text, so that it reads as another one.
func controls(r rune) bool {
	return r < 0x20 || r >= 0x7F && r < 0xA0 || r == 0x061C || r >= 0x200E && r <= 0x200F ||
		r >= 0x2028 && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}
