package configs

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/framegate/framegate/internal/certificate/certificatetest"
)

func TestTLSIsAWordOrACertificateWithItsKey(t *testing.T) {
	dir := t.TempDir()
	block, _ := pem.Decode(certificatetest.Write(t, dir))
	want, _ := x509.ParseCertificate(block.Bytes)
	name := filepath.Join(dir, "framegate.yaml")
	config, err := Parse(name, []byte("tls: {cert: cert.pem, key: key.pem}\nredirect_http: ':80'"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !config.TLS.On() || config.TLS.SelfSigned || !config.TLS.Pair.Leaf.Equal(want) {
		t.Errorf("%+v", config.TLS)
	}
	for _, file := range []string{"cert.pem", "key.pem"} {
		if !slices.Contains(config.Files, filepath.Join(dir, file)) {
			t.Errorf("%s is not watched: %q", file, config.Files)
		}
	}
	if got := mustParse(t, "tls: self_signed").TLS; !got.On() || !got.SelfSigned || got.Pair != nil {
		t.Errorf("%+v", got)
	}
	if got := mustParse(t, "tls:").TLS; got.On() {
		t.Errorf("%+v", got)
	}
}

func TestFileOfTLSCAIsWatched(t *testing.T) {
	dir := t.TempDir()
	certificatetest.Write(t, dir)
	t.Chdir(dir)
	os.Mkdir("site", 0o700)
	os.Rename("cert.pem", "site/cert.pem")
	const cameras = "cameras:\n- {id: a, url: 'rtsps://h/', tls_ca: cert.pem, substream: 'rtsps://h/2'}\n- {id: b, url: 'rtsps://h/', tls_ca: cert.pem}"
	config, err := Parse("site/framegate.yaml", []byte(cameras), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"site/cert.pem", "site/framegate.yaml"}; !slices.Equal(config.Files, want) {
		t.Errorf("the files are %q, want %q", config.Files, want)
	}
	if c := config.Cameras[0]; c.Source.TLSCA != "site/cert.pem" || c.Sub.TLSCA != "site/cert.pem" {
		t.Errorf("the sources have %q and %q", c.Source.TLSCA, c.Sub.TLSCA)
	}
}

func TestFaultsOfTLSQuoteNoKey(t *testing.T) {
	dir := t.TempDir()
	certificatetest.Write(t, dir)
	_, key := certificatetest.Pair(t)
	if err := os.WriteFile(filepath.Join(dir, "other.pem"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"tls: on":                                               `:1:6: tls is "on"; it must be self_signed, or have the keys cert and key`,
		"tls: {cert: cert.pem}":                                 "tls needs both cert and key",
		"tls: {cert: nowhere.pem, key: key.pem}":                "tls.cert: open ",
		"tls: {cert: cert.pem, key: other.pem}":                 "cert.pem and other.pem cannot be used together: tls: private key does not match public key",
		"tls: {cert: key.pem, key: key.pem}":                    "cannot be used together: tls: failed to find",
		"redirect_http: ':80'":                                  "it needs the key tls",
		"{tls: self_signed, redirect_http: 'unix:/f'}":          "it must be host:port or :port",
		"{tls: self_signed, listen: ':1', redirect_http: ':1'}": "it is also in listen",
	} {
		_, err := Parse(filepath.Join(dir, "f"), []byte(text), nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), strings.Split(string(key), "\n")[1]) {
			t.Errorf("%q: the key is in the error", text)
		}
	}
}
