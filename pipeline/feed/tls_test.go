//go:debug x509negativeserial=1

package feed

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
)

// serveTLS serves a camera of one still over HTTPS and returns its URL.
func serveTLS(t *testing.T, config *tls.Config) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(still)
	}))
	server.Listener = tls.NewListener(server.Listener, config)
	server.Start()
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "http://", "https://", 1)
}

// TestOldTLSIsSpokenOverRTSPToo has cameras that know one old version or key exchange only.
func TestOldTLSIsSpokenOverRTSPToo(t *testing.T) {
	for name, limit := range map[string]func(*tls.Config){
		"TLS 1.0": func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 },
		"TLS 1.1": func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 },
		"TLS 1.2 and RC4": func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, _ := testcam.SelfSigned()
			limit(config)
			server := camtest.StartConfig(t, testcam.Config{Cameras: []testcam.Camera{tiny}, TLS: config})
			src := camtest.Source(t, server.URL("cam1"))
			runFeed(t, src).Fails(t, frame.Unreachable, "tls_verify: false")
			src.TLSVerify = false
			feed := runFeed(t, src)
			feed.Stream(t)
			if odd := strings.Join(feed.Feed.Oddities(), "; "); !strings.Contains(odd, "too old to protect what is sent") {
				t.Errorf("odd: %q", odd)
			}
		})
	}
}

func TestOldTLSOverRTSPIsNotNamedWhereItIsNotUsed(t *testing.T) {
	config, _ := testcam.SelfSigned()
	server := camtest.StartConfig(t, testcam.Config{Cameras: []testcam.Camera{tiny}, TLS: config})
	src := camtest.Source(t, server.URL("cam1"))
	src.TLSVerify = false
	feed := runFeed(t, src)
	feed.Stream(t)
	if odd := feed.Feed.Oddities(); len(odd) > 0 {
		t.Errorf("odd: %q", odd)
	}
	src.TLSVerify, src.Reader = true, configs.RTSPSrc // does not speak it
	if err := runFeed(t, src).End(t); strings.Contains(err.Error(), "tls_verify") {
		t.Error(err)
	}
}

// TestCertificateWithANegativeSerialNumberIsAcceptedOnlyWhereNoneIsChecked over HTTP and RTSP.
func TestCertificateWithANegativeSerialNumberIsAcceptedOnlyWhereNoneIsChecked(t *testing.T) {
	config, _ := testcam.SelfSigned()
	camtest.NegateSerial(t, config)
	server := camtest.StartConfig(t, testcam.Config{Cameras: []testcam.Camera{tiny}, TLS: config})
	for _, url := range []string{serveTLS(t, config), server.URL("cam1")} {
		src := camtest.Source(t, url)
		runFeed(t, src).Fails(t, frame.Unreachable, "certificate")
		src.TLSVerify = false
		runFeed(t, src).Stream(t)
	}
}
