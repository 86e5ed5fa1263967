package frame

import (
	"strings"
	"unicode"
)

const (
	maxWords    = 200 // characters of a camera's words that are kept
	maxSentence = 500 // characters of an error about a camera, which has such words and framegate's own
)

// Words returns what may be kept, logged and shown of what a camera says: printable characters, and at most 200.
func Words(text string) string { return clean(text, maxWords) }

// clean trims a text and cuts it to most characters. Each character that unicode.IsPrint refuses, such as a control character that
// a terminal obeys, becomes a question mark.
func clean(text string, most int) string {
	var kept strings.Builder
	count := 0
	for _, c := range strings.TrimSpace(text) {
		if count++; count > most {
			break
		}
		if !unicode.IsPrint(c) {
			c = '?'
		}
		kept.WriteRune(c)
	}
	return kept.String()
}
