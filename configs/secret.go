package configs

import (
	"log/slog"
	"os"
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
		slices.ContainsFunc(config.Cameras, func(c Camera) bool { return c.Source.Password != "" && c.PasswordFile == "" })
}
