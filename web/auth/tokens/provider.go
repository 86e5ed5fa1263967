package tokens

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/framegate/framegate/configs"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

const (
	minPause     = 30 * time.Second // between two requests for the keys
	maxAge       = time.Hour        // of keys, before they are fetched again in the background
	fetchTimeout = 10 * time.Second
	maxSet       = 256 << 10 // bytes of a set
	maxKeys      = 64        // keys of a set
)

// provider has the keys that another server publishes as a JSON Web Key Set (RFC 7517). It fetches them when it is asked for a key that
// it does not have, and when they are old. A token with a known key never waits for this. While the server is unreachable, its last keys
// stay.
type provider struct {
	url     string
	pause   time.Duration
	now     func() time.Time
	log     *slog.Logger
	changed func() // called when a key is gone; it does not block
	client  *http.Client
	ctx     context.Context
	cancel  context.CancelFunc

	mu      sync.Mutex // guards the fields below
	keys    []publishedKey
	tried   time.Time     // when the last request began; zero for never
	running chan struct{} // closed when the current request has ended; nil while there is none
	failing bool          // the last request failed
}

// publishedKey is a key of a set.
type publishedKey struct {
	id, algorithm string
	key           crypto.PublicKey
}

func newProvider(url string, pause time.Duration, now func() time.Time, log *slog.Logger, changed func()) *provider {
	p := &provider{url: url, pause: pause, now: now, log: log, changed: changed}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxResponseHeaderBytes = 64 << 10
	transport.DisableKeepAlives = true // requests are rare
	p.client = &http.Client{Transport: transport, Timeout: fetchTimeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return errors.New("the server redirects: write the final URL into jwks_url")
	}}
	return p
}

// stop cancels the current request and waits until it has ended. No further one begins.
func (p *provider) stop() {
	p.cancel()
	p.mu.Lock()
	running := p.running
	p.mu.Unlock()
	if running != nil {
		<-running
	}
}

func (p *provider) fit(algorithm, id string) (fitting []jwt.VerificationKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range p.keys {
		if key.algorithm == algorithm && (id == "" || key.id == id) {
			fitting = append(fitting, key.key)
		}
	}
	if !p.tried.IsZero() && p.now().Sub(p.tried) > maxAge {
		p.start()
	}
	return fitting
}

func (p *provider) empty() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.keys) == 0
}

// refresh begins a request for the keys, unless one is in progress or the last one began less than a pause ago. It returns a channel
// that is closed when the request ends, nil if there is none.
func (p *provider) refresh() (running <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil && (p.tried.IsZero() || p.now().Sub(p.tried) >= p.pause) {
		p.start()
	}
	return p.running
}

// start begins a request for the keys, unless one is in progress. p.mu is held.
func (p *provider) start() {
	if p.running != nil || p.ctx.Err() != nil {
		return
	}
	p.tried, p.running = p.now(), make(chan struct{})
	go p.run()
}

// wait fetches the keys and waits until that has ended or ctx is done. It returns at once if they were fetched less than a pause ago.
func (p *provider) wait(ctx context.Context) {
	running := p.refresh()
	if running == nil {
		return
	}
	select {
	case <-running:
	case <-ctx.Done():
	}
}

// run makes one request for the keys.
func (p *provider) run() {
	keys, err := p.fetch()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.ctx.Err() != nil:
	case err != nil && !p.failing:
		p.log.Warn("the keys of tokens cannot be fetched", "error", err, "kept", len(p.keys))
	case err == nil && p.failing:
		p.log.Info("the keys of tokens were fetched again", "keys", len(keys))
	}
	p.failing = err != nil
	if err == nil {
		gone := slices.ContainsFunc(p.keys, func(old publishedKey) bool { return !slices.ContainsFunc(keys, old.equal) })
		p.keys = keys
		if gone {
			p.changed()
		}
	}
	close(p.running)
	p.running = nil
}

func (k publishedKey) equal(other publishedKey) bool {
	public, ok := k.key.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.id == other.id && public.Equal(other.key)
}

// fetch asks the other server for its keys. A set without a usable key is an error. Errors do not contain the URL, which may have a
// secret.
func (p *provider) fetch() ([]publishedKey, error) {
	request, err := http.NewRequestWithContext(p.ctx, http.MethodGet, p.url, nil)
	if err != nil {
		return nil, errors.New("jwks_url is not a URL")
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := p.client.Do(request)
	if failed := new(url.Error); errors.As(err, &failed) {
		return nil, failed.Err
	}
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answers %s", http.StatusText(resp.StatusCode))
	}
	content, err := io.ReadAll(io.LimitReader(resp.Body, maxSet+1))
	switch {
	case err != nil:
		return nil, err
	case len(content) > maxSet:
		return nil, fmt.Errorf("the set has more than %d KB", maxSet>>10)
	}
	return readSet(content)
}

// readSet returns the usable keys of a set. Others are left out, as RFC 7517 says. So are secrets, which must not be published.
func readSet(content []byte) (keys []publishedKey, err error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(content, &set) != nil {
		return nil, errors.New("the answer is not a JSON Web Key Set")
	}
	for _, raw := range set.Keys {
		if key, ok := readKey(raw); ok && len(keys) < maxKeys {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the set has no key for RS256, ES256 or EdDSA")
	}
	return keys, nil
}

// readKey returns a key of a set, if it is usable.
func readKey(raw json.RawMessage) (publishedKey, bool) {
	var all jwkset.JWKMarshal
	if json.Unmarshal(raw, &all) != nil || all.USE != "" && all.USE != jwkset.UseSig {
		return publishedKey{}, false
	}
	public := jwkset.JWKMarshal{KTY: all.KTY, CRV: all.CRV, X: all.X, Y: all.Y, N: all.N, E: all.E}
	read, err := jwkset.NewJWKFromMarshal(public, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil || configs.CheckJWTKey(read.Key()) != nil {
		return publishedKey{}, false
	}
	algorithm := algorithmOf(read.Key())
	if all.ALG != "" && all.ALG.String() != algorithm && !(algorithm == "EdDSA" && all.ALG == "Ed25519") {
		return publishedKey{}, false
	}
	return publishedKey{all.KID, algorithm, read.Key()}, true
}
