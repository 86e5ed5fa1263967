package feed

import (
	"context"
	"net"
	"testing"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/internal/testcam/camtest"
	"github.com/framegate/framegate/pipeline/frame"
)

// TestCameraThatPlaysAndSendsNothingMayNeedAnotherTransport which the error names.
func TestCameraThatPlaysAndSendsNothingMayNeedAnotherTransport(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	src := camtest.Source(t, "rtsp://"+listener.Addr().String()+"/x")
	silent := &frame.CameraError{Reason: frame.TimedOut, Text: "has sent nothing"}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(silent)
	for _, c := range []struct {
		transport configs.Transport
		plays     bool
		want      string
	}{
		{configs.TCP, true, "has sent nothing; if it sends over UDP only, set transport: udp"},
		{configs.TCP, false, "has sent nothing"},
		{configs.UDP, true, "has sent nothing; if it does not get through by UDP, set transport: tcp"},
		{configs.Auto, true, "has sent nothing"},
	} {
		src.Transport = c.transport
		if err := explainRTSP(ctx, src, silent, c.plays); err.Error() != c.want || frame.ReasonOf(err) != frame.TimedOut {
			t.Errorf("%s, plays %v: %v, want %s", c.transport, c.plays, err, c.want)
		}
	}
}
