package onvif_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/onvif"
	"github.com/framegate/framegate/internal/onvif/onviftest"
)

func TestCameraNamesItsStreamsToWhoeverKnowsItsPassword(t *testing.T) {
	camera := onviftest.Start(t, "ann", "pass&word")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got, err := onvif.Client{Service: camera.Service, Username: "ann", Password: "pass&word"}.Streams(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := []onvif.Stream{
		{Profile: "high", URL: "rtsp://127.0.0.1:8554/high?a=1&b=2", Codec: "H265", Width: 2688, Height: 1520},
		{Profile: "low & small", URL: "rtsp://127.0.0.1:8554/low?a=1&b=2", Codec: "H264", Width: 640, Height: 360},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, c := range []onvif.Client{{Username: "ann", Password: "wrong"}, {Username: "bob", Password: "pass&word"}, {}} {
		c.Service = camera.Service
		if _, err := c.Streams(ctx); !errors.Is(err, onvif.ErrUnauthorized) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestAnswersThatAreNoneAreErrors(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"HTML":       {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<p>hello")) }, "not ONVIF"},
		"a status":   {http.NotFound, "404"},
		"a redirect": {http.RedirectHandler("http://192.0.2.1/", http.StatusFound).ServeHTTP, "302"},
		"a fault": {func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`<E><Body><Fault><Reason><Text>busy` + "\x07" + `</Text></Reason></Fault></Body></E>`))
		}, "not ONVIF"},
		"no stream": {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`<E><Body/></E>`)) }, "no stream"},
	} {
		server := httptest.NewServer(c.answer)
		_, err := onvif.Client{Service: server.URL + "/onvif/device_service"}.Streams(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		server.Close()
	}
	for _, service := range []string{"", "192.0.2.10", "file:///etc/passwd", "http:///x"} {
		if _, err := (onvif.Client{Service: service}).Streams(t.Context()); err == nil {
			t.Errorf("%q is asked", service)
		}
	}
}
