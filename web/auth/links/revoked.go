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
	Key   string    `json:"key,omitempty"`
	By    string    `json:"by,omitempty"` // who has revoked it by a command
}

// revokedOf returns the name of a link in the list: the hash of its signature, which is different for each link.
func revokedOf(signature []byte) string {
	sum := sha256.Sum256(signature)
	return hex.EncodeToString(sum[:])
}

// ErrFull means that no more links can be revoked one by one.
var ErrFull = fmt.Errorf("%d links are revoked one by one already: revoke the key instead, which ends all of its links", maxRevokedLinks)

// Revocation says what RevokeLink has done.
type Revocation struct {
	Camera  string
	Key     string
	Expires time.Time
	In      string // path of the file that has the link; empty if the link had ended already
}

// RevokeLink revokes a link. address is its URL, or its path with the query. If the link has ended already, it does nothing. The error is a
// *RequestError if framegate does not accept such a link.
func (l *Links) RevokeLink(address string) (Revocation, error) {
	notSigned := &RequestError{"url", "this is not a link that framegate accepts: it must be the whole link, and its key must be known"}
	u, err := url.Parse(address)
	if err != nil {
		return Revocation{}, notSigned
	}
	match := inPath.FindStringSubmatch(u.EscapedPath())
	if match == nil {
		return Revocation{}, notSigned
	}
	given, signature, found, ok := read(match[2], u.RawQuery)
	camera, covered := Covers(given.path)
	if !found || !ok || !covered {
		return Revocation{}, notSigned
	}
	l.reload()
	k, known := l.key(given.key)
	if !known || !hmac.Equal(signature, given.sign(k.Secret)) {
		return Revocation{}, notSigned
	}
	done := Revocation{Camera: camera, Key: k.ID, Expires: given.until()}
	if k.Revoked != nil || !l.now().Before(done.Expires) {
		return done, nil
	}
	err = state.Update(revokedFile, func(before []byte) ([]byte, error) {
		all, err := parseRevoked(before)
		if err != nil {
			return nil, err
		}
		all = l.unexpired(append(all, l.missingFrom(all)...)) // missing if somebody has removed the file
		one := revokedLink{Link: revokedOf(signature), Until: done.Expires.UTC(), Key: k.ID, By: l.By}
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
		return Revocation{}, err
	}
	l.reloading.Lock()
	defer l.reloading.Unlock()
	if err := l.reloadRevoked(); err != nil {
		return Revocation{}, fmt.Errorf("the link is revoked in the state directory, which cannot be read now: %w", err)
	}
	done.In, err = state.Path(revokedFile)
	return done, err
}

// unexpired removes the links from a list that have expired.
func (l *Links) unexpired(all []revokedLink) []revokedLink {
	return slices.DeleteFunc(all, func(r revokedLink) bool { return !l.now().Before(r.Until) })
}

// restore writes the links that were revoked into their file again, if it lacks some of them.
func (l *Links) restore() {
	l.mu.Lock()
	lost := l.lost
	l.mu.Unlock()
	if !lost {
		return
	}
	err := state.Update(revokedFile, func(before []byte) ([]byte, error) {
		all, err := parseRevoked(before)
		if err != nil {
			return nil, err
		}
		content, err := json.MarshalIndent(l.unexpired(append(all, l.missingFrom(all)...)), "", "  ")
		return append(content, '\n'), err
	})
	l.reloading.Lock()
	defer l.reloading.Unlock()
	said := ""
	if err != nil {
		said = err.Error()
	}
	if said != l.said && err != nil {
		l.log.Error("links that were revoked cannot be written again: they are valid after a restart", "error", err)
	}
	l.said = said
	l.mu.Lock()
	l.lost = err != nil
	l.mu.Unlock()
}

// missingFrom returns the links that are revoked and not in a list.
func (l *Links) missingFrom(all []revokedLink) (missing []revokedLink) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for link, until := range l.revoked {
		if !slices.ContainsFunc(all, func(r revokedLink) bool { return r.Link == link }) {
			missing = append(missing, revokedLink{Link: link, Until: until})
		}
	}
	return missing
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

// reloadRevoked reads the links that were revoked if their file has changed. A link stays revoked until it expires, even if it is no longer
// in the file, or the file is gone or cannot be read. If the file could never be read since the start, no link is accepted. l.reloading is held.
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
	if more := l.addRevoked(all); more {
		l.changed()
	}
	return nil
}

// addRevoked takes over the content of the file, and reports whether more links are revoked than before. l.reloading is held.
func (l *Links) addRevoked(all []revokedLink) (more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	revoked := map[string]time.Time{}
	for _, r := range all {
		revoked[r.Link] = r.Until
		if _, known := l.revoked[r.Link]; known {
			continue
		}
		more = true
		if l.started && r.By != "" && l.By == "" {
			l.log.Info("link revoked", "who", r.By, "from", "command", "key", r.Key, "until", r.Until)
		}
	}
	missing := 0
	for link, until := range l.revoked {
		if _, has := revoked[link]; !has && l.now().Before(until) {
			revoked[link] = until
			missing++
		}
	}
	if missing > 0 {
		l.log.Error("links that were revoked are missing from "+revokedFile+"; they stay revoked", "links", missing)
	}
	l.revoked, l.unknown, l.lost = revoked, false, missing > 0
	return more
}

// isRevoked reports whether a single link was revoked. known is false if this cannot be found out.
func (l *Links) isRevoked(signature []byte) (revoked, known bool) {
	name := revokedOf(signature)
	l.mu.Lock()
	defer l.mu.Unlock()
	_, revoked = l.revoked[name]
	return revoked, !l.unknown
}
