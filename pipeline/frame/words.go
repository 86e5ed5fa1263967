package frame

import (
	"strings"
	"unicode"
)

// maxWords is how many characters of a camera's words an error may show.
const maxWords = 200

// Words returns what an error or a log may show of what a camera says: printable characters, and at most 200.
func Words(text string) string {
	var kept strings.Builder
	count := 0
	for _, c := range strings.TrimSpace(text) {
		if count++; count > maxWords {
			break
		}
		if !unicode.IsPrint(c) {
			c = '?'
		}
		kept.WriteRune(c)
	}
	return kept.String()
}
