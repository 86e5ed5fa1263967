package plan

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/framegate/framegate/configs"
	"github.com/framegate/framegate/pipeline/gst"
)

func TestConfigurationKnowsEveryPlatform(t *testing.T) {
	inConfiguration := slices.Sorted(slices.Values(configs.HardwareNames()))
	if names := slices.Sorted(slices.Values(Names())); !slices.Equal(names, inConfiguration) {
		t.Errorf("platforms %v, but a configuration may name %v", names, inConfiguration)
	}
}

func TestPlanThatLacksAnElementIsMissing(t *testing.T) {
	p := softwarePlan("h264")
	p.system.factory = "nosuchenc"
	if got := prove(t.Context(), p); got.Status != Missing || got.Reason != "GStreamer's element nosuchenc is missing" {
		t.Errorf("%+v", got)
	}
}

func TestDecodersOfEveryPlatformTakeUnitsInOrder(t *testing.T) {
	for _, pf := range platforms {
		plain, ordered := pf.decoderProperties(false), pf.decoderProperties(true)
		if len(plain) != len(pf.properties) || len(ordered) != len(pf.properties)+len(pf.inOrder) {
			t.Errorf("%s: %v, and in order %v", pf.name, plain, ordered)
		}
	}
}

func TestQualityStaysInTheEncodersRange(t *testing.T) {
	for _, pf := range platforms {
		for _, e := range pf.encoders {
			if got := e.element(100).Optional[e.property]; e.best == 0 || got != gst.Arg(strings.ReplaceAll(e.value, "%d", strconv.Itoa(e.best))) {
				t.Errorf("%s: %v", e.factory, got)
			}
		}
	}
}
