package plan

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/framegate/framegate/pipeline/gst"
)

// Hardware is what this machine can do.
type Hardware struct {
	GStreamer string     `json:"gstreamer"` // its version
	Platforms []Platform `json:"platforms"`
	Plans     []Proof    `json:"plans"`
}

// Platform is a kind of hardware that can make pictures.
type Platform struct {
	Name   string `json:"name"`
	Title  string `json:"title"`
	Status Status `json:"status"` // Works if one of its plans does
	Reason string `json:"reason,omitempty"`
	Advice string `json:"advice,omitempty"` // what to do to make it work
	Device string `json:"device,omitempty"` // a file of the device that exists
	// Lacks names the elements of the platform that are not installed, if any plan of the platform could be tried.
	Lacks []string `json:"lacks,omitempty"`
}

// Prover returns the command of a process that calls ProveHere with the name of a platform and the number of the first plan
// to try. Plans are tried in a separate process because a bad driver may crash it.
type Prover func(ctx context.Context, platform string, from int) *exec.Cmd

// report is a line that a proving process writes.
type report struct {
	Trying *Proof `json:"trying,omitempty"` // the plan that it is about to try
	Proof  *Proof `json:"proof,omitempty"`  // the result
}

// ProveHere tries the plans of a platform from a number on, and writes a line of JSON before and after each.
func ProveHere(ctx context.Context, platform string, from int, out io.Writer) error {
	pf, ok := platformNamed(platform)
	if !ok {
		return fmt.Errorf("no platform %q", platform)
	}
	jobs := pf.jobs()
	if from == 0 && len(jobs) > 0 {
		prove(ctx, jobs[0]) // loads the libraries, so that the first measurement does not include that
	}
	lines := json.NewEncoder(out)
	for _, p := range jobs[min(from, len(jobs)):] {
		lines.Encode(report{Trying: &Proof{Plan: p.name, Platform: pf.name, Codec: p.codec, Key: p.Key()}})
		proof := prove(ctx, p)
		lines.Encode(report{Proof: &proof})
	}
	return nil
}

// Prove tries every plan of every platform on a sample. It takes about a second on a machine without hardware.
func Prove(ctx context.Context, prover Prover) Hardware {
	h := Hardware{GStreamer: gst.Version()}
	for _, pf := range platforms {
		proofs := pf.prove(ctx, prover)
		h.Plans = append(h.Plans, proofs...)
		h.Platforms = append(h.Platforms, pf.judge(proofs))
		pf.prepare(ctx, proofs)
	}
	return h
}

// prepare loads the elements of the plans that work and opens their device, so that the first viewer does not wait.
func (pf *platform) prepare(ctx context.Context, proofs []Proof) {
	decoder := ""
	for _, p := range proofs {
		if p.Status == Works {
			gst.Load(p.Decoder, p.Scaler, p.Encoder)
			decoder = cmp.Or(decoder, p.Decoder)
		}
	}
	if decoder == "" || pf.context.Kind == "" {
		return
	}
	opened := make(chan struct{})
	go func() {
		defer close(opened)
		pf.context.Open(decoder)
	}()
	select { // a driver may hang here even though the proof did not
	case <-opened:
	case <-time.After(proofTimeout):
	case <-ctx.Done():
	}
}

// prove tries all plans of the platform that can be tried. After a plan that crashes the process it continues with the next
// one.
func (pf *platform) prove(ctx context.Context, prover Prover) (proofs []Proof) {
	jobs := pf.jobs()
	for len(proofs) < len(jobs) && ctx.Err() == nil {
		done, err := pf.proveSome(ctx, prover(ctx, pf.name, len(proofs)), len(jobs)-len(proofs))
		proofs = append(proofs, done...)
		if err == nil && len(proofs) < len(jobs) {
			err = errors.New("the process that tried it ended")
		}
		if err != nil && len(proofs) < len(jobs) {
			p := jobs[len(proofs)]
			proofs = append(proofs, Proof{Plan: p.name, Platform: pf.name, Codec: p.codec, Decoder: p.decoder, Status: Failed, Reason: err.Error(), Key: p.Key()})
		}
	}
	return proofs
}

// proveSome reads the results of a proving process. An error says why the process ended early. The plan after the last result
// is the cause.
func (pf *platform) proveSome(ctx context.Context, cmd *exec.Cmd, n int) (proofs []Proof, err error) {
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer cmd.Wait()
	// Three times, because the start and the stop of a trial may hang as well.
	timeout := time.AfterFunc(3*proofTimeout, func() { cmd.Process.Kill() })
	defer timeout.Stop()
	lines := json.NewDecoder(out)
	for len(proofs) < n {
		var r report
		if err := lines.Decode(&r); err != nil {
			cmd.Wait()
			if !timeout.Stop() {
				return proofs, fmt.Errorf("the driver hangs: no answer within %v", 3*proofTimeout)
			}
			if state := cmd.ProcessState; state != nil && !state.Success() {
				return proofs, fmt.Errorf("the driver took its process down: %v", state)
			}
			return proofs, errors.New(cmp.Or(strings.TrimSpace(stderr.String()), "the process that tried it ended"))
		}
		if r.Proof != nil {
			proofs = append(proofs, *r.Proof)
			timeout.Reset(3 * proofTimeout)
		}
	}
	cmd.Process.Kill() // all results have arrived, and a driver may hang at the end
	return proofs, nil
}

// judge sums up the proofs of the platform and says what to do if none works.
func (pf *platform) judge(proofs []Proof) Platform {
	p := Platform{Name: pf.name, Title: pf.title, Status: Missing, Device: pf.device()}
	if len(proofs) > 0 {
		p.Lacks = pf.lacks()
	}
	i := slices.IndexFunc(proofs, func(p Proof) bool { return p.Status == Works })
	switch {
	case i >= 0:
		p.Status = Works
		if s, _ := pf.scaler(); s.system && pf.unscaled != "" {
			p.Reason, p.Advice = "pictures are scaled in software", pf.unscaled
		}
		return p
	case len(proofs) > 0:
		p.Status, p.Reason = Failed, proofs[0].Reason
	default:
		p.Reason = pf.lacking()
	}
	p.Advice = pf.advice(len(proofs) > 0)
	return p
}

// device returns a file of the device that exists. It is empty if none does.
func (pf *platform) device() string {
	for _, node := range pf.nodes {
		if _, err := os.Stat(node); err == nil {
			return node
		}
	}
	return ""
}

// lacks returns the elements of the platform that are not installed. Of elements that can replace each other it returns the
// first, and only if none of them is installed. A scaler in system memory does not count as a replacement.
func (pf *platform) lacks() (all []string) {
	for _, codec := range gst.Codecs() {
		if names := pf.decoders[codec]; len(names) > 0 && len(gst.Missing(names...)) == len(names) {
			all = append(all, names[0])
		}
	}
	if first := pf.scalers[0]; !first.installed() {
		if s, _ := pf.scaler(); s.system {
			all = append(all, first.name())
		}
	}
	if n := len(pf.encoders); n > 0 && !slices.ContainsFunc(pf.encoders, func(e encoder) bool { return len(gst.Missing(e.factory)) == 0 }) {
		all = append(all, pf.encoders[0].factory)
	}
	return slices.Compact(all)
}

// lacking says which element is missing if no plan of the platform can be tried: a decoder of H.264 or the scaler.
func (pf *platform) lacking() string {
	decoders := pf.decoders["h264"]
	if _, ok := installed(decoders); !ok && len(decoders) > 0 {
		return gst.MissingElement(decoders[0]).Error()
	}
	s, _ := pf.scaler()
	return gst.MissingElement(s.name()).Error()
}

// advice says what to do to make the platform work. installed says that its elements are.
func (pf *platform) advice(installed bool) string {
	found := false
	for _, node := range pf.nodes {
		device, err := os.OpenFile(node, os.O_RDWR, 0)
		if err == nil {
			device.Close()
			found = true
			continue
		}
		if errors.Is(err, fs.ErrPermission) {
			return fmt.Sprintf("%s exists but may not be opened: %s", node, pf.closed)
		}
	}
	switch {
	case len(pf.nodes) > 0 && !found:
		return fmt.Sprintf("there is no %s; %s", strings.Join(pf.nodes, ", no "), pf.absent)
	case !installed:
		return "install " + pf.packages
	default:
		return ""
	}
}
