package configs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"strings"
)

// JWT says which tokens of another server are accepted.
type JWT struct {
	Secret         Secret    `yaml:"secret" doc:"Secret that the other server signs its tokens with, by HS256; at least 32 bytes. ${NAME} takes an environment variable."`
	SecretFile     string    `yaml:"secret_file" doc:"File with the secret; a relative path is resolved in the folder of the configuration."`
	PublicKey      string    `yaml:"public_key" doc:"PEM file with the public keys or certificates of the other server, for RS256, ES256 and EdDSA; a relative path is resolved in the folder of the configuration."`
	JWKSURL        string    `yaml:"jwks_url" doc:"Where the other server publishes its public keys, a JSON Web Key Set: https://, or http:// on this machine. Needs audience."`
	Issuer         string    `yaml:"issuer" doc:"Value that the claim iss must have. Without this, any is accepted."`
	Audience       string    `yaml:"audience" doc:"Value that the claim aud must have or contain. Without this, tokens that the other server made for something else are accepted too."`
	Claims         JWTClaims `yaml:"claims" doc:"Names of the claims that say who somebody is."`
	DefaultRole    string    `yaml:"default_role" enum:"viewer,admin,none" default:"viewer" doc:"Role of tokens without a claim for it; none refuses them."`
	DefaultCameras []string  `yaml:"default_cameras" doc:"Patterns of the ids of the cameras, such as '*' for all, that a viewer may see if the token has no claim for them. Without this, such tokens are refused."`

	// Keys are those of PublicKey: *rsa.PublicKey, *ecdsa.PublicKey and ed25519.PublicKey.
	Keys []crypto.PublicKey `yaml:"-"`
}

// JWTClaims are names of claims.
type JWTClaims struct {
	Name    string `yaml:"name" default:"sub" doc:"Claim with the name of the user."`
	Role    string `yaml:"role" default:"role" doc:"Claim with the role: viewer or admin."`
	Cameras string `yaml:"cameras" default:"cameras" doc:"Claim with patterns of the cameras' ids: a list, or a text with commas or spaces."`
}

// Enabled reports whether any tokens are accepted.
func (j *JWT) Enabled() bool { return j.Secret != "" || len(j.Keys) > 0 || j.JWKSURL != "" }

// minSecret is the shortest secret in bytes: RFC 7518, section 3.2, requires the size of the hash.
const minSecret = 32

// checkJWT checks what the tags cannot express, and reads the files.
func (d *decoder) checkJWT(j *JWT) {
	const at = "auth.jwt"
	var given []string
	for _, source := range []struct{ key, value string }{
		{"secret", j.Secret.Reveal()}, {"secret_file", j.SecretFile}, {"public_key", j.PublicKey}, {"jwks_url", j.JWKSURL},
	} {
		if source.value != "" {
			given = append(given, source.key)
		} else if d.faulty(at + "." + source.key + ":") { // such as a variable that is not set
			return
		}
	}
	switch {
	case len(given) > 1:
		d.fault(d.at(at+"."+given[1]), "%s has %s; keep one", at, strings.Join(given, " and "))
		return
	case len(given) == 0:
		if j.Issuer != "" || j.Audience != "" || d.has(at+".secret") || d.has(at+".default_cameras") {
			d.fault(d.at(at), "%s has no key: it needs secret, secret_file, public_key or jwks_url", at)
		}
		return
	}
	if j.JWKSURL != "" && j.Audience == "" {
		d.fault(d.at(at+".jwks_url"), "%s: jwks_url needs an audience, because its owner signs tokens for other programs too", at)
	}
	for i, pattern := range j.DefaultCameras {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			d.fault(d.at(at+".default_cameras"), "%s.default_cameras[%d] is %q; it must be a pattern such as yard-*", at, i, pattern)
		}
	}
	if err := d.readJWTKeys(j); err != nil {
		d.fault(d.at(at+"."+given[0]), "%s.%s: %v", at, given[0], err)
	}
}

// readJWTKeys reads or checks the one source of keys that is given.
func (d *decoder) readJWTKeys(j *JWT) error {
	if j.JWKSURL != "" {
		return checkJWKSURL(j.JWKSURL)
	}
	if j.PublicKey != "" {
		content, err := d.read(j.PublicKey, MaxCertificates)
		if err == nil {
			j.Keys, err = publicKeys(content)
		}
		return err
	}
	if j.SecretFile != "" {
		content, err := d.read(j.SecretFile, maxPassword)
		if err != nil {
			return err
		}
		j.Secret = Secret(strings.TrimRight(string(content), "\r\n"))
	}
	if n := len(j.Secret); n < minSecret {
		return fmt.Errorf("it has %d bytes; it must have at least %d", n, minSecret)
	}
	return nil
}

// checkJWKSURL refuses a URL with which somebody on the network could replace the keys by their own.
func checkJWKSURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("it must be a URL such as https://login.example/jwks.json")
	case u.User != nil:
		return errors.New("it must have no user and password: public keys are not secret")
	case u.Scheme == "http":
		if ip, err := netip.ParseAddr(u.Hostname()); u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback()) {
			return errors.New("it must begin with https://, or name this machine: localhost, 127.0.0.1 or [::1]")
		}
	}
	return nil
}

// publicKeys returns the keys of a PEM file. It is an error if one of them cannot be used.
func publicKeys(content []byte) (keys []crypto.PublicKey, err error) {
	for {
		var block *pem.Block
		if block, content = pem.Decode(content); block == nil {
			break
		}
		var key crypto.PublicKey
		switch block.Type {
		case "PUBLIC KEY":
			key, err = x509.ParsePKIXPublicKey(block.Bytes)
		case "RSA PUBLIC KEY":
			key, err = x509.ParsePKCS1PublicKey(block.Bytes)
		case "CERTIFICATE":
			var certificate *x509.Certificate
			if certificate, err = x509.ParseCertificate(block.Bytes); err == nil {
				key = certificate.PublicKey
			}
		default:
			return nil, fmt.Errorf("it has a %s; it must have public keys or certificates only", strings.ToLower(block.Type))
		}
		if err == nil {
			err = CheckJWTKey(key)
		}
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("it has no public key in PEM format")
	}
	return keys, nil
}

// RSA keys have minRSA bits or more (RFC 7518, section 3.3), and maxRSA or less, because checking a signature takes time.
const (
	minRSA = 2048
	maxRSA = 8192
)

// CheckJWTKey returns what is wrong with a public key for RS256, ES256 or EdDSA, or nil.
func CheckJWTKey(key crypto.PublicKey) error {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if n := key.N.BitLen(); n < minRSA || n > maxRSA {
			return fmt.Errorf("an RSA key of %d bits; it must have %d to %d", n, minRSA, maxRSA)
		}
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() {
			return errors.New("a key for another elliptic curve than P-256")
		}
	case ed25519.PublicKey:
	default:
		return errors.New("a key that is not RSA, ECDSA or Ed25519")
	}
	return nil
}
