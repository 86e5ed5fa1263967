package links

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/framegate/framegate/internal/state"
)

// secret signs links. It is printed as ***, and stored in plain text.
type secret string

func (secret) String() string   { return "***" }
func (secret) GoString() string { return "***" }

// key is a key that signs links.
type key struct {
	ID      string     `json:"id"`
	Secret  secret     `json:"secret"`
	Made    time.Time  `json:"made"`              // zero for a key of the configuration
	Revoked *time.Time `json:"revoked,omitempty"` // nil while the key is accepted

	MadeBy    string `json:"made_by,omitempty"`    // who has made it by a command
	RevokedBy string `json:"revoked_by,omitempty"` // who has revoked it by a command
}

// KeysFile is the name of a file in the state directory: a list of keys as JSON, the newest first.
const KeysFile = "link-keys.json"

const (
	maxAccepted = 2  // keys of the state directory that are accepted: the one that signs, and the one before it
	maxRevoked  = 16 // revoked keys that are remembered; links of older ones count as not valid
)

// The errors of changes of the keys.
var (
	ErrConfigured = errors.New("the keys of links are in the configuration: change auth.link_keys there")
	ErrUnknown    = errors.New("there is no such key")
	ErrRevoked    = errors.New("the key is revoked already")
)

// Key describes a key of links, without its secret.
type Key struct {
	ID      string     `json:"id"`
	Made    *time.Time `json:"made"`    // nil for a key of the configuration
	Signs   bool       `json:"signs"`   // the key signs new links
	Revoked *time.Time `json:"revoked"` // nil while the key is accepted
}

// Keys returns the keys, first the one that signs. The error says why the state directory cannot be read.
func (l *Links) Keys() ([]Key, error) {
	if err := l.reload(); err != nil {
		return nil, err
	}
	signing, _ := l.signing()
	l.mu.Lock()
	defer l.mu.Unlock()
	all := []Key{}
	for _, k := range l.all() {
		shown := Key{ID: k.ID, Revoked: k.Revoked, Signs: k.ID == signing.ID}
		if !k.Made.IsZero() {
			shown.Made = &k.Made
		}
		all = append(all, shown)
	}
	return all, nil
}

// Rotate makes a key that signs links from now on. The previous key is still accepted, and older ones are revoked.
func (l *Links) Rotate() (Key, error) {
	var made key
	err := l.change(func(keys []key) ([]key, error) {
		made = l.newKey()
		keys = append([]key{made}, keys...)
		accepted := 0
		for i := range keys {
			if keys[i].Revoked == nil {
				accepted++
			}
			if accepted > maxAccepted {
				l.revoke(&keys[i])
			}
		}
		return keys, nil
	})
	return Key{ID: made.ID, Made: &made.Made, Signs: true}, err
}

// Revoke ends all links of a key. The error is ErrUnknown if there is no such key, and ErrRevoked if it was revoked before.
func (l *Links) Revoke(id string) error {
	return l.change(func(keys []key) ([]key, error) {
		i := slices.IndexFunc(keys, func(k key) bool { return k.ID == id })
		switch {
		case i < 0:
			return nil, ErrUnknown
		case keys[i].Revoked != nil:
			return nil, ErrRevoked
		}
		l.revoke(&keys[i])
		return keys, nil
	})
}

func (l *Links) revoke(k *key) {
	if now := l.now(); k.Revoked == nil {
		k.Revoked, k.RevokedBy = &now, l.By
	}
}

// toSign returns the key that signs. If there is none, it makes one, and madeIn is the path of the file that it wrote.
func (l *Links) toSign() (signing key, madeIn string, err error) {
	l.reload()
	if signing, ok := l.signing(); ok {
		return signing, "", nil
	}
	err = l.change(func(keys []key) ([]key, error) {
		if slices.ContainsFunc(keys, func(k key) bool { return k.Revoked == nil }) {
			return keys, nil // another process has just made one
		}
		madeIn, _ = state.Path(KeysFile)
		return append([]key{l.newKey()}, keys...), nil
	})
	signing, ok := l.signing()
	if err == nil && !ok {
		err = errors.New("the key that was just made is gone")
	}
	return signing, madeIn, err
}

func (l *Links) newKey() key {
	random := make([]byte, 36)
	rand.Read(random) // never fails
	return key{
		ID: hex.EncodeToString(random[:4]), Secret: secret(base64.RawURLEncoding.EncodeToString(random[4:])),
		Made: l.now().UTC().Truncate(time.Second), MadeBy: l.By,
	}
}

// change changes the keys of the state directory.
func (l *Links) change(do func([]key) ([]key, error)) error {
	l.mu.Lock()
	configured := len(l.configured) > 0
	l.mu.Unlock()
	if configured {
		return ErrConfigured
	}
	err := state.Update(KeysFile, func(before []byte) ([]byte, error) {
		keys, err := parseKeys(before)
		if err != nil {
			return nil, err
		}
		if keys, err = do(keys); err != nil {
			return nil, err
		}
		content, err := json.MarshalIndent(withoutOldest(keys), "", "  ")
		return append(content, '\n'), err
	})
	if err != nil {
		return err
	}
	return l.reload()
}

// withoutOldest removes the oldest of the revoked keys.
func withoutOldest(keys []key) []key {
	revoked := 0
	return slices.DeleteFunc(keys, func(k key) bool {
		if k.Revoked != nil {
			revoked++
		}
		return k.Revoked != nil && revoked > maxRevoked
	})
}

func parseKeys(content []byte) (keys []key, err error) {
	if content == nil {
		return nil, nil
	}
	path, _ := state.Path(KeysFile)
	if err := json.Unmarshal(content, &keys); err != nil {
		return nil, fmt.Errorf("%s cannot be read: it is not a list of keys; remove it, so that links get new keys", path)
	}
	for _, k := range keys {
		if !keyForm.MatchString(k.ID) || k.Secret == "" {
			return nil, fmt.Errorf("%s cannot be used: a key has no id or no secret; remove it, so that links get new keys", path)
		}
	}
	return keys, nil
}

// reloadKeys reads the keys of the state directory if their file has changed. If it is gone, there are no keys. If it cannot be read, the
// keys stay the same. l.reloading is held.
func (l *Links) reloadKeys() error {
	content, changed, err := l.keysFile.read()
	if !changed {
		return err
	}
	var keys []key
	if err == nil {
		keys, err = parseKeys(content)
	}
	l.mu.Lock()
	before := l.accepted()
	if err == nil {
		l.logCommands(keys)
		l.made = keys
	}
	ended := lacks(l.accepted(), before)
	l.mu.Unlock()
	if l.keysFile.isNew(err) {
		l.log.Error("the keys of links cannot be read; the previous ones stay in effect", "error", err)
	}
	if ended {
		l.changed()
	}
	return err
}

// logCommands logs what commands have changed in the keys of the state directory. l.mu and l.reloading are held.
func (l *Links) logCommands(keys []key) {
	if !l.started || l.By != "" {
		return
	}
	for _, k := range keys {
		i := slices.IndexFunc(l.made, func(b key) bool { return b.ID == k.ID })
		switch {
		case i < 0 && k.MadeBy != "" && len(l.made) > 0:
			l.log.Info("link key rotated", "who", k.MadeBy, "from", "command", "key", k.ID)
		case i < 0 && k.MadeBy != "":
			l.log.Info("link key made", "who", k.MadeBy, "from", "command", "key", k.ID)
		}
		if k.RevokedBy != "" && i >= 0 && l.made[i].Revoked == nil {
			l.log.Info("link key revoked", "who", k.RevokedBy, "from", "command", "key", k.ID)
		}
	}
}

// key returns a key by its ID. If the key is unknown, it reads the file again: another process may have made it.
func (l *Links) key(id string) (key, bool) {
	k, known := l.find(id)
	if known {
		return k, true
	}
	l.reload()
	return l.find(id)
}

func (l *Links) find(id string) (key, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.all()
	i := slices.IndexFunc(all, func(k key) bool { return k.ID == id })
	if i < 0 {
		return key{}, false
	}
	return all[i], true
}

// all returns the keys in effect. l.mu is held.
func (l *Links) all() []key {
	if len(l.configured) > 0 {
		return l.configured
	}
	return l.made
}

// accepted returns the keys whose links are valid. l.mu is held.
func (l *Links) accepted() []key {
	return slices.DeleteFunc(slices.Clone(l.all()), func(k key) bool { return k.Revoked != nil })
}

// signing returns the key that signs.
func (l *Links) signing() (key, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	accepted := l.accepted()
	if len(accepted) == 0 {
		return key{}, false
	}
	return accepted[0], true
}

// lacks reports whether any of the keys before is not among the keys now.
func lacks(now, before []key) bool {
	return slices.ContainsFunc(before, func(b key) bool {
		return !slices.ContainsFunc(now, func(n key) bool { return n.ID == b.ID && n.Secret == b.Secret })
	})
}
