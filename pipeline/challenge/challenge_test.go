package challenge

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/icholy/digest"
)

func TestChallengesOfEveryFormAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		values []string
		want   List
	}{
		"none":                   {nil, nil},
		"one":                    {[]string{`Digest realm="cam", nonce="n", qop="auth"`}, List{{"digest", map[string]string{"realm": "cam", "nonce": "n", "qop": "auth"}}}},
		"lower case and tokens":  {[]string{`digest realm=cam,nonce=n`}, List{{"digest", map[string]string{"realm": "cam", "nonce": "n"}}}},
		"two in a line":          {[]string{`Basic realm="a, b", Digest nonce="n"`}, List{{"basic", map[string]string{"realm": "a, b"}}, {"digest", map[string]string{"nonce": "n"}}}},
		"two lines":              {[]string{`Basic`, `Digest nonce="n"`}, List{{"basic", map[string]string{}}, {"digest", map[string]string{"nonce": "n"}}}},
		"schemes without values": {[]string{`Negotiate, NTLM`}, List{{"negotiate", map[string]string{}}, {"ntlm", map[string]string{}}}},
		"an escaped quote":       {[]string{`Basic realm="a \"b\" c"`}, List{{"basic", map[string]string{"realm": `a "b" c`}}}},
		"an open quote":          {[]string{`Basic realm="a`}, List{{"basic", map[string]string{"realm": "a"}}}},
		"spaces around =":        {[]string{`Basic realm = "a"`}, List{{"basic", map[string]string{"realm": "a"}}}},
		"only separators":        {[]string{` ,, = "" `}, nil},
	} {
		if got := Parse(c.values); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestPasswordGoesToTheSafestWayOffered(t *testing.T) {
	const d = `Digest realm="cam", nonce="n", qop="auth"`
	for name, c := range map[string]struct {
		offered   string
		algorithm string // of the digest; - for none
		basic     bool
		named     string
	}{
		"basic":                   {`Basic realm="cam"`, "-", true, ""},
		"basic in lower case":     {`basic realm=cam`, "-", true, ""},
		"digest":                  {d, "", false, ""},
		"digest after basic":      {`Basic realm="cam", ` + d, "", false, ""},
		"MD5-sess":                {d + `, algorithm=MD5-sess`, "MD5-sess", false, ""},
		"SHA-256-sess":            {d + `, algorithm="SHA-256-sess"`, "SHA-256-sess", false, ""},
		"the first that is known": {d + `, algorithm=SHA3, ` + d + `, algorithm=SHA-256`, "SHA-256", false, ""},
		"an unknown digest":       {d + `, algorithm=SHA3`, "-", false, "Digest with SHA3"},
		"unknown, and basic":      {d + `, algorithm=SHA3, Basic realm="cam"`, "-", false, "Digest with SHA3 or Basic"},
		"other schemes":           {`Negotiate, Bearer realm="cam"`, "-", false, "Negotiate or Bearer"},
		"nothing":                 {``, "-", false, ""},
		"an unknown qop":          {`Digest nonce="n", qop="other"`, "-", false, "Digest"},
		"no nonce":                {`Digest realm="cam"`, "-", false, "Digest"},
	} {
		offered := Parse([]string{c.offered})
		algorithm := "-"
		if found := offered.Digest(); found != nil {
			algorithm = found.Algorithm
		}
		if algorithm != c.algorithm || offered.AllowsBasic() != c.basic {
			t.Errorf("%s: digest %q, basic %v", name, algorithm, offered.AllowsBasic())
		}
		if c.algorithm == "-" && !c.basic && offered.String() != c.named {
			t.Errorf("%s: named %q", name, offered.String())
		}
	}
}

// TestDigestIsThatOfTheRFC compares with the examples of RFC 7616, section 3.9.1, and computes the others by hand.
func TestDigestIsThatOfTheRFC(t *testing.T) {
	options := digest.Options{
		Method: "GET", URI: "/dir/index.html", Username: "Mufasa", Password: "Circle of Life", Count: 1,
		Cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
	}
	for algorithm, want := range map[string]string{
		"MD5":     "8ca523f5e9506fed4657c9700eebdbec",
		"SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
	} {
		answer, err := answerDigest(nil, &digest.Challenge{
			Realm: "http-auth@example.org", Nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", QOP: []string{"auth"}, Algorithm: algorithm,
		}, options)
		if err != nil || answer.Response != want || answer.Algorithm != algorithm {
			t.Errorf("%s: %+v, %v", algorithm, answer, err)
		}
	}
	hex := func(sum any) string { return fmt.Sprintf("%x", sum) }
	hashes := map[string]func(string) string{
		"MD5":         md5Hex,
		"SHA-256":     func(s string) string { return hex(sha256.Sum256([]byte(s))) },
		"SHA-512-256": func(s string) string { return hex(sha512.Sum512_256([]byte(s))) },
		"SHA-512":     func(s string) string { return hex(sha512.Sum512([]byte(s))) },
	}
	for name, hash := range hashes {
		for _, algorithm := range []string{name, name + "-sess", strings.ToLower(name) + "-SESS"} {
			for _, qop := range []string{"auth", "auth-int", "auth-int,auth", ""} {
				c := &digest.Challenge{Realm: "r", Nonce: "n", Algorithm: algorithm}
				if qop != "" {
					c.QOP = strings.Split(qop, ",")
				}
				answer, err := answerDigest(nil, c, options)
				if err != nil {
					t.Errorf("%s, qop %q: %v", algorithm, qop, err)
					continue
				}
				a1, a2 := hash("Mufasa:r:Circle of Life"), "GET:/dir/index.html"
				if strings.HasSuffix(strings.ToLower(algorithm), "-sess") {
					a1 = hash(strings.Join([]string{a1, "n", answer.Cnonce}, ":"))
				}
				if qop == "auth-int" {
					a2 += ":" + hash("") // of the body, which requests to cameras do not have
				}
				want := hash(strings.Join([]string{a1, "n", "00000001", answer.Cnonce, answer.QOP, hash(a2)}, ":"))
				if qop == "" {
					want = hash(strings.Join([]string{a1, "n", hash(a2)}, ":"))
				}
				if answer.Response != want || answer.Algorithm != algorithm || qop != "" && !strings.HasSuffix(qop, answer.QOP) {
					t.Errorf("%s, qop %q: %+v, want %s", algorithm, qop, answer, want)
				}
			}
		}
	}
}

// FuzzChallenges: whatever a camera sends, reading it ends, and every challenge has a scheme.
func FuzzChallenges(f *testing.F) {
	for _, seed := range []string{`Digest realm="a", nonce="b"`, `Basic realm=a, Digest nonce="b\"`, `Negotiate YII=`, `=,"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, c := range Parse([]string{value}) {
			if c.Scheme == "" {
				t.Errorf("a challenge without a scheme in %q", value)
			}
		}
		_ = Parse([]string{value}).String()
	})
}

func md5Hex(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }

// TestCredentialsAnswerTheNewestChallenge over RTSP, where a camera may give another nonce in the middle of a session.
func TestCredentialsAnswerTheNewestChallenge(t *testing.T) {
	c := Credentials{Username: "ann", Password: "secret"}
	if answer, err := c.Answer("OPTIONS", "rtsp://cam/"); answer != "" || err != nil {
		t.Errorf("before a challenge: %q, %v", answer, err)
	}
	for _, nonce := range []string{"first", "second"} {
		if err := c.Choose(Parse([]string{`Digest realm="cam", nonce="` + nonce + `", qop="auth"`})); err != nil {
			t.Fatal(err)
		}
		for count := 1; count <= 2; count++ {
			answer, err := c.Answer("DESCRIBE", "rtsp://cam/")
			if err != nil {
				t.Fatal(err)
			}
			got, err := digest.ParseCredentials(answer)
			if err != nil {
				t.Fatal(err)
			}
			a1, a2 := md5Hex("ann:cam:secret"), md5Hex("DESCRIBE:rtsp://cam/")
			want := md5Hex(fmt.Sprintf("%s:%s:%08x:%s:auth:%s", a1, nonce, count, got.Cnonce, a2))
			if got.Nonce != nonce || got.Nc != count || got.Response != want {
				t.Errorf("answer %d to %s: %s, want the response %s", count, nonce, answer, want)
			}
		}
	}
	if err := c.Choose(Parse([]string{`Basic realm="cam"`})); err == nil {
		t.Error("Basic is answered after Digest")
	}
	c = Credentials{Username: "ann", Password: "secret"}
	if err := c.Choose(Parse([]string{`Basic realm="cam"`})); err != nil {
		t.Fatal(err)
	}
	if answer, _ := c.Answer("DESCRIBE", "rtsp://cam/"); answer != "Basic YW5uOnNlY3JldA==" {
		t.Errorf("basic: %q", answer)
	}
	if err := c.Choose(Parse([]string{"Digest nonce=n, algorithm=\"" + strings.Repeat("\x1b[2J", 10000) + `"`})); err == nil || len(err.Error()) > 400 || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("of endless words: %.500q", err)
	}
	for offered, want := range map[string]string{
		"":                                   "does not say how",
		`Digest nonce=n, algorithm=X, Basic`: "Digest with X or Basic",
	} {
		if err := c.Choose(Parse([]string{offered})); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", offered, err)
		}
	}
}

// TestCredentialsFollowTheNextNonce that a camera names with an accepted answer, and keep their own nonce with that of a session.
func TestCredentialsFollowTheNextNonce(t *testing.T) {
	c := Credentials{Username: "ann", Password: "secret"}
	c.Follow([]string{`nextnonce="none"`})
	if c.Chosen() {
		t.Error("a nonce without a challenge is chosen")
	}
	if err := c.Choose(Parse([]string{`Digest realm="cam", nonce="first", qop="auth", algorithm=MD5-sess`})); err != nil {
		t.Fatal(err)
	}
	answer := func() *digest.Credentials {
		t.Helper()
		text, err := c.Answer("DESCRIBE", "rtsp://cam/")
		if err != nil {
			t.Fatal(err)
		}
		got, err := digest.ParseCredentials(text)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	one, two := answer(), answer()
	if one.Cnonce != two.Cnonce || two.Nc != 2 {
		t.Errorf("two answers in a session: %+v, %+v", one, two)
	}
	c.Follow([]string{`qop=auth, nc=00000002`, `= ,`, `qop=auth, nextnonce="second"`})
	if three := answer(); three.Nonce != "second" || three.Nc != 1 || three.Cnonce == one.Cnonce {
		t.Errorf("with the next nonce: %+v", three)
	}
}
