package testcam_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/camtest"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
)

// steps are the RTP times between the last n units.
func (v *viewer) steps(n int) (all []int32) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := max(1, len(v.times)-n); i < len(v.times); i++ {
		all = append(all, int32(v.times[i]-v.times[i-1]))
	}
	return all
}

func TestClockObeysCommands(t *testing.T) {
	server := camtest.Start(t, tiny)
	v := watch(t, server.URL("cam1"))
	all := func(step int32) func() bool {
		return func() bool { return slices.Equal(v.steps(5), slices.Repeat([]int32{step}, 5)) }
	}
	camtest.Until(t, "the clock runs", all(3600))
	camtest.Do(t, server, "cam1", testcam.Freeze, testcam.Options{})
	camtest.Until(t, "it stands", all(0))
	camtest.Do(t, server, "cam1", testcam.Backwards, testcam.Options{})
	camtest.Until(t, "it runs backwards", all(-3600))
	camtest.Do(t, server, "cam1", testcam.Heal, testcam.Options{})
	camtest.Until(t, "it runs again", all(3600))
	for _, seconds := range []float64{60, -30} {
		camtest.Do(t, server, "cam1", testcam.Jump, testcam.Options{Seconds: seconds})
		camtest.Until(t, "it jumps", func() bool { return slices.Contains(v.steps(10), int32(seconds*90000)+3600) })
	}
}

func TestBareCameraDescribesNoParameterSets(t *testing.T) {
	h265 := tiny
	h265.Codec = testcam.H265
	server := camtest.Start(t, tiny, h265)
	for _, c := range []struct {
		command testcam.Command
		bare    bool
	}{{testcam.Bare, true}, {testcam.Heal, false}} {
		for _, name := range server.Names() {
			playing := mustPlay(t, server.URL(name))
			camtest.Do(t, server, name, c.command, testcam.Options{})
			select {
			case <-playing.ended:
			case <-time.After(camtest.Patience):
				t.Fatalf("%s: %s leaves the connection open", name, c.command)
			}
			u, err := base.ParseURL(server.URL(name))
			if err != nil {
				t.Fatal(err)
			}
			client := &gortsplib.Client{Scheme: u.Scheme, Host: u.Host}
			if err := client.Start(); err != nil {
				t.Fatal(err)
			}
			session, _, err := client.Describe(u)
			client.Close()
			if err != nil {
				t.Fatal(err)
			}
			var sets [][]byte
			switch f := session.Medias[0].Formats[0].(type) {
			case *format.H264:
				sets = [][]byte{f.SPS, f.PPS}
			case *format.H265:
				sets = [][]byte{f.VPS, f.SPS, f.PPS}
			}
			for _, set := range sets {
				if (len(set) == 0) != c.bare {
					t.Errorf("%s: after %s the description has %x", name, c.command, sets)
				}
			}
			if len(sets) == 0 {
				t.Errorf("%s: a %T", name, session.Medias[0].Formats[0])
			}
		}
	}
}

func TestEveryDamageLeavesNoUnitWhole(t *testing.T) {
	camtest.Long(t)
	camera := tiny
	camera.KeyframeInterval, camera.Loop = 1, 400*time.Millisecond // ten frames
	server := camtest.Start(t, camera)
	v := watch(t, server.URL("cam1"))
	// loop waits for a loop to be sent from beginning to end.
	loop := func() {
		for range 2 {
			before, _ := server.Sent("cam1", 0)
			camtest.Until(t, "the loop begins", func() bool {
				at, _ := server.Sent("cam1", 0)
				return at.After(before)
			})
		}
	}
	loop()
	camtest.Until(t, "two loops", func() bool { return v.count() >= 20 })
	v.mu.Lock()
	known := map[string]bool{}
	for _, unit := range v.units {
		known[string(bytes.Join(unit, nil))] = true
	}
	v.mu.Unlock()
	for _, kind := range []testcam.Damage{testcam.Flip, testcam.Truncate, testcam.WrongCodec} {
		camtest.Do(t, server, "cam1", testcam.Corrupt, testcam.Options{Rate: 1, Kind: kind})
		loop() // units that were on their way have arrived
		from := v.count()
		loop()
		v.mu.Lock()
		for _, unit := range v.units[from:] {
			if known[string(bytes.Join(unit, nil))] {
				t.Errorf("%s: a unit is whole", kind)
			}
		}
		v.mu.Unlock()
	}
	camtest.Do(t, server, "cam1", testcam.Corrupt, testcam.Options{Rate: 1, Kind: testcam.Reorder})
	camtest.Until(t, "every second unit comes before the first", func() bool {
		return slices.Equal(v.steps(4), []int32{3 * 3600, -3600, 3 * 3600, -3600})
	})
	camtest.Do(t, server, "cam1", testcam.Heal, testcam.Options{})
	camtest.Until(t, "the order is right again", func() bool { return slices.Equal(v.steps(4), slices.Repeat([]int32{3600}, 4)) })
	if err := server.Do(t.Context(), "cam1", testcam.Corrupt, testcam.Options{Kind: "burn"}); err == nil {
		t.Error("an unknown damage is done")
	}
}

func TestWhatCannotBeDoneIsRefused(t *testing.T) {
	mjpeg := tiny
	mjpeg.Codec = testcam.MJPEG
	server := camtest.Start(t, tiny, mjpeg)
	for name, err := range map[string]error{
		"another SSRC where nobody plays": server.Do(t.Context(), "cam1", testcam.SSRC, testcam.Options{}),
		"a huge JPEG":                     server.Do(t.Context(), "cam2", testcam.Huge, testcam.Options{}),
		"a unit of 1 TB":                  server.Do(t.Context(), "cam1", testcam.Huge, testcam.Options{Megabytes: 1 << 20}),
	} {
		if err == nil {
			t.Errorf("%s is no error", name)
		}
	}
}
