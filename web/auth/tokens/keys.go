package tokens

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"

	"github.com/golang-jwt/jwt/v5"
)

// algorithms are the accepted algorithms. Each has one kind of key, so that no public key is ever used as a secret.
var algorithms = []string{"HS256", "RS256", "ES256", "EdDSA"}

// keys check signatures. Any goroutine may call its methods.
type keys interface {
	// fit returns the keys for an algorithm and a key ID, which may be empty.
	fit(algorithm, id string) []jwt.VerificationKey
	// empty reports whether there are no keys at all.
	empty() bool
}

// algorithmOf returns the only algorithm that is accepted with a public key, empty if there is none.
func algorithmOf(key crypto.PublicKey) string {
	switch key.(type) {
	case *rsa.PublicKey:
		return "RS256"
	case *ecdsa.PublicKey:
		return "ES256"
	case ed25519.PublicKey:
		return "EdDSA"
	}
	return ""
}

// secret is a secret for HS256.
type secret string

func (s secret) fit(algorithm, _ string) []jwt.VerificationKey {
	if algorithm != "HS256" {
		return nil
	}
	return []jwt.VerificationKey{[]byte(s)}
}

func (secret) empty() bool { return false }

// fixedKeys are public keys without IDs.
type fixedKeys []crypto.PublicKey

func (f fixedKeys) fit(algorithm, _ string) (fitting []jwt.VerificationKey) {
	for _, key := range f {
		if algorithmOf(key) == algorithm {
			fitting = append(fitting, key)
		}
	}
	return fitting
}

func (fixedKeys) empty() bool { return false }
