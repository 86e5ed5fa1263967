package configs

import (
	_ "embed"
	"errors"
	"os"
	"strings"
)

// Find returns the path of the configuration: that of the flag, else $FRAMEGATE_CONFIG, else the first of Searched that exists. The error
// is ErrNone if there is none.
func Find(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if path := os.Getenv("FRAMEGATE_CONFIG"); path != "" {
		return path, nil
	}
	for _, path := range Searched {
		_, err := os.Stat(path)
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	return "", ErrNone
}

// Searched are the paths where Find looks last.
var Searched = []string{"framegate.yaml", "/etc/framegate/framegate.yaml"}

// ErrNone means that there is no configuration where Find looked.
var ErrNone = errors.New("no configuration: $FRAMEGATE_CONFIG is not set, and neither ./" + strings.Join(Searched, " nor ") + " exists")

// Demo is the configuration of the demo. Its cameras are at ${DEMO_RTSP}.
//
//go:embed demo.yaml
var Demo []byte
