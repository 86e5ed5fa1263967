package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealthReportsWhetherFramegateServes(t *testing.T) {
	p := start(t, "--config", config(t, "cameras: [{id: a, url: 'test://smpte'}]"))
	configured := config(t, fmt.Sprintf("listen: %s\ncameras: [{id: a, url: 'test://smpte'}]", strings.TrimPrefix(p.URL, "http://")))
	t.Setenv("FRAMEGATE_CONFIG", configured)
	for _, args := range [][]string{{"health"}, {"health", p.URL}, {"health", p.URL + "/"}, {"health", "--config", configured}} {
		if stdout, stderr, status := run(t, args...); status != 0 || stdout != "ok\n" {
			t.Errorf("%v: status %d, %s%s", args, status, stdout, stderr)
		}
	}
	p.Stop()
	_, stderr, status := run(t, "health")
	if want := "framegate: " + p.URL + "/healthz: dial tcp "; status != 1 || !strings.HasPrefix(stderr, want) {
		t.Errorf("after the end: status %d, %s", status, stderr)
	}
}

func TestHealthRejectsOtherAnswers(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	if _, stderr, status := run(t, "health", server.URL); status != 1 || !strings.Contains(stderr, "404 Not Found") {
		t.Errorf("status %d, %s", status, stderr)
	}
}

func TestHealthAsksWhereTheConfigurationListens(t *testing.T) {
	cameras := "\ncameras: [{id: a, url: 'test://smpte'}]"
	for text, want := range map[string]string{
		"listen: 'box:9000'" + cameras:               "box:9000",
		"listen: [':9000', 'unix:/run/f']" + cameras: ":9000 unix:/run/f",
		"cameras: [{id: a, url: 'test://smpte'}]":    ":8080",
		"listen: ':9000'\nnonsense: 1" + cameras:     ":8080",
	} {
		t.Setenv("FRAMEGATE_CONFIG", config(t, text))
		addresses, secure := (healthCommand{}).addresses()
		if got := strings.Join(addresses, " "); got != want || secure {
			t.Errorf("%q: %s, not %s", text, got, want)
		}
	}
	t.Setenv("FRAMEGATE_CONFIG", "/nowhere/framegate.yaml")
	if got, _ := (healthCommand{}).addresses(); got[0] != ":8080" {
		t.Errorf("without a configuration: %s", got)
	}
	if got, _ := (healthCommand{URL: "http://127.0.0.1:1"}).addresses(); got[0] != "http://127.0.0.1:1" {
		t.Errorf("with a URL: %s", got)
	}
}
