package main

import (
	"bytes"
	"context"
	"fmt"
	"image/jpeg"
	"math/rand/v2"
	"slices"
	"time"

	"framegate/internal/testcam/mark"
	"framegate/internal/viewer"

	"golang.org/x/sync/errgroup"
)

// firstPicture opens streams of the connected but idle camera, at any point of its GOP.
func (b *bench) firstPicture(ctx context.Context) ([]result, error) {
	var took []time.Duration
	for range b.Tries {
		if err := b.server.Until(ctx, "gate", "ready"); err != nil {
			return nil, err
		}
		time.Sleep(time.Duration(rand.IntN(500)) * time.Millisecond)
		began := time.Now()
		s, err := viewer.Open(ctx, b.server.URL+"/cameras/gate/stream")
		if err != nil {
			return nil, err
		}
		picture, err := s.Next()
		s.Close()
		if err != nil {
			return nil, err
		}
		took = append(took, picture.Read.Sub(began))
	}
	name := fmt.Sprintf("first picture of an idle camera, %d tries", b.Tries)
	return []result{
		{name + ", median", millis(quantile(took, 0.5)), ""},
		{name + ", 95 %", millis(quantile(took, 0.95)), "100 ms"},
	}, nil
}

// latency watches one stream and compares when each frame was read with when the camera sent it.
func (b *bench) latency(ctx context.Context) ([]result, error) {
	s, err := viewer.Open(ctx, b.server.URL+"/cameras/gate/stream")
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var took, inside []time.Duration
	begin := time.Now().Add(time.Second) // when the burst from the GOP buffer is over
	for time.Since(begin) < b.Time {
		picture, err := s.Next()
		if err != nil {
			return nil, err
		}
		if picture.Read.Before(begin) {
			continue
		}
		img, err := jpeg.Decode(bytes.NewReader(picture.JPEG))
		if err != nil {
			return nil, err
		}
		_, frame, err := mark.Read(img)
		if err != nil {
			return nil, err
		}
		if sent, ok := b.camera.Sent("cam1", frame); ok {
			took = append(took, picture.Read.Sub(sent))
			inside = append(inside, picture.Read.Sub(picture.Received))
		}
	}
	return []result{
		{"frame sent by the camera to JPEG read by a viewer, median", millis(quantile(took, 0.5)), "40 ms"},
		{"the same, 95 %", millis(quantile(took, 0.95)), "80 ms"},
		{"of that, from the access unit in framegate to the JPEG read, median", millis(quantile(inside, 0.5)), ""},
	}, nil
}

// viewers counts what each of ten viewers gets.
func (b *bench) viewers(ctx context.Context) ([]result, error) {
	const viewers = 10
	rates := make([]float64, viewers)
	var watching errgroup.Group
	for i := range viewers {
		watching.Go(func() (err error) {
			rates[i], err = b.rate(ctx)
			return err
		})
	}
	if err := watching.Wait(); err != nil {
		return nil, err
	}
	return []result{{"ten viewers of one camera, the worst one's rate", fmt.Sprintf("%.2f fps", slices.Min(rates)), "24.5 fps"}}, nil
}

// rate watches one stream, after its beginning.
func (b *bench) rate(ctx context.Context) (float64, error) {
	s, err := viewer.Open(ctx, b.server.URL+"/cameras/gate/stream")
	if err != nil {
		return 0, err
	}
	defer s.Close()
	begin := time.Now().Add(time.Second)
	var first, last time.Time
	n := 0
	for time.Since(begin) < b.Time {
		picture, err := s.Next()
		if err != nil {
			return 0, err
		}
		if picture.Read.Before(begin) {
			continue
		}
		if n == 0 {
			first = picture.Read
		}
		last = picture.Read
		n++
	}
	return float64(n-1) / last.Sub(first).Seconds(), nil
}

// load compares the processor time of the camera idle and live.
func (b *bench) load(ctx context.Context) ([]result, error) {
	if err := b.server.Until(ctx, "gate", "ready"); err != nil {
		return nil, err
	}
	idle, err := b.cores(func() error { time.Sleep(b.Time); return nil })
	if err != nil {
		return nil, err
	}
	live, err := b.cores(func() error { _, err := b.rate(ctx); return err })
	if err != nil {
		return nil, err
	}
	return []result{
		{"processor of a connected camera that nobody watches", percent(idle), ""},
		{"processor of a camera with one viewer", percent(live), ""},
		{"idle against live", fmt.Sprintf("%.3f", idle/live), "0.08"},
		{"resident memory", fmt.Sprintf("%d MB", memory(b.server.PID())/1e6), ""},
	}, nil
}

// cores is how many cores the server keeps busy while work runs.
func (b *bench) cores(work func() error) (float64, error) {
	before, err := cpu(b.server.PID())
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := work(); err != nil {
		return 0, err
	}
	after, err := cpu(b.server.PID())
	return (after - before).Seconds() / time.Since(began).Seconds(), err
}

// quantile returns the value below which the part q of the values lies.
func quantile(values []time.Duration, q float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func millis(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

func percent(cores float64) string { return fmt.Sprintf("%.1f %% of a core", 100*cores) }
