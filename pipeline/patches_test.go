package pipeline

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/framegate/framegate/internal/testcam/patches"
)

// encode writes a file that shows a picture for 2 s, and skips the test where an element of the encoder is missing.
func encode(t *testing.T, camera patches.Layout, samples []byte, width, height int, encoder string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "patches.mkv")
	err := patches.Encode(t.Context(), path, camera, samples, width, height, encoder)
	if errors.Is(err, patches.ErrMissing) {
		t.Skipf("SKIPPED: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}
