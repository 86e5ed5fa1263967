// Package onvif finds the cameras on this network that speak ONVIF, with WS-Discovery, and asks them for their streams.
package onvif

import (
	"context"
	"crypto/rand"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/framegate/framegate/configs"
)

// Device is a camera that has answered.
type Device struct {
	Host   string `json:"host"`   // its address
	Name   string `json:"name"`   // as it is set in the camera; may be empty
	Model  string `json:"model"`  // may be empty
	Vendor string `json:"vendor"` // a value of the key vendor, if framegate knows it; empty otherwise

	Service string `json:"service"` // URL of its device service, on Host
}

// Group is the multicast address of WS-Discovery.
const Group = "239.255.255.250:3702"

const (
	maxDevices  = 64
	maxDatagram = 64 << 10
	maxName     = 100 // characters of a name or a model
)

// probe is the question, with an id of its own.
const probe = `<?xml version="1.0" encoding="UTF-8"?>
<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing" ` +
	`xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl">` +
	`<e:Header><w:MessageID>urn:uuid:%s</w:MessageID><w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>` +
	`<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>` +
	`<e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>`

// Discover asks the network once, and returns the cameras that answer before ctx is done, 64 at most, sorted by their addresses. Only
// answers to this question count.
func Discover(ctx context.Context) ([]Device, error) { return DiscoverAt(ctx, Group) }

// DiscoverAt is Discover at another address than Group.
func DiscoverAt(ctx context.Context, to string) ([]Device, error) {
	address, err := net.ResolveUDPAddr("udp4", to)
	if err != nil {
		return nil, err
	}
	socket, err := net.ListenUDP("udp4", nil)
	if err != nil {
		return nil, err
	}
	defer socket.Close()
	defer context.AfterFunc(ctx, func() { socket.SetReadDeadline(time.Now()) })()
	id := newUUID()
	if _, err := socket.WriteToUDP(fmt.Appendf(nil, probe, id), address); err != nil {
		return nil, fmt.Errorf("asking the network for cameras: %w", err)
	}
	found := map[netip.Addr]Device{}
	for buffer := make([]byte, maxDatagram); len(found) < maxDevices; {
		n, from, err := socket.ReadFromUDPAddrPort(buffer)
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			break
		}
		if err != nil {
			return nil, err
		}
		if device, ok := parse(buffer[:n], id, from.Addr().Unmap()); ok {
			found[from.Addr()] = device
		}
	}
	devices := []Device{}
	for _, device := range found {
		devices = append(devices, device)
	}
	slices.SortFunc(devices, func(a, b Device) int {
		return netip.MustParseAddr(a.Host).Compare(netip.MustParseAddr(b.Host))
	})
	return devices, nil
}

// newUUID returns a random UUID.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// parse reads an answer to the question with an id. Its host is the address that it comes from: the addresses in it may lead anywhere.
func parse(answer []byte, id string, from netip.Addr) (Device, bool) {
	var envelope struct {
		RelatesTo string `xml:"Header>RelatesTo"`
		Matches   []struct {
			Scopes string `xml:"Scopes"`
			XAddrs string `xml:"XAddrs"`
		} `xml:"Body>ProbeMatches>ProbeMatch"`
	}
	if xml.Unmarshal(answer, &envelope) != nil || len(envelope.Matches) == 0 || !strings.Contains(envelope.RelatesTo, id) {
		return Device{}, false
	}
	device := Device{Host: from.String(), Service: serviceOf(envelope.Matches[0].XAddrs, from)}
	for _, scope := range strings.Fields(envelope.Matches[0].Scopes) {
		kind, value, _ := strings.Cut(strings.TrimPrefix(scope, "onvif://www.onvif.org/"), "/")
		if text, err := url.PathUnescape(value); err == nil {
			value = text
		}
		switch kind {
		case "name":
			device.Name = clean(value)
		case "hardware":
			device.Model = clean(value)
		}
	}
	for _, vendor := range configs.Vendors() {
		if strings.Contains(strings.ToLower(device.Name+" "+device.Model), vendor) {
			device.Vendor = vendor
		}
	}
	return device, true
}

// serviceOf returns the first of some URLs that is on a host, or the usual one there.
func serviceOf(addresses string, host netip.Addr) string {
	for _, scheme := range []string{"http", "https"} { // the certificates of cameras are rarely trusted
		for _, address := range strings.Fields(addresses) {
			u, err := url.Parse(address)
			if err == nil && u.Scheme == scheme && u.Hostname() == host.String() && u.User == nil {
				return u.String()
			}
		}
	}
	return (&url.URL{Scheme: "http", Host: host.String(), Path: "/onvif/device_service"}).String()
}

// clean returns a text of a camera without control characters, and not all of a long one.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if runes := []rune(text); len(runes) > maxName {
		text = string(runes[:maxName])
	}
	return strings.TrimSpace(text)
}
