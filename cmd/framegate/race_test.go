//go:build race

package main

// The framegate that the tests run is built like the tests.
func init() { buildFlags = []string{"-race"} }
