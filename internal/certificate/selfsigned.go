package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/framegate/framegate/internal/selfsign"
	"github.com/framegate/framegate/internal/state"
)

// file is the name of a file in the state directory: the certificate that framegate has made, and its key.
const file = "self-signed.pem"

const (
	lifetime = 397 * 24 * time.Hour // some clients refuse longer ones
	renewal  = 30 * 24 * time.Hour  // how long before its end it is renewed
	leeway   = time.Hour            // for clients whose clocks are behind
)

// selfSigned returns the certificate of the state directory. If the one there does not fit, it makes a new one first. One fits if it has all
// names and addresses and is valid for a while; further names and addresses do no harm. If the state directory cannot be used, selfSigned
// returns the previous certificate if that fits, else a new one and an error that says why it was not stored.
func selfSigned(previous *tls.Certificate, names []string, addresses []netip.Addr, now time.Time) (pair *tls.Certificate, err error) {
	err = state.Update(file, func(before []byte) (after []byte, err error) {
		found, err := tls.X509KeyPair(before, before)
		if err == nil && fits(found.Leaf, names, addresses, now) {
			pair = &found
			return before, nil
		}
		pair, after, err = generate(names, addresses, now)
		return after, err
	})
	if err != nil && previous != nil && fits(previous.Leaf, names, addresses, now) {
		return previous, nil // the error was returned with this certificate before
	}
	if pair == nil {
		pair, _, _ = generate(names, addresses, now)
	}
	return pair, err
}

// fits reports whether a certificate may stay in use.
func fits(leaf *x509.Certificate, names []string, addresses []netip.Addr, now time.Time) bool {
	if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter.Add(-renewal)) {
		return false
	}
	for _, name := range names {
		if !slices.Contains(leaf.DNSNames, name) {
			return false
		}
	}
	for _, address := range addresses {
		if !slices.ContainsFunc(leaf.IPAddresses, func(ip net.IP) bool { return ip.Equal(address.AsSlice()) }) {
			return false
		}
	}
	return true
}

// generate makes a key and its certificate. content is both as PEM.
func generate(names []string, addresses []netip.Addr, now time.Time) (pair *tls.Certificate, content []byte, err error) {
	template := x509.Certificate{
		Subject:               pkix.Name{CommonName: names[0], Organization: []string{"framegate"}},
		NotBefore:             now.Add(-leeway),
		NotAfter:              now.Add(lifetime - leeway),
		DNSNames:              names,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, // without IsCA: Firefox refuses an authority as a server
	}
	for _, address := range addresses {
		template.IPAddresses = append(template.IPAddresses, address.AsSlice())
	}
	cert, key, err := selfsign.Certificate(template)
	if err != nil {
		return nil, nil, err
	}
	made, err := tls.X509KeyPair(cert, key)
	return &made, append(cert, key...), err
}
