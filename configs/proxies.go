package configs

import (
	"fmt"
	"net"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Proxies are the trusted proxies. The zero value has none.
type Proxies struct {
	Networks []netip.Prefix
	Unix     bool // all clients of Unix sockets
}

// Trust reports whether a connection comes from a trusted proxy. local may be nil for TCP.
func (p Proxies) Trust(remote string, local net.Addr) bool {
	if local != nil && local.Network() == "unix" {
		return p.Unix
	}
	from, err := netip.ParseAddrPort(remote)
	return err == nil && p.Has(from.Addr())
}

// Has reports whether an address is that of a trusted proxy.
func (p Proxies) Has(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	return slices.ContainsFunc(p.Networks, func(network netip.Prefix) bool { return network.Contains(address) })
}

// ProxyAuth says how a proxy names the user of a request that it has authenticated.
type ProxyAuth struct {
	UserHeader    string        `yaml:"user_header" doc:"Header with the name of the user, such as Remote-User or X-Forwarded-User. Without this no proxy names users."`
	RoleHeader    string        `yaml:"role_header" doc:"Header with the role: viewer or admin. Without it, or where a request lacks it, default_role counts."`
	GroupsHeader  string        `yaml:"groups_header" doc:"Header with the groups of the user, separated by commas, such as Remote-Groups."`
	AdminGroups   []string      `yaml:"admin_groups" doc:"Groups whose users are admins."`
	CamerasHeader string        `yaml:"cameras_header" doc:"Header with patterns of the ids of the cameras that a viewer may see, separated by commas or spaces. Viewers without the header see no cameras. Without this key users see all."`
	DefaultRole   string        `yaml:"default_role" enum:"viewer,admin,none" default:"viewer" doc:"Role of users for whom no header gives one; none refuses them."`
	RecheckAfter  time.Duration `yaml:"recheck_after" min:"10s" max:"24h" default:"15m" doc:"How long a request of a user may last. Then its stream ends, and pages of framegate ask the proxy again, which knows whether the user is still signed in."`
	SecretHeader  string        `yaml:"secret_header" default:"X-Framegate-Secret" doc:"Header by which the proxy proves that it is the proxy."`
	Secret        Secret        `yaml:"secret" doc:"Value that this header must have, at least 16 bytes. ${NAME} takes an environment variable."`
}

// minProxySecret is the shortest secret of a proxy in bytes.
const minProxySecret = 16

var headerForm = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

// checkProxies checks the keys that concern proxies.
func (d *decoder) checkProxies(config *Config) {
	for i, text := range config.TrustedProxies {
		network, err := netip.ParsePrefix(text)
		if address, failed := netip.ParseAddr(text); failed == nil && address.Zone() == "" {
			network, err = netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()), nil
		}
		switch {
		case text == "" && d.faulty(fmt.Sprintf("trusted_proxies[%d]:", i)):
		case text == "unix":
			config.Proxies.Unix = true
		case err != nil || network.Addr().Is4In6():
			d.fault(d.at("trusted_proxies"), "trusted_proxies[%d] is %q; it must be an address, a network such as 10.0.0.0/8, or unix", i, text)
		default:
			config.Proxies.Networks = append(config.Proxies.Networks, network.Masked())
		}
	}
	if p := config.BasePath; p != "" && (!IsBasePath(p) || len(p) > 200) {
		d.fault(d.at("base_path"), "base_path is %q; it must be a path such as /cams, without a slash at its end", p)
	}
	d.checkProxyAuth(config)
}

var basePathForm = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

// IsBasePath reports whether a text can be a base path: one or more names, each after a slash.
func IsBasePath(text string) bool { return basePathForm.MatchString(text) && path.Clean(text) == text }

// checkProxyAuth checks how a proxy names users.
func (d *decoder) checkProxyAuth(config *Config) {
	const at = "auth.proxy"
	p := &config.Auth.Proxy
	for _, header := range []struct{ key, name string }{
		{"user_header", p.UserHeader}, {"role_header", p.RoleHeader}, {"groups_header", p.GroupsHeader},
		{"cameras_header", p.CamerasHeader}, {"secret_header", p.SecretHeader},
	} {
		if header.name != "" && !headerForm.MatchString(header.name) {
			d.fault(d.at(at+"."+header.key), "%s.%s is %q; it must be the name of a header, such as Remote-User", at, header.key, header.name)
		}
	}
	switch {
	case p.UserHeader == "" && (p.RoleHeader != "" || p.GroupsHeader != "" || p.CamerasHeader != "" || p.Secret != "" || len(p.AdminGroups) > 0):
		d.fault(d.at(at), "%s has no user_header", at)
	case p.UserHeader == "":
	case len(config.TrustedProxies) == 0:
		d.fault(d.at(at+".user_header"), "%s needs trusted_proxies: anybody may send a header", at)
	case d.faulty(at + ".secret:"): // such as a variable that is not set
	case len(p.Secret) < minProxySecret:
		d.fault(d.at(at), "%s.secret has %d bytes; it must have at least %d, by which the proxy proves who it is", at, len(p.Secret), minProxySecret)
	case strings.ContainsAny(p.Secret.Reveal(), "\r\n\x00"):
		d.fault(d.at(at+".secret"), "%s.secret has a character that no header may have", at)
	case len(p.AdminGroups) > 0 && p.GroupsHeader == "":
		d.fault(d.at(at+".admin_groups"), "%s.admin_groups has no effect without groups_header", at)
	}
}
