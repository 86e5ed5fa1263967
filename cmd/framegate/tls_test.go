package main

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/framegate/framegate/internal/certificate/certificatetest"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/internal/viewer"
)

// trusting returns a client that trusts one certificate and speaks HTTP/2. Each of its requests has a connection of its own.
func trusting(t *testing.T, certificate []byte) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(certificate) {
		t.Fatal("no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// served is the certificate that a framegate serves new connections with, as PEM.
func served(t *testing.T, url string) []byte {
	t.Helper()
	conn, err := tls.Dial("tcp", strings.TrimPrefix(url, "https://"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: conn.ConnectionState().PeerCertificates[0].Raw})
}

func TestRenewedCertificateIsServedAndNoStreamEnds(t *testing.T) {
	path := config(t, "tls: {cert: cert.pem, key: key.pem}\ncameras: [{id: gate, url: 'test://ball?width=320&height=240'}]")
	first := certificatetest.Write(t, filepath.Dir(path))
	p := start(t, "--config", path)
	if string(served(t, p.URL)) != string(first) {
		t.Error("another certificate is served")
	}
	stream, err := viewer.OpenVia(t.Context(), trusting(t, first), p.URL+"/cameras/gate/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()

	_, otherKey := certificatetest.Pair(t)
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "key.pem"), otherKey, 0o600); err != nil {
		t.Fatal(err)
	}
	camtest.Until(t, "the pair that does not fit is logged", func() bool {
		return strings.Contains(p.Log(), "private key does not match public key")
	})
	if string(served(t, p.URL)) != string(first) {
		t.Error("the previous certificate is not served any more")
	}

	second := certificatetest.Write(t, filepath.Dir(path))
	camtest.Until(t, "the renewed certificate is served", func() bool { return string(served(t, p.URL)) == string(second) })
	for range 10 {
		if _, err := stream.Next(); err != nil {
			t.Fatal("the stream has ended: ", err)
		}
	}
	resp, err := trusting(t, second).Get(p.URL + "/healthz")
	if err != nil || resp.ProtoMajor != 2 {
		t.Fatal(resp, err)
	}
	resp.Body.Close()
	if strings.Contains(p.Log(), strings.Split(string(otherKey), "\n")[1]) {
		t.Error("a key is in the log")
	}
	if status := p.Stop(); status != 0 {
		t.Errorf("status %d with a viewer over HTTP/2", status)
	}
	for err = nil; err == nil; _, err = stream.Next() {
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the stream does not end, but breaks off: %v", err)
	}
}

func TestSelfSignedCertificateIsShownAndServedAgainAfterARestart(t *testing.T) {
	t.Setenv("STATE_DIRECTORY", t.TempDir())
	socket := filepath.Join(t.TempDir(), "framegate.sock")
	var certificates []string
	for range 2 {
		path := config(t, "{tls: self_signed, cameras: []}")
		p := start(t, "--config", path, "--listen", "127.0.0.1:0", "--listen", "unix:"+socket)
		certificate := served(t, p.URL)
		certificates = append(certificates, string(certificate))
		block, _ := pem.Decode(certificate)
		leaf, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		fingerprint := fingerprintOf(leaf)
		for line := range strings.Lines(p.Log()) {
			if strings.Contains(line, "msg=serving") && !(strings.Contains(line, "url=https://127.0.0.1:") && strings.Contains(line, fingerprint)) {
				t.Errorf("%s has no %s", line, fingerprint)
			}
		}
		for _, url := range []string{p.URL, "unix:" + socket} {
			if stdout, stderr, status := run(t, "health", url); status != 0 {
				t.Errorf("%s: status %d, %s%s", url, status, stdout, stderr)
			}
		}
		configured := config(t, fmt.Sprintf("{tls: self_signed, listen: %q, cameras: []}", strings.TrimPrefix(p.URL, "https://")))
		t.Setenv("FRAMEGATE_CONFIG", configured)
		if stdout, stderr, status := run(t, "health"); status != 0 {
			t.Errorf("status %d, %s%s", status, stdout, stderr)
		}
		t.Setenv("FRAMEGATE_CONFIG", "")
		p.Stop()
	}
	if certificates[0] != certificates[1] {
		t.Error("the certificate is another one after a restart")
	}
}

func TestHTTPOnAPortOfHTTPSIsAnsweredAndRedirectHTTPRedirects(t *testing.T) {
	t.Setenv("STATE_DIRECTORY", t.TempDir())
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	second := free.Addr().String()
	free.Close()
	p := start(t, "--config", config(t, fmt.Sprintf("{tls: self_signed, redirect_http: %q, cameras: []}", second)))
	resp, err := http.Get("http://" + strings.TrimPrefix(p.URL, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != 400 || !strings.Contains(string(body), "HTTPS") {
		t.Errorf("%s %s", resp.Status, body)
	}

	client := trusting(t, served(t, p.URL))
	resp, err = client.Get("http://" + second + "/cameras/a?width=1")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := resp.Header.Get("Location"); resp.StatusCode != 308 || got != p.URL+"/cameras/a?width=1" {
		t.Errorf("%s %s", resp.Status, got)
	}
	followed, err := client.Get(resp.Header.Get("Location"))
	if err != nil || followed.ProtoMajor != 2 {
		t.Fatal(followed, err)
	}
	followed.Body.Close()
	if followed.Header.Get("Strict-Transport-Security") != "" {
		t.Error("browsers would refuse other services of this machine")
	}
	old := trusting(t, served(t, p.URL))
	old.Transport.(*http.Transport).ForceAttemptHTTP2 = false
	old.Transport.(*http.Transport).TLSClientConfig.NextProtos = []string{"http/1.1"}
	resp, err = old.Get(p.URL + "/healthz")
	if err != nil || resp.ProtoMajor != 1 || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	resp.Body.Close()
}

// fingerprintOf is the fingerprint of a certificate as openssl x509 -fingerprint -sha256 prints it.
func fingerprintOf(leaf *x509.Certificate) string {
	parts := make([]string, 32)
	for i, b := range sha256.Sum256(leaf.Raw) {
		parts[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(parts, ":")
}
