package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/framegate/framegate/internal/testcam"
	"github.com/framegate/framegate/tools/endure/check"

	"golang.org/x/sync/errgroup"
)

type chaos struct {
	For       time.Duration `default:"3m" help:"How long cameras fail."`
	Seed      uint64        `help:"Seed of everything that is random; without it, one from the clock."`
	Only      []string      `enum:"${faults}" help:"Use only these faults, of ${enum}."`
	Cameras   int           `default:"8" help:"Number of cameras."`
	Viewers   int           `default:"50" help:"Number of viewers at a time. A fast one stays with each camera all the time."`
	Hostile   bool          `default:"true" negatable:"" help:"Add a camera and clients that want to harm framegate and its viewers."`
	Reload    bool          `default:"true" negatable:"" help:"Change the configuration file now and then, and send SIGHUP."`
	Framegate string        `type:"path" placeholder:"FILE" help:"The framegate to run; without it, the one beside endure."`
	JSON      string        `type:"path" placeholder:"FILE" help:"Write the report as JSON to this file too."`
	Pictures  string        `type:"path" placeholder:"DIR" help:"Write the pictures that show a violation to this folder."`
	Log       string        `type:"path" placeholder:"FILE" help:"Write framegate's log to this file."`
}

// warmTime is how long framegate serves before its usage is measured for the first time, and after the last fault before it
// is measured for the last time.
const warmTime = 10 * time.Second

// run is one run of chaos.
type run struct {
	chaos
	*testbed
	usages       []usage
	reloads      int
	hostileKinds counter // what the hostile camera was
	attackers    *hostileClients
}

// Run implements kong's command.
func (c chaos) Run(ctx context.Context) error {
	c.Seed = cmp.Or(c.Seed, uint64(time.Now().UnixNano()%1e9))
	fmt.Fprintf(os.Stderr, "endure: chaos with seed %d\n", c.Seed)
	t, err := newTestbed(ctx, testbedConfig{framegate: c.Framegate, cameras: c.Cameras, changes: true, hostile: c.Hostile, warm: warmTime})
	if err != nil {
		return err
	}
	r := &run{chaos: c, testbed: t}
	r.attackers = newHostileClients(strings.TrimPrefix(t.framegate.URL, "http://"), t.names, t.checker)
	viewers := t.viewers(c.Seed)
	err = r.watchAndFail(ctx, viewers)
	t.checkLog()
	if c.Log != "" {
		if err := os.WriteFile(c.Log, []byte(t.framegate.Log()), 0o644); err != nil {
			fmt.Fprintf(os.Stderr, "endure: %v\n", err)
		}
	}
	t.stop()
	if err != nil && ctx.Err() == nil {
		t.checker.Report("", time.Now(), "%v", err)
	}
	report, evidence := r.report(viewers)
	report.print(os.Stdout)
	if c.JSON != "" {
		if err := writeJSON(c.JSON, report); err != nil {
			return err
		}
	}
	if c.Pictures != "" {
		if err := writeEvidence(c.Pictures, evidence); err != nil {
			return err
		}
	}
	if n := len(report.Violations); n > 0 {
		return fmt.Errorf("%d violations with seed %d", n, c.Seed)
	}
	return ctx.Err()
}

// writeEvidence writes the pictures that show violations into a folder.
func writeEvidence(dir string, all []check.Evidence) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for i, e := range all {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d-%s-%s.jpg", i, e.Camera, e.At.Round(time.Millisecond))), e.Picture, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// watchAndFail lets viewers watch while cameras fail, and then checks that framegate gets rid of all viewers. The error says
// that framegate has ended, or that something other than framegate has failed.
func (r *run) watchAndFail(ctx context.Context, viewers *viewers) error {
	all, ctx := errgroup.WithContext(ctx)
	observing, stop := context.WithCancel(ctx)
	all.Go(func() error { return r.observe(observing) })
	all.Go(func() error {
		defer stop()
		watching, leave := context.WithCancel(ctx)
		var watched sync.WaitGroup
		watched.Go(func() { viewers.run(watching, r.Viewers) })
		if r.Hostile {
			watched.Go(func() { r.attackers.run(watching, hostileClientCount, r.Seed) })
		}
		err := r.fail(ctx)
		leave()
		watched.Wait()
		if err == nil {
			r.checkCutOff(ctx, viewers)
		}
		return err
	})
	return all.Wait()
}

// fail lets the cameras fail for the time of the run, and measures framegate meanwhile.
func (r *run) fail(ctx context.Context) error {
	sleep(ctx, warmTime)
	end := time.Now().Add(r.For)
	var failing errgroup.Group
	for i, name := range r.names {
		failing.Go(func() error { return r.misbehave(ctx, i, name, end) })
	}
	if r.Hostile {
		for i, scheme := range hostileSchemes {
			failing.Go(func() error { return r.turnHostile(ctx, scheme, uint64(i), end) })
		}
	}
	if r.Reload {
		failing.Go(func() error { return r.reconfigure(ctx, end) })
	}
	measuring, stop := context.WithCancel(ctx)
	var measured sync.WaitGroup
	measured.Go(func() { r.measureAll(measuring) })
	err := failing.Wait()
	sleep(ctx, warmTime)
	stop()
	measured.Wait()
	return cmp.Or(err, ctx.Err())
}

// misbehave makes one camera fail repeatedly, until the end or a little later.
func (r *run) misbehave(ctx context.Context, camera int, name string, end time.Time) error {
	random := rand.New(rand.NewPCG(r.Seed, uint64(camera)))
	for {
		sleep(ctx, time.Duration((3+9*random.Float64())*float64(time.Second)))
		f, lasts := check.Choose(random, check.FaultsNamed(r.Only))
		options := f.Options(random, otherCodec(camera))
		left := time.Until(end)
		if ctx.Err() != nil || left < 0 {
			return nil
		}
		if f.SlowRetry && left < check.PasswordTime {
			continue // it would take longer than the run
		}
		if err := r.failOnce(ctx, name, f, options, lasts); err != nil {
			return err
		}
	}
}

// failOnce lets a camera fail once, and heals it.
func (r *run) failOnce(ctx context.Context, name string, f *check.Fault, options testcam.Options, lasts time.Duration) error {
	fmt.Fprintf(os.Stderr, "%8.1fs %s: %s for %v\n", time.Since(r.began).Seconds(), name, f.Command, lasts.Round(time.Millisecond))
	r.checker.FaultBegins(name, f, time.Now())
	if lasts == 0 { // it ends immediately
		r.checker.FaultEnds(name, time.Now())
	}
	if err := r.cameras.Do(ctx, name, f.Command, options); err != nil {
		return err
	}
	if lasts > 0 {
		sleep(ctx, lasts)
		r.checker.FaultEnds(name, time.Now())
		if err := r.cameras.Do(context.WithoutCancel(ctx), name, testcam.Heal, testcam.Options{}); err != nil {
			return err
		}
	}
	if f.SlowRetry {
		r.awaitRetry(ctx, name)
	}
	sleep(ctx, check.BackTime)
	return nil
}

// awaitRetry waits until framegate has connected a camera again that had refused its password.
func (r *run) awaitRetry(ctx context.Context, name string) {
	for began := time.Now(); ctx.Err() == nil; {
		r.checker.FaultEnds(name, time.Now())
		camera, err := r.framegate.Camera(name)
		if err == nil && (camera.State == "live" || camera.State == "ready") {
			return
		}
		if r.checker.Over(began, check.PasswordTime, time.Now()) {
			r.checker.Report(name, time.Now(), "%v after it accepts the password again it is %s", check.PasswordTime, camera.State)
			return
		}
		sleep(ctx, 100*time.Millisecond)
	}
}

// reconfigure changes the configuration file now and then, until the end.
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
		if err := r.config.awaitApplied(ctx, r.framegate, r.checker); err != nil && ctx.Err() == nil {
			r.checker.Report("", time.Now(), "reload (%s): %v", how, err)
		}
	}
}

// measureAll measures framegate's usage until ctx is done, the first time immediately.
func (r *run) measureAll(ctx context.Context) {
	for ctx.Err() == nil {
		asked := time.Now()
		u, err := measure(ctx, r.framegate, r.began)
		r.answered(ctx, "/metrics", asked)
		switch {
		case err == nil:
			r.usages = append(r.usages, u)
		case ctx.Err() == nil:
			r.checker.Report("", time.Now(), "%v", err)
		}
		sleep(ctx, 2*time.Second)
	}
}

// cutTime is how long framegate may take to notice that viewers have left or do not read. It cuts off the latter 10 s after
// the little that their connection holds is full.
const cutTime = 20 * time.Second

// checkCutOff opens streams that nobody reads, and waits until framegate has cut them off and has no other viewers.
func (r *run) checkCutOff(ctx context.Context, viewers *viewers) {
	for i := range 3 {
		v := visit{camera: r.names[i%len(r.names)], rendition: renditions[0]}
		conn := viewers.request(ctx, v)
		if conn == nil {
			return
		}
		defer func(conn net.Conn) { conn.Close() }(conn)
	}
	seen := false
	for began := time.Now(); ctx.Err() == nil; {
		all, err := cameraStates(ctx, r.framegate)
		left := 0
		for _, camera := range all {
			left += camera.Viewers
		}
		seen = seen || left >= 3
		if err == nil && left == 0 && seen {
			return
		}
		if r.checker.Over(began, cutTime, time.Now()) {
			r.checker.Report("", time.Now(), "%v after all viewers but three that do not read have left, there are %d: %v", cutTime, left, err)
			return
		}
		sleep(ctx, 100*time.Millisecond)
	}
}
