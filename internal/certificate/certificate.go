// Package certificate has the certificate with which framegate serves https: that of the configuration, or one that it makes itself.
package certificate

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/framegate/framegate/configs"
)

// Current is the certificate that new connections get. Connections that exist keep theirs. The zero value has none. Any goroutine may
// call its methods.
type Current struct {
	Log *slog.Logger

	pair atomic.Pointer[tls.Certificate]

	mu     sync.Mutex      // guards what follows, and is held while a certificate is made
	config *configs.Config // whose certificate it is
	warned time.Time       // that it ends soon
}

// Config returns how to serve with TLS, whatever certificate is the current one by then. TLS 1.2 is the oldest version.
func (c *Current) Config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"}, // net/http adds these only if it serves TLS before anything else
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if pair := c.pair.Load(); pair != nil {
				return pair, nil
			}
			return nil, errors.New("there is no certificate")
		},
	}
}

// Configure puts the certificate of a configuration into effect. Without tls it changes nothing, since that takes effect at the next
// start only.
func (c *Current) Configure(config *configs.Config) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if config.TLS.On() {
		c.config = config
		c.refresh()
	}
}

// Check renews the certificate if framegate makes it itself and it has become wrong, as when the machine has another address. It warns of
// one that ends soon.
func (c *Current) Check() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.config != nil {
		c.refresh()
	}
}

// CheckInterval is the time between two calls of Check.
const CheckInterval = time.Hour

// warnInterval is the time between two warnings of a certificate that ends soon.
const warnInterval = 24 * time.Hour

// Warning is what framegate says of a certificate for which EndsSoon.
const Warning = "the certificate ends soon or has ended: renew it"

// EndsSoon reports whether a certificate ends within a week, or has ended.
func EndsSoon(leaf *x509.Certificate, now time.Time) bool {
	return leaf.NotAfter.Sub(now) < 7*24*time.Hour
}

// refresh makes the certificate of c.config the current one. c.mu is held.
func (c *Current) refresh() {
	pair, now := c.config.TLS.Pair, time.Now()
	if c.config.TLS.SelfSigned {
		names, addresses := subject(c.config)
		var err error
		pair, err = selfSigned(c.pair.Load(), names, addresses, now)
		if err != nil {
			c.Log.Warn("the certificate cannot be kept, so the next start makes another one", "error", err)
		}
	}
	if pair == nil {
		return
	}
	before := c.pair.Swap(pair)
	if before == nil || Fingerprint(before) != Fingerprint(pair) {
		c.warned = time.Time{}
		c.Log.Info("certificate in use", "fingerprint", Fingerprint(pair), "names", namesOf(pair.Leaf),
			"self_signed", c.config.TLS.SelfSigned, "expires", pair.Leaf.NotAfter.Format(time.RFC3339))
	}
	if EndsSoon(pair.Leaf, now) && now.Sub(c.warned) > warnInterval {
		c.warned = now
		c.Log.Warn(Warning, "expires", pair.Leaf.NotAfter.Format(time.RFC3339))
	}
}

// Fingerprint returns the fingerprint of the current certificate; empty without one.
func (c *Current) Fingerprint() string {
	if pair := c.pair.Load(); pair != nil {
		return Fingerprint(pair)
	}
	return ""
}

// Fingerprint returns the SHA-256 of a certificate as browsers show it: AB:CD:…
func Fingerprint(pair *tls.Certificate) string {
	sum := sha256.Sum256(pair.Certificate[0])
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
}

// namesOf returns the names and addresses of a certificate.
func namesOf(leaf *x509.Certificate) string {
	names := append([]string(nil), leaf.DNSNames...)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	return strings.Join(names, " ")
}
