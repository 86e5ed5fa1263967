package main

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"framegate/internal/testcam"
)

// What framegate promises.
const (
	// maxWait is how long a viewer waits for the next picture of a camera that works, or for the next placeholder of one
	// that does not.
	maxWait = 2 * time.Second
	// backTime is how long after its fault has ended a watched camera's pictures come again: three seconds until it
	// is connected, and one until its next keyframe.
	backTime = 3*time.Second + keyframeTime
	// passwordTime is how long framegate may leave a camera alone that has refused its password.
	passwordTime = 75 * time.Second
	// stallTime is the stall_timeout of the configuration.
	stallTime = 2 * time.Second
)

// fault is a way in which a camera fails, and what is owed to its viewers meanwhile.
type fault struct {
	command     testcam.Command
	weight      int // how often it is chosen, among the weights of all
	least, most time.Duration
	options     func(random *rand.Rand, otherCodec testcam.Codec) testcam.Options

	// From settled on framegate tells one of states, until the fault has ended, and at some time shows, where that
	// is not empty. What is over at once has none.
	settled time.Duration
	states  []string
	shows   string
	// unseen is how long viewers may see nothing at its beginning.
	unseen time.Duration
	// blurs tells that pictures may be broken: what they show proves nothing.
	blurs bool
	// shy tells that framegate does not try again at once.
	shy bool
}

// faults are all that a test camera can do.
var faults = []*fault{
	{command: testcam.Drop, weight: 4, unseen: maxWait},
	{command: testcam.Cut, weight: 4, unseen: maxWait},
	{
		command: testcam.Refuse, weight: 4, least: time.Second, most: 10 * time.Second,
		settled: 2 * time.Second, states: []string{"lost", "connecting"}, shows: "lost", unseen: maxWait,
	},
	{
		command: testcam.Unauthorized, weight: 1, least: 3 * time.Second, most: 6 * time.Second,
		settled: 2 * time.Second, states: []string{"unauthorized", "connecting"}, shows: "unauthorized", unseen: maxWait, shy: true,
	},
	{
		command: testcam.Stall, weight: 4, least: time.Second, most: 12 * time.Second,
		settled: stallTime + 2*time.Second, states: []string{"stalled", "connecting", "lost"}, shows: "stalled", unseen: stallTime + maxWait,
	},
	{
		command: testcam.Corrupt, weight: 4, least: 2 * time.Second, most: 8 * time.Second,
		states: []string{"live", "ready", "connecting", "lost"}, unseen: stallTime + maxWait, blurs: true,
		options: func(random *rand.Rand, _ testcam.Codec) testcam.Options {
			return testcam.Options{Rate: 0.1 + 0.4*random.Float64()}
		},
	},
	{
		command: testcam.Resize, weight: 4, least: 2 * time.Second, most: 8 * time.Second,
		settled: backTime, states: []string{"live", "ready"}, unseen: maxWait,
		options: func(*rand.Rand, testcam.Codec) testcam.Options { return resized },
	},
	{
		command: testcam.Recodec, weight: 4, least: 2 * time.Second, most: 8 * time.Second,
		settled: backTime, states: []string{"live", "ready"}, unseen: maxWait,
		options: func(_ *rand.Rand, other testcam.Codec) testcam.Options { return testcam.Options{Codec: other} },
	},
}

// resized is the other size of every camera.
var resized = testcam.Options{Width: 480, Height: 270}

// faultNames lists the faults for the help.
func faultNames() string {
	var names []string
	for _, f := range faults {
		names = append(names, string(f.command))
	}
	return strings.Join(names, ",")
}

// faultsNamed are those of the names; all where there is none.
func faultsNamed(names []string) (some []*fault) {
	for _, f := range faults {
		if len(names) == 0 || slices.Contains(names, string(f.command)) {
			some = append(some, f)
		}
	}
	return some
}

// chooseFault picks one of some faults, and how long it lasts. It draws as many numbers for one as for another, so
// that a camera's faults depend on the seed alone.
func chooseFault(random *rand.Rand, some []*fault) (*fault, time.Duration) {
	sum := 0
	for _, f := range some {
		sum += f.weight
	}
	at, part := random.IntN(sum), random.Float64()
	for _, f := range some {
		if at -= f.weight; at < 0 {
			return f, f.least + time.Duration(part*float64(f.most-f.least))
		}
	}
	panic("unreachable")
}
