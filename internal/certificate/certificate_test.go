package certificate

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/certificate/certificatetest"
)

// current returns a Current of a configuration, and its log.
func current(t *testing.T, text string) (*Current, *bytes.Buffer) {
	t.Helper()
	config, err := configs.Parse("f", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	log := &bytes.Buffer{}
	c := &Current{Log: slog.New(slog.NewTextHandler(log, nil))}
	c.Configure(config)
	return c, log
}

func TestSelfSignedCertificateIsKeptAndFitsTheMachine(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("STATE_DIRECTORY", dir)
	first, log := current(t, "tls: self_signed")
	if print := first.Fingerprint(); len(print) != 95 || !strings.Contains(log.String(), print) {
		t.Errorf("%q is not in the log: %s", print, log)
	}
	if info, err := os.Stat(filepath.Join(dir, file)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	leaf := first.pair.Load().Leaf
	host, _ := os.Hostname()
	for _, name := range []string{"localhost", "127.0.0.1", "::1", strings.ToLower(host)} {
		if err := leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	for _, address := range machineAddresses() {
		if err := leaf.VerifyHostname(address.String()); err != nil {
			t.Error(err)
		}
	}
	if again, _ := current(t, "tls: self_signed"); again.Fingerprint() != first.Fingerprint() {
		t.Error("the next start has another certificate")
	}
	more, _ := current(t, "{tls: self_signed, hosts: [cams.example]}")
	if more.Fingerprint() == first.Fingerprint() || more.pair.Load().Leaf.VerifyHostname("cams.example") != nil {
		t.Error("a new name is not in the certificate")
	}
	if fewer, _ := current(t, "tls: self_signed"); fewer.Fingerprint() != more.Fingerprint() {
		t.Error("a name less makes another certificate")
	}
}

func TestSelfSignedCertificateIsRenewedBeforeItEnds(t *testing.T) {
	now := time.Now()
	names, addresses := []string{"box"}, []netip.Addr{netip.MustParseAddr("192.0.2.1")}
	pair, _, err := generate(names, addresses, now)
	if err != nil {
		t.Fatal(err)
	}
	for days, want := range map[int]bool{-1: false, 0: true, 366: true, 368: false, 400: false} {
		if got := fits(pair.Leaf, names, addresses, now.AddDate(0, 0, days)); got != want {
			t.Errorf("after %d days: %v", days, got)
		}
	}
	if fits(pair.Leaf, names, append(addresses, netip.MustParseAddr("192.0.2.2")), now) {
		t.Error("it lacks an address")
	}
}

func TestServerWarnsOfACertificateThatEndsWithinAWeek(t *testing.T) {
	for left, want := range map[time.Duration]int{8 * 24 * time.Hour: 0, 6 * 24 * time.Hour: 1, -time.Hour: 1} {
		dir := t.TempDir()
		certificatetest.WriteUntil(t, dir, time.Now().Add(left))
		c, log := current(t, fmt.Sprintf("tls: {cert: %s/cert.pem, key: %[1]s/key.pem}", dir))
		c.Check() // which does not say it again
		if got := strings.Count(log.String(), Warning); got != want {
			t.Errorf("%v before the end: %d warnings in %s", left, got, log)
		}
	}
}

func TestCertificateThatCannotBeKeptIsUsedAndTheReasonLoggedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no folder")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("STATE_DIRECTORY", path)
	c, log := current(t, "tls: self_signed")
	print := c.Fingerprint()
	c.Check()
	if print == "" || c.Fingerprint() != print || strings.Count(log.String(), "cannot be kept") != 1 {
		t.Errorf("%s, then %s; %s", print, c.Fingerprint(), log)
	}
}

func TestTLSBefore12IsRefused(t *testing.T) {
	t.Setenv("STATE_DIRECTORY", t.TempDir())
	c, _ := current(t, "tls: self_signed")
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = c.Config()
	server.StartTLS()
	defer server.Close()
	for version, want := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		conn, err := tls.Dial("tcp", server.Listener.Addr().String(), &tls.Config{
			InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, NextProtos: []string{"h2"},
		})
		if (err == nil) != want {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			if state := conn.ConnectionState(); state.NegotiatedProtocol != "h2" || state.Version != version {
				t.Errorf("%+v", state)
			}
			conn.Close()
		}
	}
}

func TestTemporaryAddressesAreNotInTheCertificate(t *testing.T) {
	table := `20010db8000000000000000000000001 02 40 00 80     eth0
20010db80000000000000000000000ff 02 40 00 01     eth0
20010db80000000000000000000000fe 02 40 00 a0     eth0
`
	want := []netip.Addr{netip.MustParseAddr("2001:db8::ff"), netip.MustParseAddr("2001:db8::fe")}
	if got := temporaryIn(strings.NewReader(table)); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
