package plan_test

import (
	"testing"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/frame"
	"github.com/framegate/framegate/pipeline/gst"
	"github.com/framegate/framegate/pipeline/plan"
	"github.com/framegate/framegate/pipeline/plan/plantest"
)

func TestScalersUseTheirBestMethod(t *testing.T) {
	vapostproc := map[string]any{"scale-method": 2, "interpolation-method": 3, "disable-passthrough": true, "add-borders": false}
	for name, test := range map[string]struct {
		standins []string
		scaler   string
		want     map[string]any
	}{
		"jetson":     {[]string{"jetson"}, "nvvidconv", map[string]any{"interpolation-method": 5}},
		"deepstream": {[]string{"jetson", "-nvvidconv"}, "nvvideoconvert", map[string]any{"interpolation-method": 3}},
		"va":         {[]string{"va"}, "vapostproc", vapostproc},
		"qsv":        {[]string{"qsv"}, "vapostproc", vapostproc},
	} {
		t.Run(name, func(t *testing.T) {
			if _, ok := plantest.WithStandins(t, test.standins...); !ok {
				return
			}
			m, _ := plantest.Proved(t)
			p, err := gst.New()
			if err != nil {
				t.Fatal(err)
			}
			defer p.Stop()
			fallback := m.NewFallback(configs.Plans{}, nil)
			best := fallback.Best("h264")
			if got := fallback.Describe(best, "", nil, plan.Camera{}).Scaler; got != test.scaler {
				t.Fatalf("the scaler is %s, want %s", got, test.scaler)
			}
			scaler, _, err := best.AddOutput(p, frame.Rendition{Width: 480, Height: 270, Quality: 80}, plan.Camera{})
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range test.want {
				if got, err := scaler.Property(name); err != nil || got != value {
					t.Errorf("%s is %v (%T), want %v: %v", name, got, got, value, err)
				}
			}
		})
	}
}
