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
	for platform, want := range map[string]map[string]any{
		"jetson": {"interpolation-method": 5},
		"va":     {"scale-method": 2, "interpolation-method": 3, "disable-passthrough": true, "add-borders": false},
	} {
		t.Run(platform, func(t *testing.T) {
			if _, ok := plantest.WithStandins(t, platform); !ok {
				return
			}
			m, _ := plantest.Proved(t)
			p, err := gst.New()
			if err != nil {
				t.Fatal(err)
			}
			defer p.Stop()
			best := m.NewFallback(configs.Plans{}, nil).Best("h264")
			scaler, _, err := best.AddOutput(p, frame.Rendition{Width: 480, Height: 270, Quality: 80}, plan.Camera{})
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range want {
				if got, err := scaler.Property(name); err != nil || got != value {
					t.Errorf("%s is %v (%T), want %v: %v", name, got, got, value, err)
				}
			}
		})
	}
}
