// Package password makes and checks the hashes of passwords: argon2id, in the PHC string format.
package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
)

// The limits of a password's length.
const (
	MinLength = 8    // characters, as in revision 3 of NIST SP 800-63B
	MaxLength = 1024 // bytes
)

// Check returns why a password is not accepted for a user, or nil. The error does not contain the password.
func Check(password string) error {
	switch {
	case password == "":
		return errors.New("the password is empty")
	case len(password) > MaxLength:
		return fmt.Errorf("the password is longer than %d bytes", MaxLength)
	case !utf8.ValidString(password):
		return errors.New("the password is not UTF-8 text")
	case utf8.RuneCountInString(password) < MinLength:
		return fmt.Errorf("the password is shorter than %d characters", MinLength)
	}
	return nil
}

// parameters are for new hashes. OWASP recommends them. A hash takes 19 MiB and about 40 ms of one core, which even a small machine can spare beside its cameras.
var parameters = argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// New returns the hash of a password with a new salt.
func New(password string) (string, error) { return argon2id.CreateHash(password, &parameters) }

// Limits of hashes that are accepted. With a larger one, everybody who signs in would take too much of the machine's memory and time.
const (
	maxText        = 512
	maxMemory      = 256 << 10 // KiB
	maxIterations  = 16
	maxParallelism = 16
	minSalt        = 8 // bytes, the least that RFC 9106 speaks of
	minKey         = 16
	maxBytes       = 64 // of salt and key
)

// Validate returns what is wrong with a hash, or nil. The error completes the sentence 'it must be …', and does not contain the hash.
func Validate(hash string) error {
	form := errors.New("an argon2id hash such as $argon2id$v=19$m=19456,t=2,p=1$SALT$HASH, as 'framegate user add' writes it")
	if len(hash) > maxText {
		return form
	}
	p, salt, key, err := argon2id.DecodeHash(hash)
	if err != nil || written(p, salt, key) != hash {
		return form
	}
	switch {
	case p.Iterations < 1 || p.Iterations > maxIterations:
		return fmt.Errorf("a hash with t from 1 to %d", maxIterations)
	case p.Parallelism < 1 || p.Parallelism > maxParallelism:
		return fmt.Errorf("a hash with p from 1 to %d", maxParallelism)
	case p.Memory < 8*uint32(p.Parallelism) || p.Memory > maxMemory:
		return fmt.Errorf("a hash with m from 8 times p to %d, in KiB", maxMemory)
	case len(salt) < minSalt || len(salt) > maxBytes:
		return fmt.Errorf("a hash with a salt of %d to %d bytes", minSalt, maxBytes)
	case len(key) < minKey || len(key) > maxBytes:
		return fmt.Errorf("a hash of %d to %d bytes", minKey, maxBytes)
	}
	return nil
}

// written returns a hash in the only form that is accepted. DecodeHash would also accept line ends, and text after a number.
func written(p *argon2id.Params, salt, key []byte) string {
	text := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", p.Memory, p.Iterations, p.Parallelism, text(salt), text(key))
}

// Matches reports whether a hash is that of a password. Validate must accept the hash, whose parameters say how much time and memory this
// takes.
func Matches(password, hash string) bool {
	matches, err := argon2id.ComparePasswordAndHash(password, hash)
	return matches && err == nil
}

// Cost returns a measure of the time that Matches takes for a hash: memory in KiB times iterations. It is 0 if the text is not a hash.
func Cost(hash string) int {
	p, _, _, err := argon2id.DecodeHash(hash)
	if err != nil {
		return 0
	}
	return int(p.Memory) * int(p.Iterations)
}
