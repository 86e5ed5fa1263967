package challenge

import (
	"encoding/base64"
	"fmt"

	"github.com/icholy/digest"
)

// Credentials answer the challenges of one RTSP camera, which are those of HTTP (RFC 2326, section 14). They belong to one
// goroutine at a time.
type Credentials struct {
	Username, Password string

	digest *digest.Challenge // nil if none is chosen
	basic  bool
	count  int // of answers with the nonce of digest
}

// Choose chooses the safest challenge of a list, which further calls of Answer answer. If none can be answered, the error names
// them. After a Digest it does not choose Basic, which would send the password in clear text after all.
func (c *Credentials) Choose(offered List) error {
	switch found := offered.Digest(); {
	case found != nil:
		c.digest, c.basic, c.count = found, false, 0
	case offered.AllowsBasic() && c.digest == nil:
		c.digest, c.basic = nil, true
	case len(offered) == 0:
		return fmt.Errorf("it does not say how to authenticate")
	default:
		return fmt.Errorf("it asks for %s, which framegate does not answer", offered)
	}
	return nil
}

// Answer returns the value of Authorization for a request. It is empty until Choose has found a challenge.
func (c *Credentials) Answer(method, uri string) (string, error) {
	switch {
	case c.digest != nil:
		c.count++
		answer, err := answerDigest(nil, c.digest, digest.Options{
			Method: method, URI: uri, Username: c.Username, Password: c.Password, Count: c.count,
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
