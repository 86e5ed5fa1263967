package terminal

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestControlCharactersAreShownAndNotSent(t *testing.T) {
	for text, want := range map[string]string{
		"gate: 401 für München ✓":                 "gate: 401 für München ✓",
		"\x1b]0;owned\x07\x1b[2J":                 `\u001b]0;owned\u0007\u001b[2J`,
		"one\nframegate: two\r\tthree":            `one\u000aframegate: two\u000d\u0009three`,
		"\x7f \u009b31m \u202eevil\u202c \u2066x": `\u007f \u009b31m \u202eevil\u202c \u2066x`,
		"broken \xff\x9b31m":                      "broken \uFFFD\uFFFD31m",
	} {
		if got := Line(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

func TestWriterKeepsLinesTabsAndJSON(t *testing.T) {
	var b strings.Builder
	w := NewWriter(&b)
	const name = "a\u009b2J\x7f\x1b"
	if err := json.NewEncoder(w).Encode(name); err != nil {
		t.Fatal(err)
	}
	var back string
	if err := json.Unmarshal([]byte(b.String()), &back); err != nil || back != name || strings.ContainsAny(b.String(), "\u009b\x7f\x1b") {
		t.Errorf("%q reads back as %q, %v", b.String(), back, err)
	}
	b.Reset()
	if n, err := w.Write([]byte("one\ttwo\n\x1b")); n != 9 || err != nil || b.String() != "one\ttwo\n\\u001b" {
		t.Errorf("%d %v %q", n, err, b.String())
	}
}
