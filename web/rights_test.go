package web

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestRightsEndWhenTheyAreCheckedOrTheirTimeIsOver(t *testing.T) {
	busy := errors.New("too many at once")
	for name, test := range map[string]struct {
		until  time.Duration // from now, at the second check; 0 for never
		err    error         // of the second check
		change bool
		ends   bool
	}{
		"still there":         {change: true},
		"taken away":          {err: errRightEnded, change: true, ends: true},
		"cannot be found out": {err: busy, change: true},
		"over":                {until: -time.Second, change: true, ends: true},
		"over soon":           {until: time.Millisecond, change: true, ends: true},
		"over later":          {until: time.Hour, change: true},
		"taken away unknown":  {err: errRightEnded},
	} {
		t.Run(name, func(t *testing.T) {
			var h rights
			first, over := true, time.Now().Add(test.until)
			check := func() (time.Time, error) {
				if first {
					first = false
					return time.Time{}, nil
				}
				if test.until == 0 || test.err != nil {
					return time.Time{}, test.err
				}
				return over, nil
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			release := h.hold(check, cancel)
			if ctx.Err() != nil {
				t.Fatal("ended at once")
			}
			if test.change {
				h.changed()
			}
			if test.ends {
				<-ctx.Done()
			}
			if got := errors.Is(context.Cause(ctx), errRightEnded); got != test.ends {
				t.Errorf("ended: %v", got)
			}
			release()
			if len(h.held) != 0 {
				t.Error("it is still held")
			}
		})
	}
}

func TestRightThatIsOverWhenItIsHeldEndsAtOnce(t *testing.T) {
	var h rights
	ctx, cancel := context.WithCancelCause(t.Context())
	defer h.hold(func() (time.Time, error) { return time.Time{}, errRightEnded }, cancel)()
	if !errors.Is(context.Cause(ctx), errRightEnded) {
		t.Error("it has not ended")
	}
}
