// Package clients has the clients of framegate in other languages, for programs that measure them.
package clients

import _ "embed"

// Python is the module framegate of Python.
//
//go:embed python/framegate.py
var Python []byte
