package web

import (
	"os"
	"testing"
)

// TestMain keeps what the tests make out of the state directory of the user.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "framegate-state")
	if err != nil {
		panic(err)
	}
	os.Setenv("STATE_DIRECTORY", dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}
