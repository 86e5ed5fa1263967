package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/framegate/framegate/web/auth"
	"github.com/framegate/framegate/web/texts"
)

// pictures are the kinds of a camera's pictures that take parameters.
var pictures = []string{"stream", "snapshot.jpg", "snapshot.png", "next.jpg", "next.raw"}

// TestUnknownParametersAreIgnored has what pages and players add to bypass a cache. The next report is a row.
func TestUnknownParametersAreIgnored(t *testing.T) {
	url := serve(t)
	for _, added := range []string{
		"_=1", "t=1595", "t=", "1595", "1595&1596", "cacheBust=a%20b", "nonce=x&nonce=y", "rand=0.3&width=320", "Width=0",
		"width=320&amp;t=1", "width=320&amp;height=0", "t=1;2", "t=50%", "%zz", "%", "%zz=1&width=320", "t=%zz&t=%", ";", "&&", "=", "=1", "a=b=c",
		"t=%00", "t=\u00E9", "?t=1", "t=<script>",
	} {
		for _, what := range pictures {
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

// TestKnownParametersThatCannotBeReadAreRefused though what is around them is ignored.
func TestKnownParametersThatCannotBeReadAreRefused(t *testing.T) {
	url := serve(t)
	for query, parameter := range map[string]string{
		"width=50%": "width", "width=%zz": "width", "width=320;t=1": "width", "%77idth=7": "width", "t=%zz&width=7": "width", "t=1;2&quality=": "quality",
		"width=320&width=%zz": "width", "width": "width", "width=320%00": "width", "overlay=%": "overlay", "crop=%zz": "crop", "fps=5;": "fps",
	} {
		for _, what := range pictures {
			resp, body := get(t, url+"/cameras/gate/"+what+"?"+query)
			var p problem
			json.Unmarshal(body, &p)
			if resp.StatusCode != http.StatusBadRequest || p.Parameter != parameter {
				t.Errorf("%s?%s: %s %s", what, query, resp.Status, body)
			}
		}
	}
}

// allParameters are the parameters of all kinds of pictures. Some are more than once in it.
var allParameters = slices.Concat(streamParameters, snapshotParameters, nextParameters, rawParameters)

func TestEachParameterHasAText(t *testing.T) {
	for _, p := range allParameters {
		if key := "parameter." + p.name; !slices.Contains(texts.English.Keys(), key) {
			t.Errorf("there is no text %s", key)
		}
	}
}

// TestNoParameterHasAnotherMeaning looks at names that are taken: of credentials, which handlers do not see, and of parameters of pages.
func TestNoParameterHasAnotherMeaning(t *testing.T) {
	taken := slices.Concat(auth.Parameters, []string{"fit", languageParameter})
	for _, p := range allParameters {
		if slices.Contains(taken, p.name) {
			t.Errorf("%s is taken", p.name)
		}
	}
}
