package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/framegate/framegate/internal/machine"
	"github.com/framegate/framegate/internal/plot"
	"github.com/framegate/framegate/tools/endure/check"
)

// report is what a run of chaos has found.
type report struct {
	Machine string         `json:"machine"`
	Date    string         `json:"date"`
	Seed    uint64         `json:"seed"`
	For     time.Duration  `json:"for"`
	Cameras int            `json:"cameras"`
	Viewers int            `json:"viewers"` // at a time
	Opened  map[string]int `json:"opened"`  // viewers that came, by behaviour
	Reloads int            `json:"reloads"`
	Hostile map[string]int `json:"hostile"` // times of each kind of the hostile camera and clients
	check.Tally
	Usages []usage  `json:"usages"`
	Log    []string `json:"log,omitempty"` // framegate's, of cameras with violations and of memory
}

// report checks the usage and collects all that was found, and the pictures that show violations.
func (r *run) report(vs *viewers) (report, []check.Evidence) {
	for _, text := range unbounded(r.usages, r.Hostile) {
		r.checker.Report("", time.Now(), "%s", text)
	}
	tally, evidence := r.checker.Result()
	return report{
		Machine: machine.String(), Date: time.Now().Format(time.DateOnly), Seed: r.Seed, For: r.For,
		Cameras: r.Cameras, Viewers: r.Viewers, Opened: vs.opened.counts, Reloads: r.reloads, Hostile: r.hostileTimes(),
		Tally: tally, Usages: r.usages, Log: logOf(r.framegate.Log(), tally.Violations),
	}, evidence
}

// hostileTimes is how often each kind of the hostile camera and clients occurred.
func (r *run) hostileTimes() map[string]int {
	all := map[string]int{}
	if r.Hostile {
		maps.Copy(all, r.hostileKinds.counts)
		for name, n := range r.attackers.done.counts {
			all["client: "+name] = n
		}
	}
	return all
}

// mostMemory is how much memory framegate may take where there is a hostile camera: max_memory, and what is counted only when it is
// taken, such as Go's garbage and small decoders.
const mostMemory = maxMemory + 512<<20

// unbounded lists the figures that have grown beyond their bounds. The memory has a fixed bound where there is a hostile camera.
func unbounded(usages []usage, hostile bool) (grown []string) {
	if len(usages) == 0 {
		return nil
	}
	for _, f := range figures {
		if hostile && f.name == residentMemory {
			if _, most, _ := f.course(usages); most > mostMemory {
				grown = append(grown, fmt.Sprintf("%s: %s at most", f.name, f.text(most)))
			}
			continue
		}
		begin, most, end := f.course(usages)
		if hostile {
			f.slack = max(f.slack, f.hostileSlack)
		}
		if most > 2*begin+f.slack {
			grown = append(grown, fmt.Sprintf("%s: %s at the beginning and %s at most", f.name, f.text(begin), f.text(most)))
		}
		if end > 1.5*begin+f.slack {
			grown = append(grown, fmt.Sprintf("%s: %s at the beginning and %s at the end", f.name, f.text(begin), f.text(end)))
		}
	}
	return grown
}

// course is the first, the largest and the last value of a figure.
func (f figure) course(usages []usage) (begin, most, end float64) {
	for _, u := range usages {
		most = max(most, f.of(u))
	}
	return f.of(usages[0]), most, f.of(usages[len(usages)-1])
}

// text writes a figure with its unit.
func (f figure) text(value float64) string {
	text := plot.Number(value / f.scale)
	if f.unit != "" {
		text += " " + f.unit
	}
	return text
}

// print writes the report as Markdown.
func (r report) print(w io.Writer) {
	fmt.Fprintf(w, "%s, on %s: chaos for %v with seed %d, %d cameras and %d viewers.\n\n", r.Machine, r.Date, r.For, r.Seed, r.Cameras, r.Viewers)
	fmt.Fprint(w, "| fault | times | viewers saw nothing for at most | placeholders | pictures again after at most |\n| --- | --- | --- | --- | --- |\n")
	for _, f := range check.Faults {
		facts := r.Faults[string(f.Command)]
		fmt.Fprintf(w, "| %s | %d | %s | %d | %s |\n", f.Command, facts.Times, seconds(facts.Silence), facts.Placeholders, seconds(facts.Back))
	}
	fmt.Fprint(w, "\n| viewers | |\n| --- | --- |\n")
	for _, b := range behaviours {
		fmt.Fprintf(w, "| %s | %d |\n", b.name, r.Opened[b.name])
	}
	for _, row := range []struct {
		name  string
		value any
	}{
		{"the longest wait for a picture of a camera that works", seconds(r.LongestWait)},
		{"parts that viewers read", r.Frames},
		{"of these, pictures whose camera and number were compared with what was sent", r.Compared},
		{"of these, placeholders of cameras that were away", r.Placeholders},
		{"of these, pictures from damaged data, not readable", r.Unreadable},
		{"refused by a camera that was away", r.Refused},
		{"refused, since hostile clients have taken the places", r.Opened[limitedName]},
		{"reloads", r.Reloads},
		{"lateness of the machine, in all", seconds(r.Late)},
		{"lateness of the machine, at most at a time", seconds(r.MostLate)},
	} {
		fmt.Fprintf(w, "| %s | %v |\n", row.name, row.value)
	}
	if len(r.Hostile) > 0 {
		fmt.Fprint(w, "\n| hostile | times |\n| --- | --- |\n")
		for _, name := range slices.Sorted(maps.Keys(r.Hostile)) {
			fmt.Fprintf(w, "| %s | %d |\n", name, r.Hostile[name])
		}
	}
	fmt.Fprint(w, "\n| framegate's | at the beginning | at most | at the end |\n| --- | --- | --- | --- |\n")
	if len(r.Usages) > 0 {
		for _, f := range figures {
			begin, most, end := f.course(r.Usages)
			fmt.Fprintf(w, "| %s | %s | %s | %s |\n", f.name, f.text(begin), f.text(most), f.text(end))
		}
	}
	printViolations(w, r.Violations, r.Log)
}

// printViolations lists violations by time, those that differ only in their figures in one line, and what framegate logged of the
// cameras.
func printViolations(w io.Writer, all []check.Violation, log []string) {
	if len(all) == 0 {
		fmt.Fprint(w, "\nNo violation.\n")
		return
	}
	fmt.Fprintf(w, "\n%d violations:\n\n", len(all))
	slices.SortStableFunc(all, func(a, b check.Violation) int { return int(a.At - b.At) })
	for _, v := range alike(all) {
		fmt.Fprintf(w, "- %s %s", seconds(v.At), v.Camera)
		if v.Fault != "" {
			fmt.Fprintf(w, " (%s)", v.Fault)
		}
		fmt.Fprintf(w, ": %s", v.Text)
		if v.times > 1 {
			fmt.Fprintf(w, "; %d times, the last one at %s: %s", v.times, seconds(v.last.At), v.last.Text)
		}
		fmt.Fprintln(w)
	}
	if len(log) > 0 {
		fmt.Fprint(w, "\nframegate's log of these cameras and of memory:\n\n")
	}
	for _, line := range log {
		fmt.Fprintf(w, "    %s\n", line)
	}
}

// repeated is the first of violations that are alike.
type repeated struct {
	check.Violation
	last  check.Violation
	times int
}

var digits = regexp.MustCompile(`[0-9.]+m?s\b`)

// alike groups violations of a camera and a fault that differ only in times.
func alike(all []check.Violation) (groups []*repeated) {
	type key struct{ camera, fault, text string }
	found := map[key]*repeated{}
	for _, v := range all {
		k := key{v.Camera, v.Fault, digits.ReplaceAllString(v.Text, "")}
		if found[k] == nil {
			found[k] = &repeated{Violation: v}
			groups = append(groups, found[k])
		}
		found[k].last, found[k].times = v, found[k].times+1
	}
	return groups
}

// mostLogLines is how many lines of framegate's log a report has.
const mostLogLines = 60

// logOf is the end of what framegate logged of cameras that have violations, and of memory.
func logOf(log string, violations []check.Violation) (lines []string) {
	for line := range strings.SplitSeq(log, "\n") {
		if strings.Contains(line, "max_memory") || slices.ContainsFunc(violations, func(v check.Violation) bool {
			return v.Camera != "" && strings.Contains(line+" ", " camera="+v.Camera+" ")
		}) {
			lines = append(lines, line)
		}
	}
	return lines[max(0, len(lines)-mostLogLines):]
}

func seconds(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

func writeJSON(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
