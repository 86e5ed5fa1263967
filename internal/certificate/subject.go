package certificate

import (
	"bufio"
	"encoding/hex"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/framegate/framegate/configs"
)

// maxSubject is how many names, and how many addresses, a certificate has.
const maxSubject = 64

// subject returns the names and addresses under which this machine is reached: its own and those of the configuration. The first name is
// the machine's.
func subject(config *configs.Config) (names []string, addresses []netip.Addr) {
	host, _ := os.Hostname()
	host = strings.ToLower(host)
	short, _, _ := strings.Cut(host, ".")
	given := append([]string{host, short, short + ".local", "localhost", "127.0.0.1", "::1"}, config.Hosts...)
	for _, address := range config.Listen {
		if _, unix := configs.UnixSocket(address); unix {
			continue
		}
		if name, _, err := net.SplitHostPort(address); err == nil {
			given = append(given, name)
		}
	}
	for _, name := range given {
		name = strings.ToLower(name)
		if address, err := netip.ParseAddr(name); err == nil && !address.IsUnspecified() {
			addresses = append(addresses, address.Unmap().WithZone(""))
		} else if err != nil && configs.IsHost(name) {
			names = append(names, name)
		}
	}
	return first(names), first(append(addresses, machineAddresses()...))
}

// first returns the elements of a list without repetitions, the first maxSubject of them.
func first[T comparable](all []T) (different []T) {
	for _, one := range all {
		if !slices.Contains(different, one) && len(different) < maxSubject {
			different = append(different, one)
		}
	}
	return different
}

// machineAddresses returns the addresses of this machine's interfaces that last: no link-local ones, which URLs cannot name, and no
// temporary ones of IPv6, which change every day and would change the certificate with them.
func machineAddresses() (addresses []netip.Addr) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var temporary []netip.Addr
	if table, err := os.Open("/proc/net/if_inet6"); err == nil {
		temporary = temporaryIn(table)
		table.Close()
	}
	for _, a := range all {
		network, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		address, ok := netip.AddrFromSlice(network.IP)
		address = address.Unmap()
		if ok && !address.IsLoopback() && !address.IsLinkLocalUnicast() && !slices.Contains(temporary, address) {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

// Flags of an address (linux/if_addr.h).
const (
	flagTemporary  = 0x01
	flagDeprecated = 0x20
)

// temporaryIn reads from a table of the kernel (/proc/net/if_inet6) which addresses of IPv6 do not last.
func temporaryIn(table io.Reader) (addresses []netip.Addr) {
	for lines := bufio.NewScanner(table); lines.Scan(); {
		fields := strings.Fields(lines.Text()) // address, index, prefix, scope and flags in hexadecimal, and the interface
		if len(fields) < 6 {
			continue
		}
		raw, err := hex.DecodeString(fields[0])
		flags, flagErr := strconv.ParseUint(fields[4], 16, 32)
		address, ok := netip.AddrFromSlice(raw)
		if err == nil && flagErr == nil && ok && flags&(flagTemporary|flagDeprecated) != 0 {
			addresses = append(addresses, address)
		}
	}
	return addresses
}
