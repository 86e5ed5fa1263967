// Package challenge answers cameras that ask for a password over HTTP or RTSP (RFC 9110, section 11; RFC 7616).
package challenge

import (
	"cmp"
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/framegate/framegate/pipeline/frame"

	"github.com/icholy/digest"
)

// Challenge is one way to authenticate that a server offers in WWW-Authenticate (RFC 9110, section 11.6.1).
type Challenge struct {
	Scheme string            // in lower case
	Params map[string]string // by name in lower case
}

// List are the challenges of a server, in its order.
type List []Challenge

// Parse returns all challenges in the values of WWW-Authenticate, in their order. A value may have several. What is not a challenge
// is skipped.
func Parse(values []string) (all List) {
	for _, rest := range values {
		for {
			var word string
			rest = strings.TrimLeft(rest, " \t,=\"")
			if word, rest = cutToken(rest); word == "" {
				break
			}
			value, isParam := "", false
			if after, ok := strings.CutPrefix(strings.TrimLeft(rest, " \t"), "="); ok {
				value, rest = cutValue(strings.TrimLeft(after, " \t"))
				isParam = true
			}
			switch {
			case !isParam:
				all = append(all, Challenge{Scheme: strings.ToLower(word), Params: map[string]string{}})
			case len(all) > 0:
				all[len(all)-1].Params[strings.ToLower(word)] = value
			}
		}
	}
	return all
}

// cutToken cuts s before the next separator.
func cutToken(s string) (token, rest string) {
	end := strings.IndexAny(s, " \t,=\"")
	if end < 0 {
		return s, ""
	}
	return s[:end], s[end:]
}

// cutValue cuts a parameter's value, a token or a quoted string.
func cutValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		return cutToken(s)
	}
	var unquoted strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return unquoted.String(), s[i+1:]
		case c == '\\' && i+1 < len(s):
			i++
			unquoted.WriteByte(s[i])
		default:
			unquoted.WriteByte(c)
		}
	}
	return unquoted.String(), ""
}

// digestHashes has the hash of each algorithm of Digest (RFC 7616, section 6.1). An algorithm with the suffix -sess has the
// hash of the one without.
var digestHashes = map[string]func() hash.Hash{
	"": md5.New, "MD5": md5.New, "SHA-256": sha256.New, "SHA-512-256": sha512.New512_256, "SHA-512": sha512.New,
}

// digestHash returns an algorithm's name without -sess, whether it had that, and its hash, which is nil if it is not known.
func digestHash(algorithm string) (base string, session bool, newHash func() hash.Hash) {
	base, session = strings.CutSuffix(strings.ToUpper(algorithm), "-SESS")
	return base, session, digestHashes[base]
}

// Digest returns the first Digest of the list that framegate can answer, nil if there is none.
func (l List) Digest() *digest.Challenge {
	for _, c := range l {
		if c.Scheme != "digest" || c.Params["nonce"] == "" {
			continue
		}
		found := &digest.Challenge{
			Realm: c.Params["realm"], Nonce: c.Params["nonce"], Opaque: c.Params["opaque"], Algorithm: c.Params["algorithm"],
			Stale: strings.EqualFold(c.Params["stale"], "true"), Userhash: strings.EqualFold(c.Params["userhash"], "true"),
		}
		for qop := range strings.SplitSeq(c.Params["qop"], ",") {
			if qop = strings.ToLower(strings.TrimSpace(qop)); qop != "" {
				found.QOP = append(found.QOP, qop)
			}
		}
		_, _, known := digestHash(found.Algorithm)
		if known != nil && (len(found.QOP) == 0 || found.SupportsQOP("auth") || found.SupportsQOP("auth-int")) {
			return found
		}
	}
	return nil
}

// Stale reports whether a server refused an answer only because its nonce is too old.
func (l List) Stale() bool {
	d := l.Digest()
	return d != nil && d.Stale
}

// AllowsBasic reports whether Basic may be answered: it is offered, and no Digest is. A camera that knows Digest never gets a
// password in clear text, even if framegate cannot answer its Digest.
func (l List) AllowsBasic() (basic bool) {
	for _, c := range l {
		if c.Scheme == "digest" {
			return false
		}
		basic = basic || c.Scheme == "basic"
	}
	return basic
}

// String names the challenges for a person. It is empty if there are none.
func (l List) String() string {
	var names []string
	for _, c := range l {
		name := frame.Words(c.Scheme)
		if first, size := utf8.DecodeRuneInString(name); size > 0 {
			name = string(unicode.ToUpper(first)) + name[size:]
		}
		if algorithm := c.Params["algorithm"]; algorithm != "" {
			name += " with " + frame.Words(algorithm)
		}
		names = append(names, name)
	}
	return frame.Words(strings.Join(names, " or "))
}

// Transport answers Digest challenges over HTTP with a user and a password.
func Transport(username, password string, through http.RoundTripper) *digest.Transport {
	return &digest.Transport{
		Username: username, Password: password, Transport: through, Digest: answerDigest,
		FindChallenge: func(h http.Header) (*digest.Challenge, error) {
			if found := Parse(h.Values("WWW-Authenticate")).Digest(); found != nil {
				return found, nil
			}
			return nil, digest.ErrNoChallenge
		},
	}
}

// answerDigest computes the answer to a challenge. It also knows the algorithms with the suffix -sess, which package digest does
// not: their A1 is hashed once more with both nonces (RFC 7616, section 3.4.2).
func answerDigest(_ *http.Request, c *digest.Challenge, o digest.Options) (*digest.Credentials, error) {
	base, session, newHash := digestHash(c.Algorithm)
	plain := *c
	plain.Algorithm = base
	if session {
		o.Cnonce = cmp.Or(o.Cnonce, newCnonce())
		sum := func(text string) string {
			h := newHash()
			h.Write([]byte(text))
			return hex.EncodeToString(h.Sum(nil))
		}
		o.A1 = sum(fmt.Sprintf("%s:%s:%s", sum(fmt.Sprintf("%s:%s:%s", o.Username, c.Realm, o.Password)), c.Nonce, o.Cnonce))
	}
	answer, err := digest.Digest(&plain, o)
	if err != nil {
		return nil, err
	}
	answer.Algorithm = c.Algorithm
	return answer, nil
}
