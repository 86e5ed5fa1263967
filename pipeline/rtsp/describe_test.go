package rtsp

import (
	"bufio"
	"bytes"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

// TestDescriptionsThatStrictParsersRefuse still have their first video stream.
func TestDescriptionsThatStrictParsersRefuse(t *testing.T) {
	const video = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n"
	const head = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=cam\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n"
	for name, text := range map[string]string{
		"by the standard":             head + video,
		"a negative port":             head + strings.Replace(video, "0 RTP", "-1353744643 RTP", 1) + "c=IN IP4 '&\xf3\x91\r\n",
		"o= and c= cut short":         "v=0\r\no=- 1001 1 IN \r\ns=x\r\n" + video + "c=IN \r\n",
		"nothing but the medium":      video,
		"media of nonsense":           head + video + "m=application/MERCURY 0 RTP/AVP smart/1/90000\r\na=rtpmap:95 MERCURY/90000\r\n",
		"sound first":                 "v=0\r\nm=audio 0 RTP/AVP 0\r\na=control:mic\r\nc=SM SM spk0\r\n" + video,
		"lines that end with LF":      strings.ReplaceAll(head+video, "\r\n", "\n"),
		"an empty line in between":    head + "\r\n" + video,
		"spaces before and behind":    "\r\n" + head + strings.Replace(video, "a=rtpmap:96 H264/90000", "a=rtpmap:96  h264/90000 ", 1) + "  \r\n",
		"two video streams":           head + video + strings.Replace(video, "track1", "track2", 1),
		"metadata first":              head + "m=application 0 RTP/AVP 107\r\na=control:meta\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n" + video,
		"several payload types":       head + strings.Replace(video, "AVP 96", "AVP 96 35", 1) + "a=rtpmap:35 H264/90000\r\n",
		"an unknown type before":      head + strings.Replace(video, "AVP 96", "AVP 98 96", 1) + "a=rtpmap:98 X/90000\r\n",
		"a clock of nonsense":         head + strings.Replace(video, "/90000", "/x", 1),
		"sizes of nonsense":           head + video + "b=AS:0\r\na=framerate:0\r\na=x-dimensions:0,0\r\na=framesize:96 0-0\r\n",
		"lines without a value":       head + "a\r\n=\r\na=\r\na=rtpmap\r\na=rtpmap:x\r\na=fmtp:\r\n" + video + "a=rtpmap:\r\na=fmtp:96\r\na=framesize:x\r\n",
		"an audio control afterwards": head + video + "m=audio 0 RTP/AVP 8\r\na=control:track2\r\n",
	} {
		medium, track := parseDescription([]byte(text)).video(func(encoding string) bool { return encoding == "H264" })
		want := &Track{Payload: 96, Encoding: "H264", Clock: 90000, Parameters: map[string]string{}}
		if medium == nil || medium.control != "track1" || !reflect.DeepEqual(track, want) {
			t.Errorf("%s: %+v, %+v", name, medium, track)
		}
	}
	for name, c := range map[string]struct {
		text string
		want Track
	}{
		"JPEG without a name": {"m=video 0 RTP/AVP 26\r\n", Track{Payload: 26, Encoding: "JPEG", Clock: 90000, Parameters: map[string]string{}}},
		"sizes":               {"m=video 0 RTP/AVP 26\r\na=framesize:26 2592-1944\r\n", Track{Payload: 26, Encoding: "JPEG", Clock: 90000, Parameters: map[string]string{}, Width: 2592, Height: 1944}},
		"dimensions of Axis":  {"m=video 0 RTP/AVP 26\r\na=x-dimensions: 2592, 1944\r\n", Track{Payload: 26, Encoding: "JPEG", Clock: 90000, Parameters: map[string]string{}, Width: 2592, Height: 1944}},
		"parameters":          {"m=video 0 RTP/AVP 97\r\na=rtpmap:97 h265/90000\r\na=fmtp:97 Sprop-VPS=QAE= ; sprop-sps=x==;y\r\n", Track{Payload: 97, Encoding: "H265", Clock: 90000, Parameters: map[string]string{"sprop-vps": "QAE=", "sprop-sps": "x=="}}},
	} {
		if _, track := parseDescription([]byte(c.text)).video(func(string) bool { return true }); !reflect.DeepEqual(*track, c.want) {
			t.Errorf("%s: %+v", name, track)
		}
	}
}

// FuzzDescription: whatever a camera says, reading it ends, and URLs of its streams can be made.
func FuzzDescription(f *testing.F) {
	f.Add(simpleSDP, "track1")
	f.Add("m=video 0 RTP/AVP 26\na=x-dimensions:1,2", "/a?b")
	f.Add("a=control:rtsp://[::1]/\nm=", "rtsp://%zz")
	f.Fuzz(func(t *testing.T, text, control string) {
		d := parseDescription([]byte(text))
		if m, track := d.video(func(string) bool { return false }); m != nil && track == nil {
			t.Error("a medium without a track")
		}
		base := &url.URL{Scheme: "rtsp", Host: "cam", Path: "/live", RawQuery: "x=1"}
		if all := controls(base, control); len(all) == 0 {
			t.Errorf("no URL for %q", control)
		}
	})
}

// FuzzWire: whatever a camera sends, reading it ends, and nothing is larger than its limit.
func FuzzWire(f *testing.F) {
	f.Add([]byte("RTSP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc" + framed(0, packet(1)) + "junk$\x00\x00\x02ab"))
	f.Add([]byte("OPTIONS x RTSP/1.0\r\n\r\nHTTP/1.1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		w := &wire{Reader: bufio.NewReaderSize(bytes.NewReader(data), bufferSize)}
		for {
			m, p, err := w.next()
			if err != nil {
				return
			}
			if m == nil && len(p) == 0 || m != nil && (len(m.body) > maxRead || m.status == 0 && m.method == "") {
				t.Errorf("%+v, %v", m, p)
			}
		}
	})
}
