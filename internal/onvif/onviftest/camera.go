// Package onviftest is a camera that speaks ONVIF, for tests.
package onviftest

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/onvif"
)

// Camera answers discovery, and names its streams to whoever knows its password. It knows itself by an address that nobody else does, and its
// clock is an hour ahead, as those of many cameras are.
type Camera struct {
	Discovery string // host:port
	Service   string // URL

	user, password string
}

// ahead is by how much the camera's clock is ahead.
const ahead = time.Hour

// Start runs a camera on 127.0.0.1 until the test ends.
func Start(tb testing.TB, user, password string) *Camera {
	tb.Helper()
	c := &Camera{user: user, password: password}
	server := httptest.NewServer(c)
	tb.Cleanup(server.Close)
	c.Service = server.URL + "/onvif/device_service"
	socket, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	done := make(chan struct{})
	tb.Cleanup(func() {
		socket.Close()
		<-done
	})
	c.Discovery = socket.LocalAddr().String()
	go func() {
		defer close(done)
		c.announce(socket)
	}()
	return c
}

// announce answers discovery until the socket is closed.
func (c *Camera) announce(socket net.PacketConn) {
	question := make([]byte, 64<<10)
	for {
		n, from, err := socket.ReadFrom(question)
		if err != nil {
			return
		}
		_, rest, _ := strings.Cut(string(question[:n]), "urn:uuid:")
		id, _, _ := strings.Cut(rest, "<")
		fmt.Fprintf(writerTo{socket, from}, `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">`+
			`<s:Header><RelatesTo>urn:uuid:%s</RelatesTo></s:Header><s:Body><ProbeMatches><ProbeMatch>`+"\n"+
			`<Scopes>onvif://www.onvif.org/name/HIKVISION%%20Gate onvif://www.onvif.org/hardware/DS-2CD2042</Scopes>`+
			`<XAddrs>http://10.255.255.9/elsewhere %s</XAddrs></ProbeMatch></ProbeMatches></s:Body></s:Envelope>`, id, c.Service)
	}
}

type writerTo struct {
	net.PacketConn
	to net.Addr
}

func (w writerTo) Write(b []byte) (int, error) { return w.WriteTo(b, w.to) }

// question is what a client asks.
type question struct {
	Username string `xml:"Header>Security>UsernameToken>Username"`
	Password string `xml:"Header>Security>UsernameToken>Password"`
	Nonce    string `xml:"Header>Security>UsernameToken>Nonce"`
	Created  string `xml:"Header>Security>UsernameToken>Created"`
	Body     struct {
		Time         *struct{} `xml:"GetSystemDateAndTime"`
		Capabilities *struct{} `xml:"GetCapabilities"`
		Profiles     *struct{} `xml:"GetProfiles"`
		URI          *struct {
			Token string `xml:"ProfileToken"`
		} `xml:"GetStreamUri"`
	}
}

// knows reports whether the client knows the password and has asked now.
func (c *Camera) knows(q question) bool {
	nonce, err := base64.StdEncoding.DecodeString(q.Nonce)
	created, errTime := time.Parse(time.RFC3339, q.Created)
	off := time.Until(created) - ahead
	return err == nil && errTime == nil && off.Abs() < time.Minute && q.Username == c.user && q.Password == onvif.Digest(nonce, q.Created, c.password)
}

// ServeHTTP answers the questions of clients.
func (c *Camera) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	var q question
	if err == nil {
		err = xml.Unmarshal(text, &q)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer := ""
	switch body := q.Body; {
	case body.Time != nil:
		now := time.Now().UTC().Add(ahead)
		answer = fmt.Sprintf(`<GetSystemDateAndTimeResponse><SystemDateAndTime><UTCDateTime>`+
			`<Time><Hour>%d</Hour><Minute>%d</Minute><Second>%d</Second></Time>`+
			`<Date><Year>%d</Year><Month>%d</Month><Day>%d</Day></Date>`+
			`</UTCDateTime></SystemDateAndTime></GetSystemDateAndTimeResponse>`,
			now.Hour(), now.Minute(), now.Second(), now.Year(), now.Month(), now.Day())
	case !c.knows(q):
		w.WriteHeader(http.StatusBadRequest)
		answer = `<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code>` +
			`<s:Reason><s:Text>Sender not Authorized</s:Text></s:Reason></s:Fault>`
	case body.Capabilities != nil:
		answer = `<GetCapabilitiesResponse><Capabilities><Media><XAddr>http://10.255.255.9/onvif/media</XAddr></Media></Capabilities></GetCapabilitiesResponse>`
	case body.Profiles != nil && r.URL.Path == "/onvif/media":
		answer = `<GetProfilesResponse>` + profile("low &amp; small", "H264", 640, 360) + profile("high", "H265", 2688, 1520) + `</GetProfilesResponse>`
	case body.URI != nil:
		answer = fmt.Sprintf(`<GetStreamUriResponse><MediaUri><Uri>rtsp://admin:secret@10.255.255.9:8554/%s?a=1&amp;b=2</Uri></MediaUri></GetStreamUriResponse>`,
			strings.Fields(body.URI.Token)[0])
	default:
		w.WriteHeader(http.StatusNotFound)
	}
	fmt.Fprintf(w, `<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>%s</s:Body></s:Envelope>`, answer)
}

func profile(token, codec string, width, height int) string {
	return fmt.Sprintf(`<Profiles token="%s"><Name>%s</Name><VideoEncoderConfiguration>`+
		`<Encoding>%s</Encoding><Resolution><Width>%d</Width><Height>%d</Height></Resolution></VideoEncoderConfiguration></Profiles>`,
		token, token, codec, width, height)
}
