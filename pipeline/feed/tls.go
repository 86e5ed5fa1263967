package feed

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
)

// tlsConfig returns the TLS configuration of a source, with the versions and ciphers that Go considers secure.
func tlsConfig(src configs.Source) (*tls.Config, error) {
	c := &tls.Config{ServerName: src.URL.Hostname(), InsecureSkipVerify: !src.TLSVerify}
	if src.TLSCA == "" {
		return c, nil
	}
	pem, err := configs.ReadBounded(src.TLSCA, configs.MaxCertificates)
	if err != nil {
		return nil, fmt.Errorf("tls_ca: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, &frame.CameraError{Reason: frame.Failed, Text: "tls_ca: " + src.TLSCA + " contains no certificate"}
	}
	return c, nil
}

// tlsConfigs returns the TLS configurations of a source for a host, which are tried in this order: a source whose certificate is not
// verified may also speak old TLS.
func tlsConfigs(src configs.Source, host string) ([]*tls.Config, error) {
	secure, err := tlsConfig(src)
	if err != nil {
		return nil, err
	}
	secure.ServerName = host
	if src.TLSVerify {
		return []*tls.Config{secure}, nil
	}
	return []*tls.Config{secure, oldTLS(secure)}, nil
}

// oldTLS returns c with all versions and ciphers that Go knows, including TLS 1.0 and 1.1, key exchange by RSA, 3DES and RC4. It is
// for a source whose certificate is not verified and with which a secure handshake has failed. It is not tried first, because a
// camera that prefers the old ciphers would choose them.
func oldTLS(c *tls.Config) *tls.Config {
	c = c.Clone()
	c.MinVersion = tls.VersionTLS10
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		c.CipherSuites = append(c.CipherSuites, suite.ID)
	}
	return c
}

// agreesOnNothing reports whether a handshake may have failed because the two sides have no version or cipher in common.
func agreesOnNothing(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error" || strings.Contains(err.Error(), "unsupported protocol version")
}

// checkTLS performs a handshake over conn and returns what is wrong with the other side's certificate.
func checkTLS(ctx context.Context, conn net.Conn, src configs.Source) error {
	config, err := tlsConfig(src)
	if err != nil {
		return err
	}
	if err := tls.Client(conn, config).HandshakeContext(ctx); err != nil {
		return errTLS(src, err)
	}
	return nil
}

// mayBeOld is the remedy where a handshake may have failed because the camera is too old.
const mayBeOld = "it may know old versions of TLS only, which tls_verify: false allows"

// errTLS explains a handshake that failed.
func errTLS(src configs.Source, err error) error {
	if src.TLSVerify && agreesOnNothing(err) && src.Reader != configs.RTSPSrc {
		return fmt.Errorf("TLS with %s: %w; %s", place(src.URL), err, mayBeOld)
	}
	return fmt.Errorf("TLS with %s: %w (tls_ca names a certificate to trust)", place(src.URL), err)
}
