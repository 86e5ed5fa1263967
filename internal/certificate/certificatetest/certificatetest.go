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
	return pair(t, time.Now().Add(24*365*time.Hour))
}

func pair(t testing.TB, end time.Time) (cert, key []byte) {
	t.Helper()
	cert, key, err := selfsign.Certificate(x509.Certificate{
		Subject:   pkix.Name{CommonName: "test"},
		NotBefore: end.AddDate(-2, 0, 0), NotAfter: end,
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
	return WriteUntil(t, dir, time.Now().Add(24*365*time.Hour))
}

// WriteUntil writes such files of a certificate with an end.
func WriteUntil(t testing.TB, dir string, end time.Time) (cert []byte) {
	t.Helper()
	cert, key := pair(t, end)
	for name, content := range map[string][]byte{"cert.pem": cert, "key.pem": key} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert
}
