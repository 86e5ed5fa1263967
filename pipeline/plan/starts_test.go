package plan

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestPicturesOfADeviceBeginAFewAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s starts
		began := time.Now()
		turns := make(chan time.Duration, 3*startsAtOnce)
		ended := make(chan struct{})
		for range 3 * startsAtOnce {
			go func() {
				done, _ := s.begin(t.Context(), time.Second)
				turns <- time.Since(began)
				time.Sleep(100 * time.Millisecond)
				done()
				done() // which does nothing
				ended <- struct{}{}
			}()
			synctest.Wait()
		}
		for range 3 * startsAtOnce {
			<-ended
		}
		for i := range 3 * startsAtOnce {
			if at, want := <-turns, time.Duration(i/startsAtOnce)*100*time.Millisecond; at != want {
				t.Errorf("picture %d began after %v instead of %v", i+1, at, want)
			}
		}
		if s.begun != 0 || len(s.waiting) != 0 {
			t.Errorf("%d begun and %d waiting are left", s.begun, len(s.waiting))
		}
	})
}

func TestPicturesDoNotWaitForADeviceThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s starts
		for range startsAtOnce - 1 {
			s.begin(t.Context(), time.Second)
		}
		time.Sleep(time.Millisecond)
		slow, _ := s.begin(t.Context(), time.Second)
		began := time.Now()
		turn := make(chan time.Duration, 1)
		go func() {
			s.begin(t.Context(), time.Second)
			turn <- time.Since(began)
		}()
		if after := <-turn; after != time.Second {
			t.Errorf("it began after %v", after)
		}
		// One that comes to an end makes the others patient again.
		go func() {
			s.begin(t.Context(), time.Second)
			turn <- time.Since(began)
		}()
		time.Sleep(500 * time.Millisecond)
		slow()
		if after := <-turn; after != 2500*time.Millisecond {
			t.Errorf("it began after %v", after)
		}
	})
}

func TestCancelledPictureLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s starts
		var begun []func()
		for range startsAtOnce {
			done, _ := s.begin(t.Context(), time.Second)
			begun = append(begun, done)
		}
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan func(), 1)
		go func() {
			done, _ := s.begin(ctx, time.Second)
			left <- done
		}()
		synctest.Wait()
		cancel()
		(<-left)()
		if !s.moved.IsZero() {
			t.Error("it counts as one that has come to an end")
		}
		for _, done := range begun {
			done()
		}
		if s.begun != 0 || len(s.waiting) != 0 {
			t.Errorf("%d begun and %d waiting are left", s.begun, len(s.waiting))
		}
	})
}
