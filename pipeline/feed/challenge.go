package feed

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"strings"

	"github.com/icholy/digest"
)

// challenge is one way to authenticate that a server offers in WWW-Authenticate (RFC 9110, section 11.6.1).
type challenge struct {
	scheme string            // in lower case
	params map[string]string // by name in lower case
}

// parseChallenges returns all challenges of the values of WWW-Authenticate, in their order. A value may have several. What is
// not a challenge is skipped.
func parseChallenges(values []string) (all []challenge) {
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
				all = append(all, challenge{scheme: strings.ToLower(word), params: map[string]string{}})
			case len(all) > 0:
				all[len(all)-1].params[strings.ToLower(word)] = value
			}
		}
	}
	return all
}

// cutToken cuts what stands before the next separator.
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

// digestHash returns an algorithm's name without -sess, and its hash, nil if it is not known.
func digestHash(algorithm string) (base string, session bool, newHash func() hash.Hash) {
	base, session = strings.CutSuffix(strings.ToUpper(algorithm), "-SESS")
	return base, session, digestHashes[base]
}

// findDigest returns the first Digest among the challenges that framegate can answer, nil if there is none.
func findDigest(offered []challenge) *digest.Challenge {
	for _, c := range offered {
		if c.scheme != "digest" || c.params["nonce"] == "" {
			continue
		}
		found := &digest.Challenge{
			Realm: c.params["realm"], Nonce: c.params["nonce"], Opaque: c.params["opaque"], Algorithm: c.params["algorithm"],
			Stale: strings.EqualFold(c.params["stale"], "true"), Userhash: strings.EqualFold(c.params["userhash"], "true"),
		}
		for qop := range strings.SplitSeq(c.params["qop"], ",") {
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

// offersBasic reports whether Basic may be answered: it is offered, and no Digest is. A camera that knows Digest never gets a
// password in clear text, even if framegate cannot answer its Digest.
func offersBasic(offered []challenge) (basic bool) {
	for _, c := range offered {
		if c.scheme == "digest" {
			return false
		}
		basic = basic || c.scheme == "basic"
	}
	return basic
}

// describe names challenges for a person. It is empty if there are none.
func describe(offered []challenge) string {
	var names []string
	for _, c := range offered {
		name := strings.ToUpper(c.scheme[:1]) + c.scheme[1:]
		if algorithm := c.params["algorithm"]; algorithm != "" {
			name += " with " + algorithm
		}
		names = append(names, name)
	}
	return strings.Join(names, " or ")
}

// digestTransport answers Digest challenges with a user and a password.
func digestTransport(username, password string, through http.RoundTripper) *digest.Transport {
	return &digest.Transport{
		Username: username, Password: password, Transport: through, Digest: answerDigest,
		FindChallenge: func(h http.Header) (*digest.Challenge, error) {
			if found := findDigest(parseChallenges(h.Values("WWW-Authenticate"))); found != nil {
				return found, nil
			}
			return nil, digest.ErrNoChallenge
		},
	}
}

// answerDigest computes the answer to a challenge. It adds to package digest the algorithms with the suffix -sess, whose A1 is
// hashed once more with both nonces (RFC 7616, section 3.4.2).
func answerDigest(_ *http.Request, c *digest.Challenge, o digest.Options) (*digest.Credentials, error) {
	base, session, newHash := digestHash(c.Algorithm)
	plain := *c
	plain.Algorithm = base
	if session {
		nonce := make([]byte, 8)
		rand.Read(nonce)
		o.Cnonce = hex.EncodeToString(nonce)
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
