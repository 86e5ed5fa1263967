package onvif

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

const answer = `<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Header><a:RelatesTo xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing">%s</a:RelatesTo></s:Header><s:Body><d:ProbeMatches><d:ProbeMatch>
<d:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/HIKVISION%%20Gate%%0A onvif://www.onvif.org/hardware/DS-2CD2042 </d:Scopes>
<d:XAddrs>http://192.0.2.9/onvif/device_service</d:XAddrs></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>`

// TestCamerasThatAnswerAreFound has a camera that answers twice, after something that is no answer.
func TestCamerasThatAnswerAreFound(t *testing.T) {
	camera, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer camera.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	asked := make(chan string, 1)
	go func() {
		question := make([]byte, maxDatagram)
		n, from, err := camera.ReadFrom(question)
		if err != nil {
			return
		}
		asked <- string(question[:n])
		_, rest, _ := strings.Cut(string(question[:n]), "urn:uuid:")
		id, _, _ := strings.Cut(rest, "<")
		other := strings.Replace(answer, "Gate", "another question's", 1)
		for _, text := range []string{"nonsense", fmt.Sprintf(answer, "urn:uuid:"+id), fmt.Sprintf(other, "urn:uuid:"+newUUID()), fmt.Sprintf(answer, "urn:uuid:"+id)} {
			camera.WriteTo([]byte(text), from)
		}
		time.AfterFunc(time.Second, cancel) // loopback has delivered them
	}()
	found, err := DiscoverAt(ctx, camera.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	want := Device{Host: "127.0.0.1", Name: "HIKVISION Gate", Model: "DS-2CD2042", Vendor: "hikvision", Service: "http://127.0.0.1/onvif/device_service"}
	if len(found) != 1 || found[0] != want {
		t.Errorf("%+v", found)
	}
	if question := <-asked; !strings.Contains(question, "NetworkVideoTransmitter") || !strings.Contains(question, "urn:uuid:") {
		t.Errorf("asked %s", question)
	}
}

func TestNoCameraIsFoundWhereNoneAnswers(t *testing.T) {
	silent, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if found, err := DiscoverAt(ctx, silent.LocalAddr().String()); err != nil || found == nil || len(found) > 0 {
		t.Errorf("%v %v", found, err)
	}
}
