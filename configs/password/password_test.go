package password

import (
	"strings"
	"testing"
)

func TestHashMatchesItsPasswordOnly(t *testing.T) {
	hash, err := New("correct horse")
	if err != nil || Validate(hash) != nil {
		t.Fatalf("%s: %v, %v", hash, err, Validate(hash))
	}
	if !Matches("correct horse", hash) || Matches("correct hors", hash) || Matches("", hash) {
		t.Errorf("%s does not tell its password from others", hash)
	}
	if other, _ := New("correct horse"); other == hash {
		t.Error("two hashes have the same salt")
	}
}

// TestHashOfAnotherProgramMatches has a hash that the argon2 command of the reference implementation prints for
// echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1
func TestHashOfAnotherProgramMatches(t *testing.T) {
	const hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if err := Validate(hash); err != nil || !Matches("password", hash) {
		t.Errorf("%v", err)
	}
}

func TestHashesThatWouldTakeTheMachineAreRefused(t *testing.T) {
	const salt, key = "c2FsdHNhbHQ", "MTIzNDU2Nzg5MDEyMzQ1Ng"
	for hash, want := range map[string]string{
		"":        "an argon2id hash",
		"hunter2": "an argon2id hash",
		"$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy":  "an argon2id hash",
		"$argon2i$v=19$m=64,t=1,p=1$" + salt + "$" + key:                "an argon2id hash",
		"$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + key:               "an argon2id hash",
		"$argon2id$v=19$m=64,t=1,p=1x$" + salt + "$" + key:              "an argon2id hash",
		"$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + key + "=":         "an argon2id hash",
		"$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + key + "\n":        "an argon2id hash",
		"$argon2id$v=19$m=64,t=1,p=1$" + salt + "$":                     "16 to 64 bytes",
		"$argon2id$v=19$m=64,t=1,p=1$$" + key:                           "a salt of 8 to 64 bytes",
		"$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + key:               "p from 1",
		"$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + key:               "t from 1",
		"$argon2id$v=19$m=0,t=1,p=1$" + salt + "$" + key:                "m from 8",
		"$argon2id$v=19$m=63,t=1,p=8$" + salt + "$" + key:               "m from 8",
		"$argon2id$v=19$m=4294967295,t=1,p=1$" + salt + "$" + key:       "to 262144",
		"$argon2id$v=19$m=64,t=4294967295,p=1$" + salt + "$" + key:      "to 16",
		"$argon2id$v=19$m=64,t=1,p=255$" + salt + "$" + key:             "to 16",
		"$argon2id$v=19$m=64,t=1,p=1$" + strings.Repeat("A", 600) + "$": "an argon2id hash",
	} {
		if err := Validate(hash); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", hash, err, want)
		}
	}
}

func TestPasswordsThatAreTooShortOrNoTextAreRefused(t *testing.T) {
	for password, want := range map[string]string{
		"":                          "empty",
		"hunter2":                   "shorter than 8 characters",
		"ünïcödé":                   "shorter than 8 characters",
		"1234567\xff":               "not UTF-8",
		strings.Repeat("x", 1025):   "longer than 1024 bytes",
		"12345678":                  "",
		" spaces and ünïcödé   ":    "",
		strings.Repeat("x", 1024):   "",
		"tab\tand \"quotes\" $a: #": "",
	} {
		err := Check(password)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", password, err, want)
		}
	}
}
