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
		turns := make(chan time.Duration, 3*maxStarting)
		ended := make(chan struct{})
		for range 3 * maxStarting {
			go func() {
				done, _ := s.begin(t.Context(), time.Second)
				turns <- time.Since(began)
				time.Sleep(100 * time.Millisecond)
				done()
				done() // does nothing
				ended <- struct{}{}
			}()
			synctest.Wait()
		}
		for range 3 * maxStarting {
			<-ended
		}
		for i := range 3 * maxStarting {
			if at, want := <-turns, time.Duration(i/maxStarting)*100*time.Millisecond; at != want {
				t.Errorf("picture %d began after %v, want %v", i+1, at, want)
			}
		}
		if s.starting != 0 || len(s.queue) != 0 {
			t.Errorf("%d are still starting and %d in the queue", s.starting, len(s.queue))
		}
	})
}

func TestPicturesDoNotWaitForADeviceThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s starts
		for range maxStarting - 1 {
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
			t.Errorf("the picture began after %v, want 1s", after)
		}
		// A slot that is given up restarts the timeout of the others.
		go func() {
			s.begin(t.Context(), time.Second)
			turn <- time.Since(began)
		}()
		time.Sleep(500 * time.Millisecond)
		slow()
		if after := <-turn; after != 2500*time.Millisecond {
			t.Errorf("the next picture began after %v, want 2.5s", after)
		}
	})
}

func TestCancelledPictureLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s starts
		var begun []func()
		for range maxStarting {
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
		if !s.freed.IsZero() {
			t.Error("it was counted as one that gave up a slot")
		}
		for _, done := range begun {
			done()
		}
		if s.starting != 0 || len(s.queue) != 0 {
			t.Errorf("%d are still starting and %d in the queue", s.starting, len(s.queue))
		}
	})
}
