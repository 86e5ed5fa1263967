package challenge

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"

	"github.com/icholy/digest"
)

// Credentials answer the challenges of one RTSP camera, which are those of HTTP (RFC 2326, section 14). They belong to one
// goroutine at a time.
type Credentials struct {
	Username, Password string

	digest *digest.Challenge // nil if none is chosen
	basic  bool
	count  int    // of answers with the nonce of digest
	cnonce string // of all these answers: a session (-sess) is made of both nonces
}

// Choose chooses the safest challenge of a list, which further calls of Answer answer. If none can be answered, the error names
// them. After a Digest it does not choose Basic, which would send the password in clear text after all.
func (c *Credentials) Choose(offered List) error {
	switch found := offered.Digest(); {
	case found != nil:
		c.digest, c.basic = found, false
		c.renew()
	case offered.AllowsBasic() && c.digest == nil:
		c.digest, c.basic = nil, true
	case len(offered) == 0:
		return fmt.Errorf("it does not say how to authenticate")
	default:
		return fmt.Errorf("it asks for %s, which framegate does not answer", offered)
	}
	return nil
}

// renew begins to count the answers with a nonce.
func (c *Credentials) renew() { c.count, c.cnonce = 0, newCnonce() }

// newCnonce returns a nonce of the client.
func newCnonce() string {
	nonce := make([]byte, 8)
	rand.Read(nonce)
	return hex.EncodeToString(nonce)
}

// Chosen reports whether a challenge is chosen, so that Answer has the password or proves that it is known.
func (c *Credentials) Chosen() bool { return c.digest != nil || c.basic }

// Follow takes the nonce for the next answer from the values of Authentication-Info, if they have one (RFC 7616, section 3.5).
func (c *Credentials) Follow(values []string) {
	for _, value := range values {
		for _, info := range Parse([]string{"Info, " + value}) { // it has the form of a challenge, but for the scheme
			if nonce := info.Params["nextnonce"]; nonce != "" && c.digest != nil {
				next := *c.digest
				next.Nonce = nonce
				c.digest = &next
				c.renew()
			}
		}
	}
}

// Answer returns the value of Authorization for a request. It is empty until Choose has found a challenge.
func (c *Credentials) Answer(method, uri string) (string, error) {
	switch {
	case c.digest != nil:
		c.count++
		answer, err := answerDigest(nil, c.digest, digest.Options{
			Method: method, URI: uri, Username: c.Username, Password: c.Password, Count: c.count, Cnonce: c.cnonce,
		})
		if err != nil {
			return "", err
		}
		return answer.String(), nil
	case c.basic:
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.Username+":"+c.Password)), nil
	}
	return "", nil
}
