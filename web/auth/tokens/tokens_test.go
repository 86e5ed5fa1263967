package tokens

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth"

	"github.com/golang-jwt/jwt/v5"
)

// now is the time in the tests.
var now = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// The keys of the tests.
var (
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { k, _ := rsa.GenerateKey(rand.Reader, 2048); return k })
	otherRSA = sync.OnceValue(func() *rsa.PrivateKey { k, _ := rsa.GenerateKey(rand.Reader, 2048); return k })
	ecKey    = sync.OnceValue(func() *ecdsa.PrivateKey { k, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader); return k })
	edKey    = sync.OnceValue(func() ed25519.PrivateKey { _, k, _ := ed25519.GenerateKey(rand.Reader); return k })
)

const testSecret = "0123456789abcdef0123456789abcdef"

// claims returns the claims of a good token, with changes; nil removes one.
func claims(changes map[string]any) jwt.MapClaims {
	all := jwt.MapClaims{"sub": "ann", "role": "viewer", "cameras": []string{"gate"}, "exp": now.Add(time.Minute).Unix()}
	for name, value := range changes {
		if value == nil {
			delete(all, name)
		} else {
			all[name] = value
		}
	}
	return all
}

// signed returns a token.
func signed(t testing.TB, method jwt.SigningMethod, key any, claims jwt.MapClaims, header map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	for name, value := range header {
		token.Header[name] = value
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// finder returns a finder with a configuration, and its log.
func finder(t testing.TB, config configs.JWT) (*Tokens, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	tokens := New(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), &auth.Changes{})
	tokens.now = func() time.Time { return now }
	t.Cleanup(tokens.Close)
	tokens.Configure(with(config))
	return tokens, &log
}

// with returns a configuration with the defaults of auth.jwt.
func with(j configs.JWT) *configs.Config {
	config := configs.Default()
	j.Claims, j.DefaultRole = config.Auth.JWT.Claims, "viewer"
	config.Auth.JWT = j
	return config
}

// bearing returns a request with a token in its header.
func bearing(token string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

// status returns the status with which a token is refused, 0 if it is not, and checks what the refusal says.
func status(t *testing.T, tokens *Tokens, token string) int {
	t.Helper()
	_, found, err := tokens.Find(bearing(token))
	if !found {
		t.Fatal("no token was found")
	}
	if err == nil {
		return 0
	}
	var refused *auth.Error
	if !errors.As(err, &refused) {
		t.Fatalf("%T", err)
	}
	if refused.Status == 401 && refused.Detail != "the token is not valid" && refused.Detail != "the token has expired" {
		t.Errorf("the refusal says %q", refused.Detail)
	}
	return refused.Status
}

var publicKeys = func() []crypto.PublicKey {
	return []crypto.PublicKey{rsaKey().Public(), ecKey().Public(), edKey().Public()}
}

func TestTokenOfEachAlgorithmNamesItsHolder(t *testing.T) {
	bySecret, _ := finder(t, configs.JWT{Secret: testSecret})
	byKey, _ := finder(t, configs.JWT{Keys: publicKeys()})
	for _, test := range []struct {
		tokens *Tokens
		method jwt.SigningMethod
		key    any
	}{
		{bySecret, jwt.SigningMethodHS256, []byte(testSecret)},
		{byKey, jwt.SigningMethodRS256, rsaKey()},
		{byKey, jwt.SigningMethodES256, ecKey()},
		{byKey, jwt.SigningMethodEdDSA, edKey()},
	} {
		p, found, err := test.tokens.Find(bearing(signed(t, test.method, test.key, claims(nil), nil)))
		if !found || err != nil || p.Kind != auth.Token || p.Name != "ann" || p.Role != auth.Viewer || !slices.Equal(p.Cameras, []string{"gate"}) || !p.Until.Equal(now.Add(time.Minute)) {
			t.Errorf("%s: %+v, %v, %v", test.method.Alg(), p, found, err)
		}
	}
}

func TestTokenSignedOtherwiseIsRefused(t *testing.T) {
	public, _ := x509.MarshalPKIXPublicKey(rsaKey().Public())
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	good := signed(t, jwt.SigningMethodRS256, rsaKey(), claims(nil), nil)
	parts := strings.Split(good, ".")
	header := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for name, token := range map[string]string{
		"none":                    signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims(nil), nil),
		"None":                    header(`{"alg":"None"}`) + "." + parts[1] + ".",
		"none with a signature":   header(`{"alg":"none"}`) + "." + parts[1] + "." + parts[2],
		"no signature":            parts[0] + "." + parts[1] + ".",
		"HS256 by the public key": signed(t, jwt.SigningMethodHS256, publicPEM, claims(nil), nil),
		"HS256 by its bytes":      signed(t, jwt.SigningMethodHS256, public, claims(nil), nil),
		"HS256 by nothing":        signed(t, jwt.SigningMethodHS256, []byte{}, claims(nil), nil),
		"another key":             signed(t, jwt.SigningMethodRS256, otherRSA(), claims(nil), nil),
		"another hash":            signed(t, jwt.SigningMethodRS512, rsaKey(), claims(nil), nil),
		"PSS":                     signed(t, jwt.SigningMethodPS256, rsaKey(), claims(nil), nil),
		"other claims":            parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"eve","role":"admin","exp":9999999999}`)) + "." + parts[2],
		"a critical header":       signed(t, jwt.SigningMethodRS256, rsaKey(), claims(nil), map[string]any{"crit": []string{"b64"}}),
		"a key in the header":     signed(t, jwt.SigningMethodRS256, otherRSA(), claims(nil), map[string]any{"jwk": map[string]any{"kty": "RSA"}, "jku": "https://evil.example"}),
		"two parts":               parts[0] + "." + parts[1],
		"four parts":              good + "." + parts[2],
		"padding":                 good + "=",
		"nothing":                 "",
		"no base64":               "a.b.c",
	} {
		tokens, log := finder(t, configs.JWT{Keys: publicKeys()})
		if got := status(t, tokens, token); got != 401 {
			t.Errorf("%s: %d", name, got)
		}
		if token != "" && strings.Contains(log.String(), token) || log.Len() == 0 {
			t.Errorf("%s: the log says %s", name, log)
		}
	}
}

func TestPublicTokenIsNotCheckedWithTheSecret(t *testing.T) {
	tokens, _ := finder(t, configs.JWT{Secret: testSecret})
	for name, token := range map[string]string{
		"another secret": signed(t, jwt.SigningMethodHS256, []byte(testSecret+"x"), claims(nil), nil),
		"RS256":          signed(t, jwt.SigningMethodRS256, rsaKey(), claims(nil), nil),
		"HS512":          signed(t, jwt.SigningMethodHS512, []byte(testSecret), claims(nil), nil),
	} {
		if got := status(t, tokens, token); got != 401 {
			t.Errorf("%s: %d", name, got)
		}
	}
}

// refusalsOfClaims are changes of a good token's claims, and the status that they lead to; 0 for none.
var refusalsOfClaims = []struct {
	name    string
	changes map[string]any
	status  int
}{
	{"no exp", map[string]any{"exp": nil}, 401},
	{"exp is a text", map[string]any{"exp": "never"}, 401},
	{"expired just now", map[string]any{"exp": now.Unix()}, 401},
	{"one more second", map[string]any{"exp": now.Unix() + 1}, 0},
	{"nbf within the skew", map[string]any{"nbf": now.Add(skew).Unix()}, 0},
	{"nbf beyond the skew", map[string]any{"nbf": now.Add(skew + time.Second).Unix()}, 401},
	{"iat within the skew", map[string]any{"iat": now.Add(skew).Unix()}, 0},
	{"iat beyond the skew", map[string]any{"iat": now.Add(skew + time.Second).Unix()}, 401},
	{"no issuer", map[string]any{"iss": nil}, 401},
	{"another issuer", map[string]any{"iss": "https://evil.example"}, 401},
	{"no audience", map[string]any{"aud": nil}, 401},
	{"another audience", map[string]any{"aud": "mail"}, 401},
	{"one of the audiences", map[string]any{"aud": []string{"mail", "framegate"}}, 0},
	{"unknown role", map[string]any{"role": "root"}, 403},
	{"role in capitals", map[string]any{"role": "Admin"}, 403},
	{"role is a list", map[string]any{"role": []string{"admin"}}, 403},
	{"role is nothing", map[string]any{"role": "nobody"}, 403},
	{"name is a number", map[string]any{"sub": 5}, 403},
	{"name has a new line", map[string]any{"sub": "ann\nbob"}, 403},
	{"name is long", map[string]any{"sub": strings.Repeat("a", maxName+1)}, 403},
	{"no name", map[string]any{"sub": nil}, 0},
	{"no cameras", map[string]any{"cameras": nil}, 403},
	{"an empty list of cameras", map[string]any{"cameras": []string{}}, 403},
	{"an empty text of cameras", map[string]any{"cameras": " , "}, 403},
	{"cameras are null", map[string]any{"cameras": (*int)(nil)}, 403},
	{"cameras are null for an admin", map[string]any{"cameras": (*int)(nil), "role": "admin"}, 403},
	{"cameras are a number", map[string]any{"cameras": 1}, 403},
	{"cameras have a number", map[string]any{"cameras": []any{"gate", 1}}, 403},
	{"cameras have no pattern", map[string]any{"cameras": "["}, 403},
	{"a long token", map[string]any{"more": strings.Repeat("a", maxToken)}, 401},
}

func TestClaimsAreChecked(t *testing.T) {
	tokens, _ := finder(t, configs.JWT{Secret: testSecret, Issuer: "https://login.example", Audience: "framegate"})
	for _, test := range refusalsOfClaims {
		all := claims(map[string]any{"iss": "https://login.example", "aud": "framegate"})
		for name, value := range test.changes {
			if all[name] = value; value == nil {
				delete(all, name)
			}
		}
		if got := status(t, tokens, signed(t, jwt.SigningMethodHS256, []byte(testSecret), all, nil)); got != test.status {
			t.Errorf("%s: %d, want %d", test.name, got, test.status)
		}
	}
}

func TestHolderIsToldThatATokenHasExpired(t *testing.T) {
	tokens, log := finder(t, configs.JWT{Secret: testSecret})
	token := signed(t, jwt.SigningMethodHS256, []byte(testSecret), claims(map[string]any{"exp": now.Add(-time.Second).Unix()}), nil)
	_, _, err := tokens.Find(bearing(token))
	if err == nil || err.Error() != "the token has expired" {
		t.Error(err)
	}
	forged := signed(t, jwt.SigningMethodHS256, []byte("another secret of 32 bytes, or more"), claims(map[string]any{"exp": 1}), nil)
	if _, _, err := tokens.Find(bearing(forged)); err == nil || err.Error() != "the token is not valid" {
		t.Error(err)
	}
	if strings.Contains(log.String(), token) || !strings.Contains(log.String(), "expired") {
		t.Error(log)
	}
}

func TestClaimsSayWhatTheHolderMay(t *testing.T) {
	for name, test := range map[string]struct {
		changes map[string]any
		config  configs.JWT
		role    auth.Role
		cameras []string
	}{
		"a text with commas":      {map[string]any{"cameras": "gate, yard-*"}, configs.JWT{}, auth.Viewer, []string{"gate", "yard-*"}},
		"a text with spaces":      {map[string]any{"cameras": "gate yard-*"}, configs.JWT{}, auth.Viewer, []string{"gate", "yard-*"}},
		"an admin sees all":       {map[string]any{"cameras": nil, "role": "admin"}, configs.JWT{}, auth.Admin, nil},
		"an admin of one camera":  {map[string]any{"role": "admin"}, configs.JWT{}, auth.Anybody, nil},
		"an admin of all cameras": {map[string]any{"role": "admin", "cameras": "gate *"}, configs.JWT{}, auth.Admin, []string{"gate", "*"}},
		"no role":                 {map[string]any{"role": nil}, configs.JWT{}, auth.Viewer, []string{"gate"}},
		"no cameras by default":   {map[string]any{"cameras": nil}, configs.JWT{DefaultCameras: []string{"*"}}, auth.Viewer, []string{"*"}},
		"an explicit empty claim": {map[string]any{"cameras": []string{}}, configs.JWT{DefaultCameras: []string{"*"}}, auth.Anybody, nil},
	} {
		test.config.Secret = testSecret
		tokens, _ := finder(t, test.config)
		p, _, err := tokens.Find(bearing(signed(t, jwt.SigningMethodHS256, []byte(testSecret), claims(test.changes), nil)))
		if (err != nil) != (test.role == auth.Anybody) || p.Role != test.role || !slices.Equal(p.Cameras, test.cameras) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

// TestTokenWithoutANameIsTheSameHoweverItIsWritten has tokens in a query, which can carry any character, and two signatures of one token.
func TestTokenWithoutANameIsTheSameHoweverItIsWritten(t *testing.T) {
	tokens, _ := finder(t, configs.JWT{Secret: testSecret})
	token := signed(t, jwt.SigningMethodHS256, []byte(testSecret), claims(map[string]any{"sub": nil}), nil)
	for _, end := range []string{"\n", "\r\n", "=", " "} {
		r := httptest.NewRequest(http.MethodGet, "/?token="+url.QueryEscape(token+end), nil)
		if _, _, err := tokens.Find(r); err == nil {
			t.Errorf("%q is ignored", end)
		}
	}
	dot := strings.LastIndexByte(token, '.')
	if sharedBy(token) != sharedBy(token[:dot]+".AAAA") || sharedBy(token) == sharedBy("x"+token) {
		t.Error("another signature makes it another token")
	}
	if p, _, err := tokens.Find(bearing(token)); err != nil || p.Shared != sharedBy(token) {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestNamesOfClaimsAreConfigured(t *testing.T) {
	tokens, _ := finder(t, configs.JWT{Secret: testSecret})
	config := with(configs.JWT{Secret: testSecret})
	config.Auth.JWT.Claims = configs.JWTClaims{Name: "email", Role: "https://cams.example/role", Cameras: "sees"}
	config.Auth.JWT.DefaultRole = "none"
	tokens.Configure(config)
	good := claims(map[string]any{"email": "ann@x", "https://cams.example/role": "viewer", "sees": "yard", "role": "admin"})
	p, _, err := tokens.Find(bearing(signed(t, jwt.SigningMethodHS256, []byte(testSecret), good, nil)))
	if err != nil || p.Name != "ann@x" || p.Role != auth.Viewer || !slices.Equal(p.Cameras, []string{"yard"}) {
		t.Errorf("%+v, %v", p, err)
	}
	delete(good, "https://cams.example/role")
	if got := status(t, tokens, signed(t, jwt.SigningMethodHS256, []byte(testSecret), good, nil)); got != 403 {
		t.Errorf("without a role: %d", got)
	}
}

func TestTokenIsFoundInHeaderAndQuery(t *testing.T) {
	tokens, _ := finder(t, configs.JWT{Secret: testSecret})
	token := signed(t, jwt.SigningMethodHS256, []byte(testSecret), claims(nil), nil)
	for _, test := range []struct {
		query   string
		headers []string
		found   bool
		ok      bool
	}{
		{"", nil, false, false},
		{"", []string{"Basic YTpi"}, false, false},
		{"", []string{"bearer " + token}, true, true},
		{"token=" + token, nil, true, true},
		{"width=640&token=" + url.QueryEscape(token), []string{"Basic YTpi"}, true, true},
		{"token=", nil, true, false},
		{"token", nil, true, false},
		{"token=" + token + "&token=" + token, nil, true, false},
		{"token=" + token, []string{"Bearer " + token}, true, false},
		{"", []string{"Bearer " + token, "Bearer x"}, true, false},
		{"", []string{"Bearer"}, true, false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/?"+test.query, nil)
		r.Header["Authorization"] = test.headers
		_, found, err := tokens.Find(r)
		if found != test.found || (found && err == nil) != test.ok {
			t.Errorf("%.30q %.30q: %v, %v", test.query, test.headers, found, err)
		}
	}
}

func TestNobodyHasATokenWithoutKeys(t *testing.T) {
	tokens, _ := finder(t, configs.JWT{})
	if _, found, err := tokens.Find(bearing("a.b.c")); found || err != nil {
		t.Errorf("%v, %v", found, err)
	}
}

// FuzzToken has no token that names somebody, unless it is the good one.
func FuzzToken(f *testing.F) {
	good := signed(f, jwt.SigningMethodHS256, []byte(testSecret), claims(nil), nil)
	for _, seed := range []string{good, good + "=", "..", "a.b.c", "", good[:20], "eyJhbGciOiJub25lIn0.e30.", signed(f, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims(nil), nil)} {
		f.Add(seed)
	}
	tokens := New(slog.New(slog.DiscardHandler), &auth.Changes{})
	tokens.now = func() time.Time { return now }
	tokens.Configure(with(configs.JWT{Secret: testSecret}))
	f.Fuzz(func(t *testing.T, token string) {
		for _, r := range []*http.Request{bearing(token), {URL: &url.URL{RawQuery: "token=" + url.QueryEscape(token)}}} {
			p, _, err := tokens.Find(r)
			if err == nil && strings.TrimSpace(token) != good || err != nil && (p.Role != auth.Anybody || p.Name != "") {
				t.Errorf("%q names %+v, %v", token, p, err)
			}
		}
	})
}
