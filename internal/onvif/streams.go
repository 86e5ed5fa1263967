package onvif

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/framegate/framegate/configs"
)

// Client asks a camera for its streams.
type Client struct {
	Service  string `json:"service"` // URL of the device service, see Device
	Username string `json:"username"`
	Password string `json:"password"`
}

// Stream is a video stream of a camera.
type Stream struct {
	Profile string `json:"profile"` // its name in the camera; may be empty
	URL     string `json:"url"`     // RTSP, without user and password
	Codec   string `json:"codec"`   // as the camera calls it, such as H264; may be empty
	Width   int    `json:"width"`   // 0 if the camera does not say
	Height  int    `json:"height"`
}

// ErrUnauthorized means that the camera does not accept the user or the password.
var ErrUnauthorized = errors.New("it refuses the user or the password; many cameras have separate users for ONVIF")

const (
	callTime  = 5 * time.Second // for each question to a camera
	maxAnswer = 1 << 20         // bytes
	maxStream = 16              // streams of a camera

	deviceSpace = "http://www.onvif.org/ver10/device/wsdl"
	mediaSpace  = "http://www.onvif.org/ver10/media/wsdl"
	typeSpace   = "http://www.onvif.org/ver10/schema"
)

// Streams returns the streams of the camera's profiles, the one with the most pixels first, and 16 at most. All of them have the host of the
// service: the camera may know itself by another address, and may not lead elsewhere. The camera learns a digest of the password.
func (c Client) Streams(ctx context.Context) ([]Stream, error) {
	device, err := url.Parse(c.Service)
	if err != nil || device.Scheme != "http" && device.Scheme != "https" || device.Hostname() == "" {
		return nil, errors.New("the service must be a URL such as http://192.0.2.10/onvif/device_service")
	}
	device.User = nil
	ahead, err := c.clock(ctx, device)
	if err != nil {
		return nil, err
	}
	var capabilities struct {
		Media string `xml:"Body>GetCapabilitiesResponse>Capabilities>Media>XAddr"`
	}
	question := fmt.Sprintf(`<GetCapabilities xmlns="%s"><Category>Media</Category></GetCapabilities>`, deviceSpace)
	if err := c.ask(ctx, device, ahead, question, &capabilities); err != nil {
		return nil, err
	}
	media := onSameHost(device, capabilities.Media)
	var answer profiles
	if err := c.ask(ctx, media, ahead, fmt.Sprintf(`<GetProfiles xmlns="%s"/>`, mediaSpace), &answer); err != nil {
		return nil, err
	}
	streams := []Stream{}
	for _, p := range answer.Profiles {
		if len(streams) == maxStream {
			break
		}
		var at struct {
			URI string `xml:"Body>GetStreamUriResponse>MediaUri>Uri"`
		}
		question := fmt.Sprintf(`<GetStreamUri xmlns="%s"><StreamSetup><Stream xmlns="%s">RTP-Unicast</Stream>`+
			`<Transport xmlns="%s"><Protocol>RTSP</Protocol></Transport></StreamSetup>`+
			`<ProfileToken>%s</ProfileToken></GetStreamUri>`,
			mediaSpace, typeSpace, typeSpace, escaped(p.Token))
		if err := c.ask(ctx, media, ahead, question, &at); err != nil {
			return nil, err
		}
		if s, ok := p.stream(at.URI, device.Hostname()); ok {
			streams = append(streams, s)
		}
	}
	if len(streams) == 0 {
		return nil, errors.New("it names no stream over RTSP")
	}
	slices.SortStableFunc(streams, func(a, b Stream) int { return b.Width*b.Height - a.Width*a.Height })
	return streams, nil
}

// profiles is an answer to GetProfiles.
type profiles struct {
	Profiles []profile `xml:"Body>GetProfilesResponse>Profiles"`
}

type profile struct {
	Token   string `xml:"token,attr"`
	Name    string `xml:"Name"`
	Encoder struct {
		Encoding   string
		Resolution struct{ Width, Height int }
	} `xml:"VideoEncoderConfiguration"`
}

// stream returns the stream of the profile at a URI of the camera.
func (p profile) stream(uri, host string) (Stream, bool) {
	u, err := url.Parse(strings.TrimSpace(uri))
	if err != nil || u.Scheme != "rtsp" && u.Scheme != "rtsps" {
		return Stream{}, false
	}
	port := u.Port()
	u.User, u.Host = nil, host
	if strings.Contains(host, ":") {
		u.Host = "[" + host + "]"
	}
	if port != "" {
		u.Host = net.JoinHostPort(host, port)
	}
	if _, err := configs.ParseSource(u.String()); err != nil {
		return Stream{}, false
	}
	size := p.Encoder.Resolution
	return Stream{Profile: clean(p.Name), URL: u.String(), Codec: clean(p.Encoder.Encoding), Width: size.Width, Height: size.Height}, true
}

// clock returns by how much the camera's clock is ahead: passwords are valid for some seconds of it. It is 0 if the camera does not say.
func (c Client) clock(ctx context.Context, device *url.URL) (time.Duration, error) {
	var answer struct {
		UTC struct {
			Time struct{ Hour, Minute, Second int }
			Date struct{ Year, Month, Day int }
		} `xml:"Body>GetSystemDateAndTimeResponse>SystemDateAndTime>UTCDateTime"`
	}
	open := Client{} // without a user: the camera would refuse the time of this machine
	err := open.ask(ctx, device, 0, fmt.Sprintf(`<GetSystemDateAndTime xmlns="%s"/>`, deviceSpace), &answer)
	var broken *url.Error
	if errors.As(err, &broken) {
		return 0, err
	}
	at, t := answer.UTC.Date, answer.UTC.Time
	if err != nil || at.Year == 0 {
		return 0, nil
	}
	return time.Until(time.Date(at.Year, time.Month(at.Month), at.Day, t.Hour, t.Minute, t.Second, 0, time.UTC)), nil
}

// onSameHost returns the URL of another service of the camera, or that of the device if there is none. If it leads to another host, only its
// path counts.
func onSameHost(device *url.URL, other string) *url.URL {
	u, err := url.Parse(strings.TrimSpace(other))
	if err != nil || u.Path == "" {
		return device
	}
	same := *device
	same.Path, same.RawPath, same.RawQuery = u.Path, u.RawPath, u.RawQuery
	if u.Hostname() == device.Hostname() && u.Scheme == device.Scheme {
		same.Host = u.Host
	}
	return &same
}

// client follows no redirect: a camera could lead anywhere.
var client = &http.Client{
	Timeout:       callTime,
	Transport:     &http.Transport{DisableKeepAlives: true, ResponseHeaderTimeout: callTime},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// fault is a camera's refusal.
type fault struct{ text string }

func (f *fault) Error() string { return f.text }

// ask asks a question and decodes the answer. ahead is by how much the camera's clock is ahead.
func (c Client) ask(ctx context.Context, service *url.URL, ahead time.Duration, question string, into any) error {
	header := ""
	if c.Username != "" {
		header = c.security(time.Now().Add(ahead))
	}
	body := fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">`+
		`<s:Header>%s</s:Header><s:Body>%s</s:Body></s:Envelope>`, header, question)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, service.String(), strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/soap+xml; charset=utf-8")
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return err
	}
	return decode(text, answer.StatusCode, into)
}

// decode reads an answer, or returns why it is a refusal.
func decode(text []byte, status int, into any) error {
	var refusal struct {
		Subcodes []string `xml:"Body>Fault>Code>Subcode>Value"`
		Deeper   []string `xml:"Body>Fault>Code>Subcode>Subcode>Value"`
		Reason   string   `xml:"Body>Fault>Reason>Text"`
	}
	bad := xml.Unmarshal(text, &refusal)
	switch codes := strings.Join(append(refusal.Subcodes, refusal.Deeper...), " "); {
	case status == http.StatusUnauthorized, strings.Contains(codes, "NotAuthorized"), strings.Contains(codes, "FailedAuthentication"):
		return ErrUnauthorized
	case refusal.Reason != "" || codes != "":
		return &fault{"it answers: " + clean(refusal.Reason+" "+codes)}
	case status != http.StatusOK:
		return &fault{fmt.Sprintf("it answers with status %d: ONVIF may be switched off", status)}
	case bad != nil:
		return &fault{"it answers with something that is not ONVIF"}
	}
	if xml.Unmarshal(text, into) != nil {
		return &fault{"it answers with something that is not ONVIF"}
	}
	return nil
}

// security is the header that proves that the client knows the password at a time of the camera's clock: a UsernameToken of WS-Security with
// a digest.
func (c Client) security(at time.Time) string {
	nonce := make([]byte, 16)
	rand.Read(nonce)
	created := at.UTC().Format("2006-01-02T15:04:05.000Z")
	return fmt.Sprintf(`<w:Security s:mustUnderstand="1" xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">`+
		`<w:UsernameToken><w:Username>%s</w:Username>`+
		`<w:Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest">%s</w:Password>`+
		`<w:Nonce EncodingType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary">%s</w:Nonce>`+
		`<u:Created xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">%s</u:Created>`+
		`</w:UsernameToken></w:Security>`,
		escaped(c.Username), Digest(nonce, created, c.Password), base64.StdEncoding.EncodeToString(nonce), created)
}

// Digest is the password digest of a UsernameToken.
func Digest(nonce []byte, created, password string) string {
	sum := sha1.Sum(slices.Concat(nonce, []byte(created), []byte(password)))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// escaped returns a text for XML.
func escaped(text string) string {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(text)) // a buffer never fails
	return b.String()
}
