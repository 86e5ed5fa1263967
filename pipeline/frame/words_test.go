package frame

import (
	"strings"
	"testing"
)

func TestWordsOfACameraAreShortAndClean(t *testing.T) {
	for text, want := range map[string]string{
		" 503 Busy\r\n":              "503 Busy",
		"\x1b[2J\x07red\x9b\u202Eno": "?[2J?red\uFFFD?no",
		strings.Repeat("ä", 9000):    strings.Repeat("ä", 200),
	} {
		if got := Words(text); got != want {
			t.Errorf("%.20q: %q", text, got)
		}
		err := &CameraError{Text: "192.0.2.1 says " + text}
		if got := err.Error(); strings.ContainsAny(got, "\x1b\x07\r\n\u202E") || len([]rune(got)) > 500 {
			t.Errorf("error of %.20q: %q", text, got)
		}
	}
}
