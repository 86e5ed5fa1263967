package feed

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
)

// TestWordsOfACameraDoNotFillTheLogOrCommandATerminal, wherever an answer has them.
func TestWordsOfACameraDoNotFillTheLogOrCommandATerminal(t *testing.T) {
	long := "\x1b[2J\x9b\u202E" + strings.Repeat("A", 50_000)
	for name, answer := range map[string]string{
		"status":      "HTTP/1.1 500 " + long + "\r\nContent-Length: 0\r\n\r\n",
		"no status":   "HTTP/1.1 " + long + "\r\n\r\n",
		"type":        "HTTP/1.1 200 OK\r\nContent-Type: x" + long + "\r\nContent-Length: 4\r\n\r\nabcd",
		"scheme":      "HTTP/1.1 401 No\r\nWWW-Authenticate: " + long + " realm=x\r\nContent-Length: 0\r\n\r\n",
		"not HTTP":    long + "\r\n\r\n",
		"redirect":    "HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1:80/" + strings.Repeat("A", 50_000) + "\r\nContent-Length: 0\r\n\r\n",
		"bad":         "HTTP/1.1 302 Found\r\nLocation: http://%zz" + long + "\r\nContent-Length: 0\r\n\r\n",
		"odd headers": "HTTP/1.1 200 OK\r\n" + strings.Repeat("=\x1b[2J\r\n", 50) + "Content-Type: text/plain\r\nContent-Length: x\x1b\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := camtest.Source(t, serveRaw(t, func(int) (string, bool) { return answer, true })+"/x")
			src.Username, src.Password = "u", "p"
			feed, err := New(src)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), camtest.Patience)
			defer cancel()
			err = feed.Run(ctx, func(frame.Stream) {})
			for _, text := range append(feed.Oddities(), fmt.Sprint(err)) {
				if len([]rune(text)) > 500 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
					t.Errorf("%d letters: %.600q", len(text), text)
				}
			}
		})
	}
}
