package configs

import (
	"strings"
	"testing"
)

func TestVariableThatIsNotSetIsOneFault(t *testing.T) {
	const trusted = "trusted_proxies: [127.0.0.1]\n"
	for _, text := range []string{
		trusted + "auth: {proxy: {user_header: Remote-User, secret: '${NOPE}'}}",
		"auth: {jwt: {secret: '${NOPE}'}}",
		"auth: {jwt: {public_key: '${NOPE}', issuer: https://login.example}}",
		"auth: {jwt: {jwks_url: '${NOPE}', audience: framegate}}",
		"auth: {link_keys: [{id: wall, secret: '${NOPE}'}]}",
		"auth: {link_keys: [{id: wall, secret_file: '${NOPE}'}]}",
		"auth: {users: [{name: ann, password_hash: '${NOPE}'}]}",
		"auth: {users: [{name: '${NOPE}', password_hash: '$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$MTIzNDU2Nzg5MDEyMzQ1Ng'}]}",
		"tls: {cert: '${NOPE}', key: key.pem}",
		"trusted_proxies: ['${NOPE}']",
		"base_path: '${NOPE}'",
		"redirect_http: '${NOPE}'",
	} {
		_, err := Parse("site.yaml", []byte(text), func(string) (string, bool) { return "", false })
		if err == nil || strings.Count(err.Error(), "\n") != 0 || !strings.HasSuffix(err.Error(), "the environment variable NOPE is not set") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
