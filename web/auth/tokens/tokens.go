// Package tokens finds the principals of requests with a JSON Web Token (RFC 7519) that another server has made. The token is in the
// header Authorization or in the parameter token.
package tokens

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth"

	"github.com/golang-jwt/jwt/v5"
)

// Tokens is an auth.Finder. Before the first Configure it finds nobody. Any goroutine may call its methods.
type Tokens struct {
	log     *slog.Logger
	changes *auth.Changes
	now     func() time.Time
	pause   time.Duration // between two requests for the keys of a provider

	mu      sync.Mutex // guards the fields below, not what they point to
	config  configs.JWT
	keys    keys
	fetched *provider // the same as keys if they come from a provider, else nil
}

// New returns a finder. It reports to changes when a right that it gave may have ended.
func New(log *slog.Logger, changes *auth.Changes) *Tokens {
	return &Tokens{log: log, changes: changes, now: time.Now, pause: minPause}
}

// Configure sets which tokens are accepted from now on. The keys of a provider whose URL stays the same are kept.
func (t *Tokens) Configure(config *configs.Config) {
	c := config.Auth.JWT
	t.mu.Lock()
	defer t.mu.Unlock()
	var kept *provider
	if t.fetched != nil && t.fetched.url == c.JWKSURL {
		kept = t.fetched
	} else if t.fetched != nil {
		t.fetched.stop()
	}
	t.config, t.keys, t.fetched = c, nil, nil
	switch {
	case c.JWKSURL != "" && kept != nil:
		t.keys, t.fetched = kept, kept
	case c.JWKSURL != "":
		t.fetched = newProvider(c.JWKSURL, t.pause, t.now, t.log, t.changes.Changed)
		t.keys = t.fetched
		t.fetched.refresh()
	case len(c.Keys) > 0:
		t.keys = fixedKeys(c.Keys)
	case c.Secret != "":
		t.keys = secret(c.Secret.Reveal())
	}
}

// Close cancels a request for keys in the background, and waits until it has ended. Afterwards no keys are fetched.
func (t *Tokens) Close() {
	t.mu.Lock()
	fetched := t.fetched
	t.mu.Unlock()
	if fetched != nil {
		fetched.stop()
	}
}

// maxToken is how long a token may be in bytes.
const maxToken = 8 << 10

// Find implements auth.Finder.
func (t *Tokens) Find(r *http.Request) (auth.Principal, bool, error) {
	t.mu.Lock()
	config, keys := t.config, t.keys
	t.mu.Unlock()
	if keys == nil {
		return auth.Principal{}, false, nil
	}
	given := carried(r)
	if len(given) == 0 {
		return auth.Principal{}, false, nil
	}
	p, err := t.principal(r.Context(), config, keys, given)
	if err == nil {
		return p, true, nil
	}
	why := reasonOf(err)
	t.log.Debug("a token was refused", "why", why, "from", r.RemoteAddr)
	refused := &auth.Error{Status: http.StatusUnauthorized, Detail: "the token is not valid", Challenge: `Bearer realm="framegate", error="invalid_token"`}
	switch {
	case errors.Is(err, errNoKeys):
		refused = &auth.Error{Status: http.StatusServiceUnavailable, RetryAfter: int(t.pause/time.Second) + 1,
			Detail: "tokens cannot be checked at the moment: the server that makes them has not sent its keys"}
	case errors.Is(err, errRole), errors.Is(err, errName), errors.Is(err, errCameras), errors.Is(err, errLimited):
		refused = &auth.Error{Status: http.StatusForbidden, Detail: "the token lets nobody in: " + why}
	case errors.Is(err, jwt.ErrTokenExpired):
		refused.Detail = "the token has expired"
	}
	return auth.Principal{}, true, refused
}

// carried returns the tokens of a request.
func carried(r *http.Request) (given []string) {
	for _, value := range r.Header.Values("Authorization") {
		if scheme, token, _ := strings.Cut(value, " "); strings.EqualFold(scheme, "Bearer") {
			given = append(given, strings.TrimSpace(token))
		}
	}
	for part := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if name, value, _ := strings.Cut(part, "="); name == "token" {
			token, _ := url.QueryUnescape(value) // an empty one is refused
			given = append(given, token)
		}
	}
	return given
}

// Errors of this package, for the log.
var (
	errSeveral = errors.New("the request has more than one")
	errTooLong = errors.New("it is too long")
	errLetters = errors.New("it has characters that no token has")
	errCrit    = errors.New("it has the header crit")
	errNoKey   = errors.New("no key fits its algorithm and its key id")
	errNoKeys  = errors.New("the provider has not sent its keys yet")
	errRole    = errors.New("its role is unknown")
	errName    = errors.New("its name is not a short text")
	errCameras = errors.New("its cameras are not patterns, or there are none")
	errLimited = errors.New("it limits an admin to some cameras, but an admin sees all")
)

// reasonOf says why a token was refused, without any part of the token.
func reasonOf(err error) string {
	for _, known := range []error{
		errSeveral, errTooLong, errLetters, errCrit, errNoKey, errNoKeys, errRole, errName, errCameras, errLimited,
		jwt.ErrTokenExpired, jwt.ErrTokenNotValidYet, jwt.ErrTokenUsedBeforeIssued, jwt.ErrTokenInvalidAudience, jwt.ErrTokenInvalidIssuer,
		jwt.ErrTokenRequiredClaimMissing, jwt.ErrTokenInvalidClaims, jwt.ErrTokenSignatureInvalid, jwt.ErrTokenMalformed,
	} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "it cannot be verified"
}

// principal checks the tokens of a request. There must be exactly one.
func (t *Tokens) principal(ctx context.Context, config configs.JWT, keys keys, given []string) (auth.Principal, error) {
	switch {
	case len(given) > 1:
		return auth.Principal{}, errSeveral
	case len(given[0]) > maxToken:
		return auth.Principal{}, errTooLong
	case strings.ContainsFunc(given[0], notInTokens): // the decoder ignores line ends
		return auth.Principal{}, errLetters
	}
	claims, err := t.verify(given[0], config, keys)
	if published, ok := keys.(*provider); ok && (errors.Is(err, errNoKey) || errors.Is(err, jwt.ErrTokenSignatureInvalid)) {
		published.wait(ctx)
		if claims, err = t.verify(given[0], config, keys); published.empty() {
			err = errNoKeys
		}
	}
	if err != nil {
		return auth.Principal{}, err
	}
	p, err := principalOf(claims, config)
	if err == nil && p.Name == "" {
		p.Shared = sharedBy(given[0])
	}
	return p, err
}

// sharedBy returns what all who have a token share: a name of what it signs, since a token may have several signatures.
func sharedBy(token string) string {
	sum := sha256.Sum256([]byte(token[:strings.LastIndexByte(token, '.')]))
	return hex.EncodeToString(sum[:4])
}

// notInTokens reports whether a character is neither one of base64url nor the dot between the parts of a token (RFC 7515, 7.1).
func notInTokens(r rune) bool {
	return r != '.' && r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

// skew is how much the clock of the other server may be ahead of this machine's. It applies to nbf and iat but not to exp: a right ends
// when the token says.
const skew = 30 * time.Second

// verify returns the claims of a token whose signature, times, issuer and audience are right. They always contain exp.
func (t *Tokens) verify(token string, config configs.JWT, keys keys) (jwt.MapClaims, error) {
	options := []jwt.ParserOption{
		jwt.WithValidMethods(algorithms), jwt.WithStrictDecoding(), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(skew), jwt.WithTimeFunc(t.now),
	}
	if config.Issuer != "" {
		options = append(options, jwt.WithIssuer(config.Issuer))
	}
	if config.Audience != "" {
		options = append(options, jwt.WithAudience(config.Audience))
	}
	claims := jwt.MapClaims{}
	_, err := jwt.NewParser(options...).ParseWithClaims(token, claims, func(token *jwt.Token) (any, error) {
		if _, ok := token.Header["crit"]; ok { // RFC 7515, section 4.1.11
			return nil, errCrit
		}
		id, _ := token.Header["kid"].(string)
		fitting := keys.fit(token.Method.Alg(), id)
		if len(fitting) == 0 {
			return nil, errNoKey
		}
		return jwt.VerificationKeySet{Keys: fitting}, nil
	})
	if err != nil {
		return nil, err
	}
	if !t.now().Before(endOf(claims)) {
		return nil, jwt.ErrTokenExpired
	}
	return claims, nil
}
