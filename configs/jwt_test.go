package configs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// publicPEM returns a PEM block with a public key.
func publicPEM(t *testing.T, key crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func TestPublicKeysOfTokensAreRead(t *testing.T) {
	strong, _ := rsa.GenerateKey(rand.Reader, 2048)
	ec, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	other, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	ed, private, _ := ed25519.GenerateKey(rand.Reader)
	der, _ := x509.MarshalPKCS8PrivateKey(private)
	all := append(append(publicPEM(t, strong.Public()), publicPEM(t, ec.Public())...), publicPEM(t, ed)...)
	for name, test := range map[string]struct {
		content []byte
		keys    int
		fault   string
	}{
		"three keys":    {all, 3, ""},
		"P-384":         {publicPEM(t, other.Public()), 0, "P-256"},
		"a private key": {pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0, "private key"},
		"no key":        {[]byte("secret"), 0, "no public key"},
	} {
		path := filepath.Join(t.TempDir(), "jwt.pem")
		if err := os.WriteFile(path, test.content, 0o600); err != nil {
			t.Fatal(err)
		}
		config, err := parse(t, "auth: {jwt: {public_key: "+path+"}}")
		switch {
		case test.fault == "" && (err != nil || len(config.Auth.JWT.Keys) != test.keys || !config.Auth.JWT.Enabled()):
			t.Errorf("%s: %v", name, err)
		case test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)):
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSecretOfTokensIsReadFromAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(strings.Repeat("s", 32)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := mustParse(t, "auth: {jwt: {secret_file: "+path+"}}")
	if got := config.Auth.JWT.Secret.Reveal(); got != strings.Repeat("s", 32) || !config.Auth.JWT.Enabled() {
		t.Errorf("%q", got)
	}
	if Default().Auth.JWT.Enabled() {
		t.Error("tokens are accepted without a key")
	}
}

func TestFaultsOfTokensAreFound(t *testing.T) {
	for text, want := range map[string]string{
		"{secret: short-marker}": "12 bytes",
		"{secret: 0123456789abcdef0123456789abcdef, jwks_url: 'https://x/'}": "keep one",
		"{issuer: x}":                                                        "no key",
		"{secret: '', issuer: x}":                                            "no key",
		"{jwks_url: 'https://login.example/jwks'}":                           "audience",
		"{jwks_url: 'http://login.example/jwks', audience: x}":               "https://",
		"{jwks_url: 'http://localhost.evil.example/', audience: x}":          "https://",
		"{jwks_url: 'https://ann:pw@login.example/jwks', audience: x}":       "no user",
		"{jwks_url: 'file:///etc/passwd', audience: x}":                      "must be a URL",
		"{secret: 0123456789abcdef0123456789abcdef, default_role: root}":     "one of",
		"{secret: 0123456789abcdef0123456789abcdef, default_cameras: ['[']}": "pattern",
		"{secret: 0123456789abcdef0123456789abcdef, claims: {who: sub}}":     "unknown key",
		"{public_key: /none/such.pem}":                                       "no such file",
	} {
		_, err := parse(t, "auth: {jwt: "+text+"}")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
		if err != nil && (strings.Contains(err.Error(), "short-marker") || strings.Contains(err.Error(), "0123456789")) {
			t.Errorf("the fault quotes the secret: %v", err)
		}
	}
	for _, text := range []string{"http://127.0.0.1:9000/jwks", "http://[::1]/jwks", "http://localhost/jwks", "https://login.example/jwks"} {
		if _, err := parse(t, "auth: {jwt: {jwks_url: '"+text+"', audience: x}}"); err != nil {
			t.Error(err)
		}
	}
}
