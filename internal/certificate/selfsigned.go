package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/framegate/framegate/internal/state"
)

// file is where the certificate that framegate has made is, with its key, in the state directory.
const file = "self-signed.pem"

const (
	lifetime = 397 * 24 * time.Hour // some clients accept no longer one
	renewal  = 30 * 24 * time.Hour  // it is renewed as long before its end
	leeway   = time.Hour            // of the clocks of clients, which may be behind
)

// selfSigned returns the certificate of the state directory. It first makes one there if there is none that fits: one that has all names
// and addresses, and is valid for a while. Names and addresses that are not the machine's any more do no harm. If the state directory
// cannot be used, it is the previous certificate if that fits, else a new one with an error that says why it is not kept.
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
		return previous, nil // what keeps it from the directory has been said
	}
	if pair == nil {
		pair, _, _ = generate(names, addresses, now)
	}
	return pair, err
}

// fits reports whether a certificate is one that framegate may go on with.
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
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: names[0], Organization: []string{"framegate"}},
		NotBefore:             now.Add(-leeway),
		NotAfter:              now.Add(lifetime - leeway),
		DNSNames:              names,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, // and no authority, which Firefox refuses as a server
	}
	for _, address := range addresses {
		template.IPAddresses = append(template.IPAddresses, address.AsSlice())
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	content = append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	made, err := tls.X509KeyPair(content, content)
	return &made, content, err
}
