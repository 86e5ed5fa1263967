package pipeline

import (
	"bufio"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
)

// foreignServer is GStreamer's own RTSP server, which is not ours, driven from Python: it prints its port
// and serves until its standard input ends.
const foreignServer = `
import sys, threading, gi
gi.require_version('Gst', '1.0'); gi.require_version('GstRtspServer', '1.0')
from gi.repository import Gst, GstRtspServer, GLib
Gst.init(None)
loop = GLib.MainLoop()
server = GstRtspServer.RTSPServer(address='127.0.0.1', service='0')
raw = 'videotestsrc is-live=1 pattern=ball ! video/x-raw,format=I420,width=640,height=360,framerate=25/1 ! '
for name, chain in {
    'h264': raw + 'x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! rtph264pay name=pay0 pt=96 '
            'audiotestsrc is-live=1 ! alawenc ! rtppcmapay name=pay1 pt=8',
    'mjpeg': raw + 'jpegenc ! rtpjpegpay name=pay0 pt=26',
}.items():
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch('( ' + chain + ' )')
    server.get_mount_points().add_factory('/' + name, factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
loop.run()
`

// startForeign starts the server and returns its port.
func startForeign(t *testing.T) string {
	t.Helper()
	python := exec.Command("/usr/bin/python3", "-c", foreignServer)
	in, err := python.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := python.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaint strings.Builder
	python.Stderr = &complaint
	if err := python.Start(); err != nil {
		t.Skipf("SKIPPED: the test against a foreign RTSP server needs python3-gi and gir1.2-gst-rtsp-server-1.0: %v", err)
	}
	t.Cleanup(func() {
		in.Close()
		python.Wait()
	})
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		python.Wait() // has the complaint
		t.Skipf("SKIPPED: the test against a foreign RTSP server needs python3-gi and gir1.2-gst-rtsp-server-1.0: %s", complaint.String())
	}
	return strings.TrimSpace(port)
}

func TestForeignRTSPServerBecomesPictures(t *testing.T) {
	camtest.Long(t)
	port := startForeign(t)
	for _, codec := range []string{"h264", "mjpeg"} {
		for _, transport := range []configs.Transport{configs.TCP, configs.UDP} {
			src := camtest.Source(t, fmt.Sprintf("rtsp://127.0.0.1:%s/%s", port, codec))
			src.Transport = transport
			feed := runFeed(t, src)
			if s := feed.Stream(t); s.Codec != codec || s.Width != 640 || s.Height != 360 {
				t.Fatalf("the server sends %+v", s)
			}
			picture := show(t, feed.Feed, small)
			var f *frame.Frame
			for range 25 {
				next := after(t, picture.slots[0], f)
				if f != nil && next.PTS <= f.PTS {
					t.Fatalf("PTS %v after %v", next.PTS, f.PTS)
				}
				f = next
			}
			picture.stop()
			feed.Stop()
		}
	}
	runFeed(t, camtest.Source(t, "rtsp://127.0.0.1:"+port+"/nothing")).Fails(t, frame.NotFound, "404")
}
