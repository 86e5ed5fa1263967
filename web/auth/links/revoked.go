package links

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/framegate/framegate/internal/state"
)

// revokedFile is the name of a file in the state directory: the links that were revoked one by one, a list of revokedLink as JSON.
const revokedFile = "revoked-links.json"

// maxRevokedLinks limits the list. A link that has expired is removed from it.
const maxRevokedLinks = 1000

// revokedLink is a link that was revoked before it expired.
type revokedLink struct {
	Link  string    `json:"link_sha256"` // hash of its signature, so that nobody who reads the file has a link
	Until time.Time `json:"until"`       // when it expires
}

// revokedOf returns the name of a link in the list: the hash of its signature, which is different for each link.
func revokedOf(signature []byte) string {
	sum := sha256.Sum256(signature)
	return hex.EncodeToString(sum[:])
}

// ErrFull means that no more links can be revoked one by one.
var ErrFull = fmt.Errorf("%d links are revoked one by one already: revoke the key instead, which ends all of its links", maxRevokedLinks)

// RevokeLink revokes a link. address is its URL, or its path with the query. If the link has ended already, it does nothing. The error is a
// *RequestError if framegate does not accept such a link.
func (l *Links) RevokeLink(address string) (Signed, error) {
	notSigned := &RequestError{"url", "this is not a link that framegate accepts: it must be the whole link, and its key must be known"}
	u, err := url.Parse(address)
	if err != nil {
		return Signed{}, notSigned
	}
	match := inPath.FindStringSubmatch(u.EscapedPath())
	if match == nil {
		return Signed{}, notSigned
	}
	given, signature, found, ok := read(match[2], u.RawQuery)
	camera, covered := Covers(given.path)
	if !found || !ok || !covered {
		return Signed{}, notSigned
	}
	l.reload()
	k, known := l.key(given.key)
	if !known || !hmac.Equal(signature, given.sign(k.Secret)) {
		return Signed{}, notSigned
	}
	signed := Signed{Camera: camera, Key: k.ID, Expires: given.until()}
	if k.Revoked != nil || !l.now().Before(signed.Expires) {
		return signed, nil
	}
	err = state.Update(revokedFile, func(before []byte) ([]byte, error) {
		all, err := parseRevoked(before)
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(r revokedLink) bool { return !l.now().Before(r.Until) })
		one := revokedLink{revokedOf(signature), signed.Expires.UTC()}
		if !slices.ContainsFunc(all, func(r revokedLink) bool { return r.Link == one.Link }) {
			all = append(all, one)
		}
		if len(all) > maxRevokedLinks {
			return nil, ErrFull
		}
		content, err := json.MarshalIndent(all, "", "  ")
		return append(content, '\n'), err
	})
	if err != nil {
		return Signed{}, err
	}
	l.reloading.Lock()
	defer l.reloading.Unlock()
	if err := l.reloadRevoked(); err != nil {
		return Signed{}, fmt.Errorf("the link is revoked in the state directory, which cannot be read now: %w", err)
	}
	return signed, nil
}

func parseRevoked(content []byte) (all []revokedLink, err error) {
	if content == nil {
		return nil, nil
	}
	if err := json.Unmarshal(content, &all); err != nil {
		path, _ := state.Path(revokedFile)
		return nil, fmt.Errorf("%s cannot be read: it is not a list of links; remove it, and rotate the keys twice to end the links that it had", path)
	}
	return all, nil
}

// reloadRevoked reads the links that were revoked if their file has changed. If it cannot be read, the list stays the same. If it could
// never be read since the start, no link is accepted. l.reloading is held.
func (l *Links) reloadRevoked() error {
	content, changed, err := l.revokedFile.read()
	if errors.As(err, new(noDirectory)) || !changed && err == nil { // without a state directory no link was revoked
		return nil
	}
	var all []revokedLink
	if err == nil {
		all, err = parseRevoked(content)
	}
	if err != nil {
		l.mu.Lock()
		l.unknown = l.revoked == nil
		l.mu.Unlock()
		if l.revokedFile.isNew(err) {
			l.log.Error("the links that were revoked cannot be read", "error", err)
		}
		return err
	}
	l.revokedFile.isNew(nil)
	revoked, more := map[string]bool{}, false
	l.mu.Lock()
	for _, r := range all {
		revoked[r.Link] = true
		more = more || !l.revoked[r.Link]
	}
	l.revoked, l.unknown = revoked, false
	l.mu.Unlock()
	if more {
		l.changed()
	}
	return nil
}

// isRevoked reports whether a single link was revoked. known is false if this cannot be found out.
func (l *Links) isRevoked(signature []byte) (revoked, known bool) {
	name := revokedOf(signature)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.revoked[name], !l.unknown
}
