package feed

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

// What is kept of a camera's cookies.
const (
	maxCookies     = 20
	maxCookieBytes = 8 << 10
)

// cookies is the cookie jar of one camera: some cameras redirect until a cookie comes back. A cookie for which there is no room
// takes the place of all the others. The jar belongs to the goroutine that asks the camera.
type cookies struct {
	jar   *cookiejar.Jar
	bytes map[string]int // of each cookie in jar, by what distinguishes it
	total int            // of bytes
}

func newCookies() (*cookies, error) {
	jar, err := cookiejar.New(nil)
	return &cookies{jar: jar, bytes: map[string]int{}}, err
}

// Cookies implements http.CookieJar.
func (c *cookies) Cookies(u *url.URL) []*http.Cookie { return c.jar.Cookies(u) }

// SetCookies implements http.CookieJar.
func (c *cookies) SetCookies(u *url.URL, set []*http.Cookie) {
	for _, cookie := range set {
		id := strings.Join([]string{u.Hostname(), u.Path, cookie.Domain, cookie.Path, cookie.Name}, "\n")
		size := len(id) + len(cookie.Value)
		if size > maxCookieBytes {
			continue
		}
		before, known := c.bytes[id]
		if c.total+size-before > maxCookieBytes || !known && len(c.bytes) == maxCookies {
			fresh, err := newCookies()
			if err != nil {
				return
			}
			*c, before = *fresh, 0
		}
		c.bytes[id] = size
		c.total += size - before
		c.jar.SetCookies(u, []*http.Cookie{cookie})
	}
}
