package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/framegate/framegate/internal/testcam"

	"golang.org/x/sync/errgroup"
)

// codecs lists the codecs of the cameras, each with its transport.
var codecs = []struct {
	codec     testcam.Codec
	transport string
}{
	{testcam.H264, "tcp"}, {testcam.H265, "udp"}, {testcam.MPEG4, "udp"}, {testcam.MJPEG, "tcp"}, {testcam.VP8, "tcp"}, {testcam.VP9, "auto"},
}

// cameras serves one camera per codec, and one over TLS, until ctx is done. To show them all, framegate needs every part of the
// container: decoders, RTP, encryption and fonts.
func cameras(ctx context.Context, folder string) error {
	plain := testcam.Config{}
	for _, c := range codecs {
		plain.Cameras = append(plain.Cameras, testcam.Camera{Name: string(c.codec), Codec: c.codec, Width: 640, Height: 360})
	}
	tls, ca := testcam.SelfSigned()
	open, err := testcam.New(ctx, plain)
	if err != nil {
		return err
	}
	secured, err := testcam.New(ctx, testcam.Config{TLS: tls, Cameras: []testcam.Camera{{Name: "tls", Width: 640, Height: 360, Number: len(codecs) + 1}}})
	if err != nil {
		open.Close()
		return err
	}
	text := "defaults: {scale: 0.5, overlay: {name: true, time: true}}\ncameras:\n"
	for _, c := range codecs {
		text += fmt.Sprintf("- {id: %s, url: %q, transport: %s}\n", c.codec, open.URL(string(c.codec)), c.transport)
	}
	text += fmt.Sprintf("- {id: tls, url: %q, tls_ca: ca.pem}\n", secured.URL("tls"))
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return open.Run(ctx) })
	all.Go(func() error { return secured.Run(ctx) })
	all.Go(func() error { return write(folder, string(ca), text) })
	return all.Wait()
}

// write writes the certificate and then, by renaming it, the configuration: image.sh waits for that file and must not read half of it.
func write(folder, ca, text string) error {
	if err := os.WriteFile(filepath.Join(folder, "ca.pem"), []byte(ca), 0o644); err != nil {
		return err
	}
	path := filepath.Join(folder, "framegate.yaml")
	if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
