package rtsp

import (
	"errors"
	"slices"
	"strings"
)

// Transport is what carries the packets.
type Transport int

// The transports.
const (
	TCP  Transport = iota // between the messages of the session
	UDP                   // beside it
	Auto                  // UDP, and TCP if nothing arrives or the camera has no UDP
)

// unsupportedTransport is the status of a camera that does not offer a transport (RFC 2326, section 11.3.14).
const unsupportedTransport = 461

// evasive are other statuses with which cameras refuse a transport that they do not offer.
var evasive = []int{400, 406, 451, 500, 501, 551}

// noUDP says why the camera cannot be read over UDP, but perhaps over TCP.
type noUDP struct{ why string }

func (e *noUDP) Error() string { return e.why }

// refusesUDP is a noUDP.
const refusesUDP = "it refuses UDP"

var errMulticast = errors.New("sends by multicast only, which framegate does not receive")

// isMulticast reports whether the camera's answer to SETUP names multicast, which is not asked for.
func isMulticast(answer string) bool { return strings.Contains(strings.ToLower(answer), "multicast") }

// remedy says what to do if the camera refuses SETUP over TCP with a status.
func (s *session) remedy(status int) string {
	switch surely := status == unsupportedTransport; {
	case !surely && !slices.Contains(evasive, status):
		return ""
	case s.url.Scheme == "rtsps":
		return "it may not send over TLS: try rtsp instead of rtsps"
	case s.without == refusesUDP:
		return s.without + " too, and may offer multicast only, which framegate does not receive"
	case s.without != "":
		return s.without + ", and it may offer nothing else: let UDP through from the camera"
	case surely:
		return "set transport: udp"
	}
	return "it may not offer TCP: try transport: udp"
}

// remedyOfUDP is the same for UDP.
func remedyOfUDP(status int) string {
	switch {
	case status == unsupportedTransport:
		return "set transport: tcp"
	case slices.Contains(evasive, status):
		return "it may not offer UDP: try transport: tcp"
	}
	return ""
}

// insistsOnUDP explains an answer to SETUP over TCP that names UDP.
func (s *session) insistsOnUDP(answer string) error {
	switch {
	case isMulticast(answer):
		return errMulticast
	case s.without != "":
		return errors.New("insists on UDP, but " + s.without)
	}
	return errors.New("insists on UDP: set transport: udp")
}
