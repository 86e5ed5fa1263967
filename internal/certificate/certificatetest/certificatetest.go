// Package certificatetest makes certificates for tests.
package certificatetest

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/selfsign"
)

// Pair returns a new certificate for 127.0.0.1 and its key, as PEM.
func Pair(t testing.TB) (cert, key []byte) {
	t.Helper()
	cert, key, err := selfsign.Certificate(x509.Certificate{
		Subject:   pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * 365 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// Write writes a new certificate and its key into a folder, as cert.pem and key.pem, and returns the certificate.
func Write(t testing.TB, dir string) (cert []byte) {
	t.Helper()
	cert, key := Pair(t)
	for name, content := range map[string][]byte{"cert.pem": cert, "key.pem": key} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert
}
