package testcam

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"time"

	"github.com/framegate/framegate/internal/selfsign"
)

// SelfSigned makes a certificate for 127.0.0.1 and localhost that is valid for a day. It returns a configuration that
// serves the certificate, and the certificate as PEM for clients to trust.
func SelfSigned() (*tls.Config, []byte) {
	cert, key, err := selfsign.Certificate(x509.Certificate{
		Subject:   pkix.Name{CommonName: "testcam"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err != nil {
		panic(err) // no randomness
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		panic(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}}, cert
}
