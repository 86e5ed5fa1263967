package web

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
)

func TestEmbeddedPageHasThePictureOnly(t *testing.T) {
	config, err := configs.Parse("test.yaml", []byte("embed_origins: ['https://site.example']\ncameras: [{id: gate, name: '<Gate>', url: 'rtsp://h/gate'}]"), nil)
	if err != nil {
		t.Fatal(err)
	}
	url := serveConfig(t, config, nil)
	resp, body := get(t, url+"/embed/gate?width=640&fit=cover")
	if policy := resp.Header.Get("Content-Security-Policy"); resp.StatusCode != 200 || !strings.HasSuffix(policy, "frame-ancestors 'self' https://site.example") {
		t.Errorf("%s %s", resp.Status, policy)
	}
	for _, text := range []string{`src="../cameras/gate/stream?width=640"`, `fit="cover"`, "&lt;Gate&gt;", `src="../static/embed.js`} {
		if !strings.Contains(string(body), text) {
			t.Errorf("%s is missing in %s", text, body)
		}
	}
	if strings.Contains(string(body), "<header") {
		t.Error("the page has a header")
	}
	for query, part := range map[string]string{"fit=large": `"parameter":"fit"`, "width=1": `"parameter":"width"`} {
		if resp, body := get(t, url+"/embed/gate?"+query); resp.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), part) {
			t.Errorf("%s: %s %s", query, resp.Status, body)
		}
	}
}

func TestEmbeddedPagePassesItsTokenOn(t *testing.T) {
	url, _ := serveText(t, "auth: {jwt: {secret: "+jwtSecret+"}}\n"+site)
	ann := token(t, "viewer", "gate")
	resp, body := send(t, http.MethodGet, url+"/embed/gate?token="+ann, "", map[string]string{"Test-From": elsewhere})
	if resp.StatusCode != 200 || !strings.Contains(body, "stream?token="+ann) {
		t.Errorf("%s %s", resp.Status, body)
	}
}

func TestScriptOfTheElementIsSmall(t *testing.T) {
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	w.Write(assets["/static/embed.js"].body)
	w.Close()
	if packed.Len() >= 2000 {
		t.Errorf("static/embed.js has %d bytes when it is compressed", packed.Len())
	}
}
