package tokens

import (
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

// publisher is a server that publishes keys.
type publisher struct {
	*httptest.Server
	mu      sync.Mutex // guards the fields below
	answer  func(http.ResponseWriter)
	answers int
}

// publish serves an answer until the test ends.
func publish(t testing.TB, answer func(http.ResponseWriter)) *publisher {
	t.Helper()
	p := &publisher{answer: answer}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.answers++
		p.answer(w)
	}))
	t.Cleanup(p.Close)
	return p
}

// set changes the answer.
func (p *publisher) set(answer func(http.ResponseWriter)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

// count returns how often keys were asked for.
func (p *publisher) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.answers
}

// set returns an answer with public keys by their IDs.
func set(t testing.TB, keys map[string]crypto.PublicKey) func(http.ResponseWriter) {
	t.Helper()
	all := jwkset.JWKSMarshal{}
	for id, key := range keys {
		jwk, err := jwkset.NewJWKFromKey(key, jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: id, USE: jwkset.UseSig}})
		if err != nil {
			t.Fatal(err)
		}
		all.Keys = append(all.Keys, jwk.Marshal())
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return func(w http.ResponseWriter) { w.Write(text) }
}

// clock is a time that a test changes.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// following returns a finder that takes its keys from a publisher.
func following(t *testing.T, p *publisher, changes *auth.Changes) (*Tokens, *clock) {
	t.Helper()
	clock := &clock{now: now}
	tokens := New(slog.New(slog.DiscardHandler), changes)
	tokens.now = clock.Now
	t.Cleanup(tokens.Close)
	tokens.Configure(with(configs.JWT{JWKSURL: p.URL, Audience: "framegate"}))
	return tokens, clock
}

// by returns a token that ends in a day, with a key's ID, which may be empty.
func by(t *testing.T, method jwt.SigningMethod, key any, id string) string {
	t.Helper()
	header := map[string]any{}
	if id != "" {
		header["kid"] = id
	}
	return signed(t, method, key, claims(map[string]any{"aud": "framegate", "exp": now.Add(24 * time.Hour).Unix()}), header)
}

func TestKeysOfAProviderCheckTokens(t *testing.T) {
	p := publish(t, set(t, map[string]crypto.PublicKey{"r": rsaKey().Public(), "e": ecKey().Public(), "d": edKey().Public()}))
	tokens, _ := following(t, p, &auth.Changes{})
	for name, test := range map[string]struct {
		token  string
		status int
	}{
		"RS256":               {by(t, jwt.SigningMethodRS256, rsaKey(), "r"), 0},
		"ES256":               {by(t, jwt.SigningMethodES256, ecKey(), "e"), 0},
		"EdDSA":               {by(t, jwt.SigningMethodEdDSA, edKey(), "d"), 0},
		"no id":               {by(t, jwt.SigningMethodES256, ecKey(), ""), 0},
		"the id of another":   {by(t, jwt.SigningMethodES256, ecKey(), "r"), 401},
		"another key":         {by(t, jwt.SigningMethodRS256, otherRSA(), "r"), 401},
		"HS256 by public key": {by(t, jwt.SigningMethodHS256, rsaKey().N.Bytes(), "r"), 401},
	} {
		if got := status(t, tokens, test.token); got != test.status {
			t.Errorf("%s: %d, want %d", name, got, test.status)
		}
	}
}

func TestUnknownKeyIsFetchedAtMostOnceInAWhile(t *testing.T) {
	p := publish(t, set(t, map[string]crypto.PublicKey{"old": rsaKey().Public()}))
	changes := &auth.Changes{}
	tokens, clock := following(t, p, changes)
	old, rotated := by(t, jwt.SigningMethodRS256, rsaKey(), "old"), by(t, jwt.SigningMethodRS256, otherRSA(), "new")
	if got := status(t, tokens, old); got != 0 {
		t.Fatal(got)
	}
	changed := changes.Next()
	p.set(set(t, map[string]crypto.PublicKey{"new": otherRSA().Public()}))
	for range 5 {
		if got := status(t, tokens, rotated); got != 401 {
			t.Errorf("before the pause is over: %d", got)
		}
	}
	if n := p.count(); n != 1 {
		t.Errorf("%d requests for the keys", n)
	}
	clock.add(minPause)
	if got := status(t, tokens, rotated); got != 0 {
		t.Errorf("the new key: %d", got)
	}
	if got := status(t, tokens, old); got != 401 {
		t.Errorf("the key that is gone: %d", got)
	}
	if n := p.count(); n != 2 {
		t.Errorf("%d requests for the keys", n)
	}
	select {
	case <-changed:
	default:
		t.Error("the end of a key is no change of rights")
	}
}

func TestLastKeysStayWhileTheProviderIsAway(t *testing.T) {
	good := by(t, jwt.SigningMethodES256, ecKey(), "e")
	for name, answer := range map[string]func(http.ResponseWriter){
		"500":           func(w http.ResponseWriter) { w.WriteHeader(500) },
		"no JSON":       func(w http.ResponseWriter) { fmt.Fprint(w, "<html>") },
		"no keys":       func(w http.ResponseWriter) { fmt.Fprint(w, `{"keys": []}`) },
		"a large set":   func(w http.ResponseWriter) { fmt.Fprint(w, `{"x": "`+strings.Repeat("a", maxSet)+`"}`) },
		"a redirection": func(w http.ResponseWriter) { w.Header().Set("Location", "http://127.0.0.1/"); w.WriteHeader(302) },
		"a cut answer":  func(w http.ResponseWriter) { panic(http.ErrAbortHandler) },
	} {
		p := publish(t, set(t, map[string]crypto.PublicKey{"e": ecKey().Public()}))
		tokens, clock := following(t, p, &auth.Changes{})
		if got := status(t, tokens, good); got != 0 {
			t.Fatal(got)
		}
		p.set(answer)
		clock.add(2 * maxAge)
		if got := status(t, tokens, by(t, jwt.SigningMethodRS256, rsaKey(), "unknown")); got != 401 {
			t.Errorf("%s: an unknown key: %d", name, got)
		}
		if n := p.count(); n < 2 {
			t.Errorf("%s: the keys were not asked for again", name)
		}
		if got := status(t, tokens, good); got != 0 {
			t.Errorf("%s: %d", name, got)
		}
	}
}

func TestProviderThatNeverAnsweredIsAFaultOfTheServer(t *testing.T) {
	p := publish(t, func(w http.ResponseWriter) { w.WriteHeader(404) })
	tokens, clock := following(t, p, &auth.Changes{})
	token := by(t, jwt.SigningMethodES256, ecKey(), "e")
	_, _, err := tokens.Find(bearing(token))
	var refused *auth.Error
	if !errors.As(err, &refused) || refused.Status != 503 || refused.RetryAfter == 0 {
		t.Fatalf("%+v", err)
	}
	p.set(set(t, map[string]crypto.PublicKey{"e": ecKey().Public()}))
	clock.add(minPause)
	if got := status(t, tokens, token); got != 0 {
		t.Errorf("when it has come: %d", got)
	}
}

// TestGoodTokenNeverWaitsForTheProvider has a provider that does not answer a second time while the test runs.
func TestGoodTokenNeverWaitsForTheProvider(t *testing.T) {
	p := publish(t, set(t, map[string]crypto.PublicKey{"e": ecKey().Public()}))
	tokens, clock := following(t, p, &auth.Changes{})
	token := by(t, jwt.SigningMethodES256, ecKey(), "e")
	if got := status(t, tokens, token); got != 0 {
		t.Fatal(got)
	}
	end := make(chan struct{})
	p.set(func(http.ResponseWriter) { <-end })
	clock.add(2 * maxAge)
	for range 3 {
		if got := status(t, tokens, token); got != 0 {
			t.Error(got)
		}
	}
	fetched := tokens.keys.(*provider)
	fetched.mu.Lock()
	running := fetched.running != nil
	fetched.mu.Unlock()
	if !running {
		t.Error("old keys are not asked for again")
	}
	close(end)
}

func TestKeysStayWhenAnotherPartOfTheConfigurationChanges(t *testing.T) {
	p := publish(t, set(t, map[string]crypto.PublicKey{"e": ecKey().Public()}))
	tokens, _ := following(t, p, &auth.Changes{})
	token := by(t, jwt.SigningMethodES256, ecKey(), "e")
	if got := status(t, tokens, token); got != 0 {
		t.Fatal(got)
	}
	tokens.Configure(with(configs.JWT{JWKSURL: p.URL, Audience: "framegate"}))
	if got := status(t, tokens, token); got != 0 || p.count() != 1 {
		t.Errorf("%d after %d requests", got, p.count())
	}
	tokens.Configure(with(configs.JWT{JWKSURL: p.URL, Audience: "mail"}))
	if got := status(t, tokens, token); got != 401 {
		t.Errorf("another audience: %d", got)
	}
	tokens.Configure(with(configs.JWT{Secret: testSecret}))
	if got := status(t, tokens, token); got != 401 {
		t.Errorf("without the provider: %d", got)
	}
}

func TestSetsAreReadWithoutWhatIsOfNoUse(t *testing.T) {
	good, _ := jwkset.NewJWKFromKey(ecKey().Public(), jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: "e"}})
	text, _ := json.Marshal(good.Marshal())
	keys, err := readSet(fmt.Appendf(nil, `{"keys": [
		{"kty": "oct", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY", "kid": "s", "alg": "HS256"},
		{"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "small"},
		{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
		{"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"},
		5, null, {"kty": "new"}, %s,
		{"use": "enc", %s, {"alg": "RS256", %s]}`, text, text[1:], text[1:]))
	if err != nil || len(keys) != 1 || keys[0].id != "e" {
		t.Errorf("%+v, %v", keys, err)
	}
}
