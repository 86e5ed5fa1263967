package feed

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/framegate/framegate/internal/testcam/camtest"
)

func TestOnlyAFewCookiesAreKept(t *testing.T) {
	for name, size := range map[string]int{"many small ones": 10, "large ones": 3000} {
		t.Run(name, func(t *testing.T) {
			client, err := newHTTPCamera(camtest.Source(t, "http://192.0.2.1/"), func(string, string) {})
			if err != nil {
				t.Fatal(err)
			}
			for n := range 1000 {
				at := &url.URL{Scheme: "http", Host: "192.0.2.1", Path: fmt.Sprintf("/%d/x", n)}
				newest := fmt.Sprint("c", n)
				client.Jar.SetCookies(at, []*http.Cookie{
					{Name: newest, Path: "/", Value: strings.Repeat("v", size)}, {Name: "here", Value: "1"}, {Name: "huge", Value: strings.Repeat("v", 60<<10)},
				})
				kept, bytes, known := client.Jar.Cookies(at), 0, false
				for _, c := range kept {
					bytes += len(c.Value)
					known = known || c.Name == newest
				}
				if len(kept) > 20 || bytes > 8<<10 || !known {
					t.Fatalf("%d cookies of %d bytes after %d answers; the newest is there: %v", len(kept), bytes, n+1, known)
				}
			}
		})
	}
}

// TestCookieThatIsSetAgainTakesNoRoom has a camera that renews its cookies with every answer.
func TestCookieThatIsSetAgainTakesNoRoom(t *testing.T) {
	jar, err := newCookies()
	if err != nil {
		t.Fatal(err)
	}
	at := &url.URL{Scheme: "http", Host: "192.0.2.1", Path: "/x"}
	jar.SetCookies(at, []*http.Cookie{{Name: "first", Value: "1"}})
	for range 1000 {
		jar.SetCookies(at, []*http.Cookie{{Name: "session", Value: strings.Repeat("v", 1000)}})
	}
	if kept := jar.Cookies(at); len(kept) != 2 {
		t.Errorf("%d cookies are kept", len(kept))
	}
}
