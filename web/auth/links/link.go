package links

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Parameters are the query parameters of a signed link.
var Parameters = []string{expiresParameter, keyParameter, anyParameter, ipParameter, nonceParameter, signatureParameter}

const (
	expiresParameter   = "expires"
	keyParameter       = "key"
	anyParameter       = "any"
	ipParameter        = "ip"
	nonceParameter     = "nonce"
	signatureParameter = "signature" // without it a request carries no link
)

// version begins every text that is signed, so that no signature of another form or purpose fits.
const version = "framegate-link-1"

// link is what a signature is for.
type link struct {
	path    string     // of a picture, without the prefix that a proxy removes
	query   string     // of the picture, as in the URL
	any     bool       // the link is for all pictures of the camera
	expires string     // seconds since 1970
	key     string     // ID of the key
	ip      string     // of the only client that may use the link, as in the URL; empty for any client
	client  netip.Addr // ip, parsed
	nonce   string     // random, so that no other link is the same; empty for none
}

// until returns when the link ends.
func (l link) until() time.Time {
	seconds, _ := strconv.ParseInt(l.expires, 10, 64)
	return time.Unix(seconds, 0)
}

// text returns the text that is signed: six lines, or seven with a nonce, with no newline after the last. docs/access.md describes it.
func (l link) text() string {
	path, query := l.path, sorted(l.query)
	if l.any {
		path, query = path[:strings.LastIndexByte(path, '/')+1], ""
	}
	lines := []string{version, path, query, l.expires, l.key, l.ip}
	if l.nonce != "" {
		lines = append(lines, l.nonce)
	}
	return strings.Join(lines, "\n")
}

// sorted returns a query with its parts sorted by their bytes.
func sorted(query string) string {
	parts := slices.DeleteFunc(strings.Split(query, "&"), func(part string) bool { return part == "" })
	slices.Sort(parts)
	return strings.Join(parts, "&")
}

// sign returns the HMAC-SHA256 of a link. The key of the HMAC is the text of the secret; it is not decoded.
func (l link) sign(secret secret) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(l.text()))
	return mac.Sum(nil)
}

// encoding is that of signatures. It is strict: it accepts one spelling of each signature.
var encoding = base64.RawURLEncoding.Strict()

var pictureForm = regexp.MustCompile(`^/cameras/([a-z0-9_-]{1,64})/(?:stream|snapshot\.(?:jpg|png|webp)|next\.(?:jpg|raw))$`)

// Covers returns the camera of a picture's path. ok is false for other paths, for which there are no links.
func Covers(path string) (camera string, ok bool) {
	match := pictureForm.FindStringSubmatch(path)
	if match == nil {
		return "", false
	}
	return match[1], true
}

var (
	expiresForm = regexp.MustCompile(`^[1-9][0-9]{0,11}$`)
	keyForm     = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)
	nonceForm   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// read reads the link of a request. found is false if there is none. ok is false if framegate makes no such link: a parameter is
// repeated, missing or malformed.
func read(path, rawQuery string) (l link, signature []byte, found, ok bool) {
	given, others, ok := split(rawQuery)
	encoded, found := given[signatureParameter]
	if !found {
		return link{}, nil, false, false
	}
	l = link{path: path, query: strings.Join(others, "&"), expires: given[expiresParameter], key: given[keyParameter], ip: given[ipParameter]}
	signature, err := encoding.DecodeString(encoded)
	ok = ok && err == nil && expiresForm.MatchString(l.expires) && keyForm.MatchString(l.key)
	if mode, has := given[anyParameter]; has {
		l.any = true
		ok = ok && mode == "1"
	}
	if _, has := given[ipParameter]; has {
		l.client, err = parseClient(l.ip)
		ok = ok && err == nil
	}
	if _, has := given[nonceParameter]; has {
		l.nonce = given[nonceParameter]
		ok = ok && nonceForm.MatchString(l.nonce)
	}
	return l, signature, true, ok
}

// split separates the parameters of links from the other parts of a query, which it does not decode. ok is false if a parameter of
// links is repeated or cannot be decoded.
func split(rawQuery string) (given map[string]string, others []string, ok bool) {
	given, ok = map[string]string{}, true
	for part := range strings.SplitSeq(rawQuery, "&") {
		name, value, _ := strings.Cut(part, "=")
		if !slices.Contains(Parameters, name) {
			others = append(others, part)
			continue
		}
		_, repeated := given[name]
		value, err := url.QueryUnescape(value)
		ok = ok && !repeated && err == nil
		given[name] = value
	}
	return given, others, ok
}

// parseClient parses the IPv4 or IPv6 address of a client, without a zone.
func parseClient(text string) (netip.Addr, error) {
	address, err := netip.ParseAddr(text)
	if err == nil && address.Zone() != "" {
		err = strconv.ErrSyntax
	}
	return address.Unmap(), err
}
