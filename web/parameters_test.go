package web

import (
	"net/http"
	"testing"
)

// TestUnknownParametersAreIgnored has what pages and players add to bypass a cache. The next report is a row.
func TestUnknownParametersAreIgnored(t *testing.T) {
	url := serve(t)
	for _, added := range []string{
		"_=1", "t=1595", "t=", "1595", "1595&1596", "cacheBust=a%20b", "nonce=x&nonce=y", "rand=0.3&width=320", "Width=0",
	} {
		for _, what := range []string{"stream", "snapshot.jpg", "snapshot.png"} {
			resp, err := http.Get(url + "/cameras/gate/" + what + "?" + added)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Errorf("%s?%s: %s", what, added, resp.Status)
			}
		}
	}
}
