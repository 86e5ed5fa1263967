package app

import (
	"net"
	"slices"
	"strings"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/health"
	"github.com/framegate/framegate/pipeline"
	"github.com/framegate/framegate/web/auth/firstrun"
)

// announce logs where framegate serves, and who is let in there.
func (a *App) announce(served []health.Target, urls []string) {
	facts := []any{
		"url", urls[0], "listen", served[0].At.String(), "lets_in", letsIn(a.Config),
		"cameras", len(a.Config.Cameras), "version", a.Version, "gstreamer", pipeline.Version(),
	}
	if fingerprint := a.pair.Fingerprint(); fingerprint != "" {
		facts = append(facts, "fingerprint", fingerprint)
	}
	a.log.Info("serving", facts...)
	for i, url := range urls[1:] {
		a.log.Info("serving too", "url", url, "listen", served[i+1].At.String())
	}
	if a.FirstRun != nil {
		a.log.Warn("framegate is not set up yet: open "+urls[0]+" in a browser and type the code", "code", a.FirstRun.Code(), "valid", firstrun.Valid)
		return
	}
	if a.File != "" && configs.IsExposed(a.File) {
		a.log.Warn("every user of this machine can read the configuration, which has passwords or other secrets: run 'chmod o-r' on the file", "file", a.File)
	}
	if isLocal(a.Config) && slices.ContainsFunc(served, func(t health.Target) bool { return isReachable(t.At) }) {
		a.log.Warn("without a signed link only this machine is served, because the configuration has no auth, which framegate needs now to let in others: " +
			"run 'framegate user add NAME --admin', or write 'auth: {open: true}' to let everybody watch")
	}
}

// letsIn says who may watch under a configuration, for the log.
func letsIn(config *configs.Config) string {
	var who []string
	if config.Auth.Open {
		who = append(who, "everybody")
	}
	if len(config.Auth.Users) > 0 {
		who = append(who, "users")
	}
	if config.Auth.JWT.Enabled() {
		who = append(who, "tokens")
	}
	if config.Auth.Proxy.UserHeader != "" {
		who = append(who, "users of a proxy")
	}
	if len(config.Auth.LinkKeys) > 0 {
		who = append(who, "links")
	}
	if len(who) == 0 {
		return "this machine"
	}
	return strings.Join(who, ", ")
}

// isLocal reports whether a configuration lets in only this machine.
func isLocal(config *configs.Config) bool { return letsIn(config) == "this machine" }

// isReachable reports whether others than this machine may reach an address that is listened on.
func isReachable(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && !tcp.IP.IsLoopback()
}
