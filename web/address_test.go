package web

import "testing"

func TestAddressIsAnIPv4AddressOrTheNetworkOfAnIPv6Address(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.1:1000": "192.0.2.1", "[::ffff:192.0.2.1]:1000": "192.0.2.1", "[::1]:1000": "::1",
		"[2001:db8::1:2:3:4]:1000": "2001:db8::/64", "[2001:db8::5]:2000": "2001:db8::/64", "[fe80::1%eth0]:1": "fe80::/64", "@": "@",
	} {
		if got := Address(remote, nil); got != want {
			t.Errorf("%s: %s, want %s", remote, got, want)
		}
	}
}
