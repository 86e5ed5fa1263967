package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"framegate/internal/testcam"

	"golang.org/x/sync/errgroup"
)

type chaos struct {
	For       time.Duration `default:"3m" help:"How long cameras fail."`
	Seed      uint64        `help:"Of everything that is random; of the clock where it is not given."`
	Only      []string      `enum:"${faults}" help:"Of the faults, only some of: ${enum}."`
	Cameras   int           `default:"8" help:"Number of cameras."`
	Viewers   int           `default:"50" help:"Viewers at a time. A fast one stays with each camera all the time."`
	Reload    bool          `default:"true" negatable:"" help:"Change the configuration's file now and then, and send SIGHUP."`
	Framegate string        `type:"path" placeholder:"FILE" help:"The framegate to run; the one beside endure."`
	JSON      string        `type:"path" placeholder:"FILE" help:"Write the report there as JSON too."`
	Pictures  string        `type:"path" placeholder:"DIR" help:"Keep pictures there that show a violation."`
	Log       string        `type:"path" placeholder:"FILE" help:"Write framegate's log there."`
}

// warmTime is how long framegate serves before its usage is measured for the first time, and after the last fault
// before it is measured for the last.
const warmTime = 10 * time.Second

// run is one run of chaos.
type run struct {
	chaos
	*stage
	usages  []usage
	reloads int
}

// Run implements kong's command.
func (c chaos) Run(ctx context.Context) error {
	c.Seed = cmp.Or(c.Seed, uint64(time.Now().UnixNano()%1e9))
	fmt.Fprintf(os.Stderr, "endure: chaos with seed %d\n", c.Seed)
	s, err := newStage(ctx, c.Framegate, c.Cameras, true, warmTime)
	if err != nil {
		return err
	}
	r := &run{chaos: c, stage: s}
	audience := s.audience(c.Seed)
	err = r.perform(ctx, audience)
	s.condemn()
	if c.Log != "" {
		if err := os.WriteFile(c.Log, []byte(s.framegate.Log()), 0o644); err != nil {
			fmt.Fprintf(os.Stderr, "endure: %v\n", err)
		}
	}
	s.stop()
	if err != nil && ctx.Err() == nil {
		s.checker.report("", time.Now(), "%v", err)
	}
	report := r.report(audience)
	report.print(os.Stdout)
	if c.JSON != "" {
		if err := writeJSON(c.JSON, report); err != nil {
			return err
		}
	}
	if c.Pictures != "" {
		if err := writeEvidence(c.Pictures, s.checker.evidence); err != nil {
			return err
		}
	}
	if n := len(report.Violations); n > 0 {
		return fmt.Errorf("%d violations with seed %d", n, c.Seed)
	}
	return ctx.Err()
}

// writeEvidence writes the pictures that show violations into a folder.
func writeEvidence(dir string, all []evidence) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for i, e := range all {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d-%s-%s.jpg", i, e.Camera, round(e.At))), e.picture, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// perform lets cameras fail before an audience, and sees everybody off. The error says that framegate has ended, or
// that something failed that is not framegate's.
func (r *run) perform(ctx context.Context, audience *audience) error {
	all, ctx := errgroup.WithContext(ctx)
	observing, rest := context.WithCancel(ctx)
	all.Go(func() error { return r.observe(observing) })
	all.Go(func() error {
		defer rest()
		watching, leave := context.WithCancel(ctx)
		var seats sync.WaitGroup
		seats.Go(func() { audience.run(watching, r.Viewers) })
		err := r.fail(ctx)
		leave()
		seats.Wait()
		if err == nil {
			r.seeOff(ctx, audience)
		}
		return err
	})
	return all.Wait()
}

// fail lets the cameras fail for the time of the run, and measures meanwhile.
func (r *run) fail(ctx context.Context) error {
	sleep(ctx, warmTime)
	end := time.Now().Add(r.For)
	var failing errgroup.Group
	for i, name := range r.names {
		failing.Go(func() error { return r.misbehave(ctx, i, name, end) })
	}
	if r.Reload {
		failing.Go(func() error { return r.reconfigure(ctx, end) })
	}
	measuring, enough := context.WithCancel(ctx)
	var measured sync.WaitGroup
	measured.Go(func() { r.measureAll(measuring) })
	err := failing.Wait()
	sleep(ctx, warmTime)
	enough()
	measured.Wait()
	return cmp.Or(err, ctx.Err())
}

// misbehave lets one camera fail again and again, until the end or a little later.
func (r *run) misbehave(ctx context.Context, camera int, name string, end time.Time) error {
	random := rand.New(rand.NewPCG(r.Seed, uint64(camera)))
	for {
		sleep(ctx, time.Duration((3+9*random.Float64())*float64(time.Second)))
		f, lasts := chooseFault(random, faultsNamed(r.Only))
		options := testcam.Options{}
		if f.options != nil {
			options = f.options(random, otherCodec(camera))
		}
		left := time.Until(end)
		if ctx.Err() != nil || left < 0 {
			return nil
		}
		if f.shy && left < passwordTime {
			continue // it would take longer than the run
		}
		if err := r.failOnce(ctx, name, f, options, lasts); err != nil {
			return err
		}
	}
}

// failOnce lets a camera fail once, and heals it.
func (r *run) failOnce(ctx context.Context, name string, f *fault, options testcam.Options, lasts time.Duration) error {
	fmt.Fprintf(os.Stderr, "%8.1fs %s: %s for %v\n", time.Since(r.began).Seconds(), name, f.command, round(lasts))
	r.checker.begin(name, f, time.Now())
	if lasts == 0 { // it is over as soon as it has begun
		r.checker.end(name, time.Now())
	}
	if err := r.cameras.Do(ctx, name, f.command, options); err != nil {
		return err
	}
	if lasts > 0 {
		sleep(ctx, lasts)
		r.checker.end(name, time.Now())
		if err := r.cameras.Do(context.WithoutCancel(ctx), name, testcam.Heal, testcam.Options{}); err != nil {
			return err
		}
	}
	if f.shy {
		r.awaitRetry(ctx, name)
	}
	sleep(ctx, backTime)
	return nil
}

// awaitRetry waits until framegate has tried a camera again that had refused its password.
func (r *run) awaitRetry(ctx context.Context, name string) {
	for began := time.Now(); ctx.Err() == nil; {
		r.checker.end(name, time.Now())
		camera, err := r.framegate.Camera(name)
		if err == nil && (camera.State == "live" || camera.State == "ready") {
			return
		}
		if r.checker.over(began, passwordTime, time.Now()) {
			r.checker.report(name, time.Now(), "%v after its password is right again it is %s", passwordTime, camera.State)
			return
		}
		sleep(ctx, 100*time.Millisecond)
	}
}

// reconfigure changes the configuration now and then, until the end.
func (r *run) reconfigure(ctx context.Context, end time.Time) error {
	random := rand.New(rand.NewPCG(r.Seed, 500))
	for {
		sleep(ctx, time.Duration((3+12*random.Float64())*float64(time.Second)))
		if ctx.Err() != nil || time.Now().After(end) {
			return nil
		}
		how, err := r.config.change(random, r.framegate)
		if err != nil {
			return err
		}
		r.reloads++
		fmt.Fprintf(os.Stderr, "%8.1fs reload: %s\n", time.Since(r.began).Seconds(), how)
		if err := r.config.applied(ctx, r.framegate, r.checker); err != nil && ctx.Err() == nil {
			r.checker.report("", time.Now(), "reload (%s): %v", how, err)
		}
	}
}

// measureAll measures framegate's usage until ctx is done, the first time at once.
func (r *run) measureAll(ctx context.Context) {
	for ctx.Err() == nil {
		asked := time.Now()
		u, err := measure(ctx, r.framegate, r.began)
		r.answered(ctx, "/metrics", asked)
		switch {
		case err == nil:
			r.usages = append(r.usages, u)
		case ctx.Err() == nil:
			r.checker.report("", time.Now(), "%v", err)
		}
		sleep(ctx, 2*time.Second)
	}
}

// What framegate may take until it notices that viewers have gone, or do not read: these are cut off 10 s after the
// little that a thin line holds is full.
const cutTime = 20 * time.Second

// seeOff leaves viewers behind that do not read, and waits until framegate has cut them off and has no others.
func (r *run) seeOff(ctx context.Context, audience *audience) {
	for i := range 3 {
		v := visit{camera: r.names[i%len(r.names)], rendition: renditions[0]}
		conn := audience.ask(ctx, v)
		if conn == nil {
			return
		}
		defer func(conn net.Conn) { conn.Close() }(conn)
	}
	seen := false
	for began := time.Now(); ctx.Err() == nil; {
		all, err := askCameras(ctx, r.framegate)
		viewers := 0
		for _, camera := range all {
			viewers += camera.Viewers
		}
		seen = seen || viewers >= 3
		if err == nil && viewers == 0 && seen {
			return
		}
		if r.checker.over(began, cutTime, time.Now()) {
			r.checker.report("", time.Now(), "%v after all but three viewers that do not read have gone, there are %d: %v", cutTime, viewers, err)
			return
		}
		sleep(ctx, 100*time.Millisecond)
	}
}
