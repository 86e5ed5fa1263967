package web

import (
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth/proxy"
)

// checkHost answers requests only under names that an attacker cannot point to this machine. Otherwise a page of a foreign name that is made to
// resolve to framegate's address (DNS rebinding) would read pictures in the browser of somebody inside. Such a page could send X-Forwarded-Host
// through a proxy that does not set it, so the header Host counts too.
func (s *server) checkHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hosts := []string{r.Host}
		if f, proxied := proxy.Of(r.Context()); proxied {
			hosts = append(hosts, f.Host)
		}
		for _, host := range hosts {
			if host = hostname(host); !s.serves(host) {
				refuseHost(w, r, host)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// hostname returns the name or address of a Host header in lower case, without port, brackets and the dot of the root.
func hostname(host string) string {
	name, _, err := net.SplitHostPort(host)
	if err != nil { // without a port
		name = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	return strings.TrimSuffix(strings.ToLower(name), ".")
}

// serves reports whether requests for a host are answered. No public name has a single label, and none is below localhost or local; a name
// below local is anybody's on the same network, so it must be this machine's. Browsers always name a host.
func (s *server) serves(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") || strings.HasSuffix(host, ".localhost") {
		return true
	}
	config := s.config.Load()
	given := append([]string{machineName}, config.Hosts...)
	for _, address := range slices.Concat(config.Listen, s.Listen) {
		if _, unix := configs.UnixSocket(address); !unix {
			given = append(given, hostname(address))
		}
	}
	short, _, _ := strings.Cut(machineName, ".")
	return host == short+".local" || slices.ContainsFunc(given, func(name string) bool { return strings.EqualFold(name, host) })
}

// machineName is the name of this machine, with its domain where it has one.
var machineName = func() string {
	name, _ := os.Hostname()
	return strings.ToLower(name)
}()

// refuseHost says what to write into the configuration: on a page to who opens one, else in a problem.
func refuseHost(w http.ResponseWriter, r *http.Request, host string) {
	if !configs.IsHost(host) {
		host = "the name in the URL"
	}
	p := problem{
		Status: http.StatusMisdirectedRequest,
		Detail: "framegate is not served under the name " + host + ": write hosts: [" + host + "] into its configuration, or use its IP address",
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions {
		p.Status = http.StatusForbidden // as for every other change that is refused because of where it comes from
	}
	if p.Status == http.StatusForbidden || !acceptsHTML.MatchString(r.Header.Get("Accept")) {
		p.write(w)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	hostPage.Execute(w, host)
}

var acceptsHTML = regexp.MustCompile(`(^|[ ,])text/html([;, ]|$)`)

var hostPage = template.Must(template.New("").Parse(`<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>framegate</title>
<h1>framegate is not served under this name</h1>
<p>A name of the internet can be made to point to any address, so framegate answers only under its IP address, names without a dot, and
names in its configuration. If {{.}} is right, write this into the configuration file:</p>
<pre>hosts: [{{.}}]</pre>
`))
