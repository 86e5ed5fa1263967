package registry

import (
	"errors"
	"testing"
	"time"
)

func TestFaultThatGoesOnIsRarelyAWarning(t *testing.T) {
	var faults faultLog
	now := time.Now()
	warnings := 0
	for i := range 3600 { // two faults by turns, each second of an hour
		fault := []error{errors.New("the cable is cut"), errors.New("503")}[i%2]
		if faults.warns(fault, now.Add(time.Duration(i)*time.Second)) {
			warnings++
		}
	}
	if warnings != 12 {
		t.Errorf("%d warnings", warnings)
	}
}
