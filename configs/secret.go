package configs

import (
	"log/slog"
	"net/url"
	"os"
	"regexp"
	"slices"
)

// Secret is a password. It appears as *** wherever it is printed, logged or encoded.
type Secret string

const masked = "***"

// Reveal returns the password itself.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return masked
}

// GoString is for %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText is for encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue is for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// IsExposed reports whether every user of this machine may read a configuration, and the file itself contains secrets. Secrets in
// environment variables and other files do not count.
func IsExposed(path string) bool {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o004 == 0 {
		return false
	}
	content, err := ReadFile(path)
	if err != nil {
		return false
	}
	config, _ := decode(path, content, func(string) (string, bool) { return "", true }) // Load reports the faults
	if config == nil {
		return false
	}
	a := config.Auth
	return a.Proxy.Secret != "" || a.JWT.Secret != "" && a.JWT.SecretFile == "" ||
		slices.ContainsFunc(a.Users, func(u User) bool { return u.PasswordHash != "" }) ||
		slices.ContainsFunc(a.LinkKeys, func(k LinkKey) bool { return k.Secret != "" && k.SecretFile == "" }) ||
		slices.ContainsFunc(config.Cameras, holdsSecret)
}

// holdsSecret reports whether the keys of a camera contain a password, or a URL that contains one.
func holdsSecret(c Camera) bool {
	if c.Source.Password != "" && c.PasswordFile == "" || c.Sub != nil && c.Sub.Password != "" && c.Sub.Password != c.Source.Password {
		return true
	}
	return inURL(c.Source.URL) || c.Sub != nil && inURL(c.Sub.URL)
}

// inURL reports whether the path or the query of a URL contains a password or the like.
func inURL(u *url.URL) bool {
	return u != nil && (secretParameter.MatchString(u.EscapedPath()) || secretParameter.MatchString(u.RawQuery))
}

var secretParameter = regexp.MustCompile(`(?i)(pass|pwd|psw|auth|token)[a-z]*=[^&]`)
