package camtest

import (
	"bytes"
	"crypto/tls"
	"testing"
)

// NegateSerial makes the serial number of a server's certificate negative, as some cameras do though RFC 5280 forbids it. The
// certificate's signature is wrong afterwards.
func NegateSerial(tb testing.TB, config *tls.Config) {
	tb.Helper()
	der := bytes.Clone(config.Certificates[0].Certificate[0])
	before := []byte{0xA0, 3, 2, 1, 2, 2} // version 3, and the type of the serial number, whose length and content follow
	at := bytes.Index(der, before)
	if at < 0 {
		tb.Fatal("the certificate has no serial number")
	}
	der[at+len(before)+1] |= 0x80
	config.Certificates[0].Certificate, config.Certificates[0].Leaf = [][]byte{der}, nil
}
