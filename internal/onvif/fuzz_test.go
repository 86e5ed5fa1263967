package onvif

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// FuzzAnswers reads what cameras may answer, as one to discovery and as one to GetProfiles, and checks that nothing leads to another host.
func FuzzAnswers(f *testing.F) {
	const id, host = "id", "192.0.2.9"
	f.Add([]byte(fmt.Sprintf(answer, id)), "rtsp://10.0.0.1:554/a")
	f.Add([]byte(`<E><Body><GetProfilesResponse><Profiles token="a"><Name>a</Name><VideoEncoderConfiguration><Encoding>H264</Encoding><Resolution><Width>640</Width><Height>360</Height></Resolution></VideoEncoderConfiguration></Profiles></GetProfilesResponse></Body></E>`), "rtsp://a:b@[::1]/?x")
	f.Add([]byte(`<E><Body><Fault><Code><Subcode><Value>x</Value></Subcode></Code></Fault></Body></E>`), "rtsps://%41@/")
	f.Fuzz(func(t *testing.T, text []byte, uri string) {
		if d, ok := parse(text, id, netip.MustParseAddr(host)); ok {
			if u, err := url.Parse(d.Service); err != nil || u.Hostname() != host {
				t.Errorf("the service %q", d.Service)
			}
			for _, shown := range []string{d.Name, d.Model} {
				if len([]rune(shown)) > maxName || strings.ContainsAny(shown, "\n\x1b") {
					t.Errorf("%q", shown)
				}
			}
		}
		answer := profiles{Profiles: []profile{{}}}
		decode(text, 200, &answer)
		for _, p := range answer.Profiles {
			if s, ok := p.stream(uri, host); ok {
				if u, err := url.Parse(s.URL); err != nil || u.Hostname() != host || u.User != nil {
					t.Errorf("%q leads to %q", uri, s.URL)
				}
			}
		}
		device := &url.URL{Scheme: "http", Host: host, Path: "/"}
		if u := onSameHost(device, uri); u.Hostname() != host {
			t.Errorf("%q leads to %s", uri, u)
		}
	})
}
