package app

import (
	"net"
	"strings"

	"github.com/framegate/framegate/configs"
)

// letsIn says who may watch under a configuration, for the log.
func letsIn(config *configs.Config) string {
	var who []string
	if config.Auth.Open {
		who = append(who, "everybody")
	}
	if len(config.Auth.Users) > 0 {
		who = append(who, "users")
	}
	if len(who) == 0 {
		return "this machine"
	}
	return strings.Join(who, ", ")
}

// isClosed reports whether a configuration lets in this machine only.
func isClosed(config *configs.Config) bool { return letsIn(config) == "this machine" }

// isReachable reports whether others than this machine may reach an address that is listened on.
func isReachable(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && !tcp.IP.IsLoopback()
}
