package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"testing"
	"time"

	"framegate/configs"
	"framegate/pipeline/frame"
)

func TestScratch(t *testing.T) {
	for _, raw := range []string{"rtsp://127.0.0.1:18554/cam1", "rtsp://127.0.0.1:18554/cam2", "rtsp://127.0.0.1:18554/cam3", "rtsp://127.0.0.1:18554/vp8", "rtsp://127.0.0.1:18554/vp9", "rtsp://127.0.0.1:18554/mpeg4", "rtsp://127.0.0.1:18554/nope", "rtsp://127.0.0.1:1/x", "rtsp://nosuchhost/x", "rtsp://192.0.2.1/x", "test://smpte", "test://clock", "csi://0"} {
		u, _ := url.Parse(raw)
		f, err := NewFeed(configs.Source{URL: u, Transport: configs.TCP, TLSVerify: true, ConnectTimeout: 4 * time.Second, StallTimeout: 5 * time.Second}, slog.Default())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 6*time.Second)
		live := make(chan struct{}, 10)
		done := make(chan error)
		t0 := time.Now()
		go func() {
			done <- f.Run(ctx, func(s frame.Stream) { fmt.Println(raw, time.Since(t0), s, f.format.Load().caps); live <- struct{}{} })
		}()
		select {
		case err := <-done:
			fmt.Println("ENDED", raw, time.Since(t0), err, frame.ReasonOf(err))
			cancel()
			continue
		case <-live:
		}
		time.Sleep(1500 * time.Millisecond)
		slot := &frame.Slot{}
		p := NewPicture(f, []frame.Output{{Rendition: frame.Ask{Quality: 80}.Resolve(f.Stream()), Slot: slot}})
		t1 := time.Now()
		pctx, pcancel := context.WithCancel(ctx)
		pd := make(chan error)
		go func() { pd <- p.Run(pctx) }()
		var fr *frame.Frame
		for i := 0; i < 30; i++ {
			nf, err := slot.After(ctx, fr)
			if err != nil {
				fmt.Println("err", err)
				break
			}
			fr = nf
			if i < 3 || i > 28 {
				fmt.Println(i, time.Since(t1), fr.PTS, time.Since(fr.Received), len(fr.JPEG()), fr.Width, fr.Height)
			}
		}
		fmt.Println(p.Plan(), f.Stream(), f.KeyframeInterval())
		if fr != nil {
			os.WriteFile("/tmp/out.jpg", fr.JPEG(), 0o644)
		}
		pcancel()
		fmt.Println("picture:", <-pd)
		cancel()
		fmt.Println("feed:", <-done)
	}
}
