package rtsp

import (
	"strings"
	"testing"
)

// TestTransportThatIsNotOfferedIsNamed so that a person knows what to set. The next report is a row.
func TestTransportThatIsNotOfferedIsNamed(t *testing.T) {
	answers := func(transport string) func(*client, request) {
		return func(c *client, r request) { c.reply(r, "200 OK", "Session: 1", "Transport: "+transport) }
	}
	// either answers a SETUP over UDP and one over TCP.
	either := func(udp, tcp func(*client, request)) func(*client, request) {
		return func(c *client, r request) {
			if strings.Contains(r.header.Get("Transport"), "TCP") {
				tcp(c, r)
			} else {
				udp(c, r)
			}
		}
	}
	const (
		byTCP, byUDP = "RTP/AVP/TCP;unicast;interleaved=0-1", "RTP/AVP;unicast;client_port=4000-4001"
		multicast    = "RTP/AVP;multicast;destination=239.0.0.1;port=4000-4001"
	)
	silent := func(c *client, r request) { c.answer(r) }
	unsupported, bad := status("461 Unsupported Transport"), status("400 Bad Request")
	unacceptable, broken := status("406 Not Acceptable"), status("500 Internal Server Error")
	for name, c := range map[string]struct {
		transport Transport
		answer    func(*client, request)
		want      string // the beginning of the error
	}{
		"461 to UDP":                    {UDP, unsupported, "461 Unsupported Transport to SETUP: set transport: tcp"},
		"400 to UDP":                    {UDP, bad, "400 Bad Request to SETUP: it may not offer UDP: try transport: tcp"},
		"TCP for UDP":                   {UDP, answers(byTCP), "insists on TCP: set transport: tcp"},
		"multicast for UDP":             {UDP, answers(multicast), "sends by multicast only"},
		"461 to TCP":                    {TCP, unsupported, "461 Unsupported Transport to SETUP: set transport: udp"},
		"400 to TCP":                    {TCP, bad, "400 Bad Request to SETUP: it may not offer TCP: try transport: udp"},
		"406 to TCP":                    {TCP, unacceptable, "406 Not Acceptable to SETUP: it may not offer TCP: try transport: udp"},
		"500 to TCP":                    {TCP, broken, "500 Internal Server Error to SETUP: it may not offer TCP: try transport: udp"},
		"UDP for TCP":                   {TCP, answers(byUDP), "insists on UDP: set transport: udp"},
		"multicast for TCP":             {TCP, answers(multicast), "sends by multicast only"},
		"461 to both":                   {Auto, unsupported, "461 Unsupported Transport to SETUP: it refuses UDP too, and may offer multicast only"},
		"500 to both":                   {Auto, broken, "500 Internal Server Error to SETUP: it refuses UDP too, and may offer multicast only"},
		"multicast for both":            {Auto, answers(multicast), "sends by multicast only"},
		"TCP for UDP, and UDP for TCP":  {Auto, either(answers(byTCP), answers(byUDP)), "insists on UDP, but it refuses UDP"},
		"nothing over UDP, 461 to TCP":  {Auto, either(silent, unsupported), "461 Unsupported Transport to SETUP: nothing arrives over UDP within 3s, and it may offer nothing else: let UDP through"},
		"nothing over UDP, UDP for TCP": {Auto, either(silent, answers(byUDP)), "insists on UDP, but nothing arrives over UDP within 3s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			camera := newCamera(t, func(cam *camera) {
				cam.on["SETUP"] = c.answer
				cam.play = func(*client) {}
			})
			err := start(t, Config{URL: camera.url(), Transport: c.transport}).end(t)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// TestRefusalThatIsNotOfTheTransportHasNoRemedy that would mislead.
func TestRefusalThatIsNotOfTheTransportHasNoRemedy(t *testing.T) {
	for _, transport := range []Transport{TCP, UDP} {
		for _, line := range []string{"403 Forbidden", "404 Not Found", "453 Not Enough Bandwidth", "503 Service Unavailable"} {
			camera := newCamera(t, func(c *camera) { c.on["SETUP"] = status(line) })
			if err := start(t, Config{URL: camera.url(), Transport: transport}).end(t); err == nil || err.Error() != line+" to SETUP" {
				t.Errorf("%v, want %s", err, line)
			}
		}
	}
}
