package retry

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestFailureThatIsRepeatedIsRarelyAWarning(t *testing.T) {
	var log Log
	now := time.Now()
	warnings := 0
	for i := range 3600 { // two failures by turns, each second of an hour
		failure := []error{errors.New("the cable is cut"), errors.New("503")}[i%2]
		if log.warns(failure, now.Add(time.Duration(i)*time.Second)) {
			warnings++
		}
	}
	if warnings != 12 {
		t.Errorf("%d warnings", warnings)
	}
}

func TestFailureWithOtherWordsEachTimeIsRarelyAWarning(t *testing.T) {
	var log Log
	now := time.Now()
	warnings := 0
	for i := range 3600 {
		if log.warns(fmt.Errorf("500 %d", i), now.Add(time.Duration(i)*time.Second)) {
			warnings++
		}
	}
	if warnings > 6*maxWarnings {
		t.Errorf("%d warnings within an hour", warnings)
	}
}
