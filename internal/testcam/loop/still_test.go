package loop

import (
	"testing"

	"github.com/framegate/framegate/internal/testcam/mark"
)

func TestStillIsAFrameOfTheLoop(t *testing.T) {
	still, err := Still(Spec{Width: 640, Height: 360, FPS: 25, Length: 50, Grain: 4, Number: 3, Label: "gate"}, 17)
	if err != nil {
		t.Fatal(err)
	}
	camera, frame, err := mark.Read(still)
	if err != nil || camera != 3 || frame != 17 || still.Bounds().Dx() != 640 {
		t.Errorf("frame %d of camera %d, %v: %v", frame, camera, still.Bounds(), err)
	}
}
