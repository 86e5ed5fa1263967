// Package camtest starts test cameras for the tests of other packages.
package camtest

import (
	"bytes"
	"context"
	"image/jpeg"
	"testing"
	"time"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/internal/testcam/mark"
)

// Patience is how long a test waits for something that should happen immediately.
const Patience = 15 * time.Second

// Long skips a test that takes several seconds with -short.
func Long(tb testing.TB) {
	tb.Helper()
	if testing.Short() {
		tb.Skip("SKIPPED with -short: it takes several seconds")
	}
}

// Start serves cameras until the test ends.
func Start(tb testing.TB, cameras ...testcam.Camera) *testcam.Server {
	tb.Helper()
	return StartConfig(tb, testcam.Config{Cameras: cameras})
}

// StartConfig serves cameras until the test ends.
func StartConfig(tb testing.TB, config testcam.Config) *testcam.Server {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	server, err := testcam.New(ctx, config)
	if err != nil {
		cancel()
		tb.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Error(err)
		}
	})
	return server
}

// Do gives a camera a command.
func Do(tb testing.TB, s *testcam.Server, camera string, command testcam.Command, o testcam.Options) {
	tb.Helper()
	if err := s.Do(context.Background(), camera, command, o); err != nil {
		tb.Fatal(err)
	}
}

// Read returns the camera and frame number in a JPEG, and its size.
func Read(tb testing.TB, picture []byte) (camera, frame, width, height int) {
	tb.Helper()
	img, err := jpeg.Decode(bytes.NewReader(picture))
	if err != nil {
		tb.Fatalf("a picture that is no JPEG: %v", err)
	}
	camera, frame, err = mark.Read(img)
	if err != nil {
		tb.Fatalf("%v (%v)", err, img.Bounds())
	}
	return camera, frame, img.Bounds().Dx(), img.Bounds().Dy()
}

// Until waits for a condition.
func Until(tb testing.TB, what string, condition func() bool) {
	tb.Helper()
	Within(tb, Patience, what, condition)
}

// Within is Until for what may take longer than Patience on a busy machine.
func Within(tb testing.TB, patience time.Duration, what string, condition func() bool) {
	tb.Helper()
	deadline := time.Now().Add(patience)
	for !condition() {
		if time.Now().After(deadline) {
			tb.Fatalf("timed out after %v: %s", patience, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
