package check

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/framegate/framegate/internal/testcam"
)

// Fault is a way in which a camera fails, and what framegate owes the viewers meanwhile.
type Fault struct {
	Command testcam.Command
	// SlowRetry means that framegate may wait for up to PasswordTime before it tries again.
	SlowRetry bool

	weight      int // how often it is chosen, relative to the weights of the others
	least, most time.Duration
	options     func(random *rand.Rand, otherCodec testcam.Codec) testcam.Options

	// From settled after its beginning until its end, framegate must report one of states. If shows is not empty, framegate must report
	// that state at least once during the fault, unless the fault ends too soon for that. A fault that ends immediately has none of these.
	settled time.Duration
	states  []string
	shows   string
	// unseen is how long viewers may see nothing when the fault begins.
	unseen time.Duration
	// damages means that pictures may be damaged, so that their marks prove nothing.
	damages bool
}

// What framegate promises.
const (
	// maxWait is how long a viewer may wait for the next picture of a camera that works, or for the next placeholder of one
	// that does not.
	maxWait = 2 * time.Second
	// BackTime is how long after the end of a fault a watched camera may take to show pictures again: three seconds to
	// connect, and one until its next keyframe.
	BackTime = 3*time.Second + KeyframeTime
	// PasswordTime is how long framegate may wait before it tries a camera again that has refused its password.
	PasswordTime = 75 * time.Second
	// StallTime is the stall_timeout of the configuration.
	StallTime = 2 * time.Second
	// KeyframeTime is the cameras' time from one keyframe to the next.
	KeyframeTime = time.Second
)

// Faults are the ways in which a test camera can fail, as far as framegate promises something.
var Faults = []*Fault{
	{Command: testcam.Drop, weight: 4, unseen: maxWait},
	{Command: testcam.Cut, weight: 4, unseen: maxWait},
	{
		Command: testcam.Refuse, weight: 4, least: time.Second, most: 10 * time.Second,
		settled: 2 * time.Second, states: []string{"lost", "connecting"}, shows: "lost", unseen: maxWait,
	},
	{
		Command: testcam.Unauthorized, weight: 1, least: 3 * time.Second, most: 6 * time.Second,
		settled: 2 * time.Second, states: []string{"unauthorized", "connecting"}, shows: "unauthorized", unseen: maxWait, SlowRetry: true,
	},
	{
		// A shorter stall is a pause like any other: framegate then waits three times as long at the next one.
		Command: testcam.Stall, weight: 4, least: StallTime + time.Second, most: 12 * time.Second,
		settled: StallTime + 2*time.Second, states: []string{"stalled", "connecting", "lost", "waiting"}, shows: "stalled", unseen: StallTime + maxWait,
	},
	{
		Command: testcam.Corrupt, weight: 4, least: 2 * time.Second, most: 8 * time.Second,
		states: []string{"live", "ready", "waiting", "connecting", "lost"}, unseen: StallTime + maxWait, damages: true,
		options: func(random *rand.Rand, _ testcam.Codec) testcam.Options {
			return testcam.Options{Rate: 0.1 + 0.4*random.Float64()}
		},
	},
	{
		Command: testcam.Resize, weight: 4, least: 2 * time.Second, most: 8 * time.Second,
		settled: BackTime, states: []string{"live", "ready"}, unseen: maxWait,
		options: func(*rand.Rand, testcam.Codec) testcam.Options { return Resized },
	},
	{
		Command: testcam.Recodec, weight: 4, least: 2 * time.Second, most: 8 * time.Second,
		settled: BackTime, states: []string{"live", "ready"}, unseen: maxWait,
		options: func(_ *rand.Rand, other testcam.Codec) testcam.Options { return testcam.Options{Codec: other} },
	},
}

// Resized is the other size of every camera.
var Resized = testcam.Options{Width: 480, Height: 270}

// Options returns the parameters of the fault. otherCodec is the codec that the camera changes to.
func (f *Fault) Options(random *rand.Rand, otherCodec testcam.Codec) testcam.Options {
	if f.options == nil {
		return testcam.Options{}
	}
	return f.options(random, otherCodec)
}

// FaultNames lists the faults for the help.
func FaultNames() string {
	var names []string
	for _, f := range Faults {
		names = append(names, string(f.Command))
	}
	return strings.Join(names, ", ")
}

// FaultsNamed returns the faults with the given names, or all if there is no name.
func FaultsNamed(names []string) (some []*Fault) {
	for _, f := range Faults {
		if len(names) == 0 || slices.Contains(names, string(f.Command)) {
			some = append(some, f)
		}
	}
	return some
}

// Choose picks one of some faults, and how long it lasts. It draws the same number of random numbers for each, so that a
// camera's faults depend on the seed alone.
func Choose(random *rand.Rand, some []*Fault) (*Fault, time.Duration) {
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
