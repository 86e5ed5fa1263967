package web

import (
	"net"
	"net/http"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/web/auth/proxy"
	"github.com/framegate/framegate/web/texts"
)

// checkHost refuses requests to host names that an attacker can point to this machine. Otherwise an attacker could make the name of a page
// resolve to framegate's address (DNS rebinding), and the page could read pictures in the browser of somebody inside. Behind a proxy that
// does not set X-Forwarded-Host such a page could set it, so the header Host is checked too.
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

// hostname returns the name or address of a Host header in lower case, without port, brackets and final dot.
func hostname(host string) string {
	name, _, err := net.SplitHostPort(host)
	if err != nil { // without a port
		name = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	return strings.TrimSuffix(strings.ToLower(name), ".")
}

// serves reports whether requests to a host are answered. No public name is without a dot, and none ends in .localhost or .local. Anybody
// on the same network may take a name in .local, so only this machine's is answered. Browsers always send a host.
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

// machineName is the name of this machine, with its domain if it has one.
var machineName = func() string {
	name, _ := os.Hostname()
	return strings.ToLower(name)
}()

// refuseHost says what to write into the configuration: in a page if the request is for one, else in a problem.
func refuseHost(w http.ResponseWriter, r *http.Request, host string) {
	known := configs.IsHost(host)
	if !known {
		host = texts.English.Text("host.url")
	}
	p := problem{
		Status: http.StatusMisdirectedRequest,
		Detail: "framegate is not served under the name " + host + ": write hosts: [" + host + "] into its configuration, or use its IP address",
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions {
		p.Status = http.StatusForbidden // like all changes that are refused because of their origin
	}
	if p.Status == http.StatusForbidden || !acceptsHTML.MatchString(r.Header.Get("Accept")) {
		p.write(w)
		return
	}
	if !known {
		host = language(r).Text("host.url")
	}
	plainPage(w, r, p.Status, "host.html", map[string]any{"Host": host})
}

var acceptsHTML = regexp.MustCompile(`(^|[ ,])text/html([;, ]|$)`)
