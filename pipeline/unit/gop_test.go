package unit

import (
	"context"
	"testing"
	"time"
)

// unit makes a unit whose PTS is its number in ms.
func unit(n int, key bool, size int) Unit {
	return Unit{Data: make([]byte, size), PTS: time.Duration(n) * time.Millisecond, Key: key}
}

// fill pushes units 'from' to 'to', with a keyframe at every multiple of interval.
func fill(g *GOP, from, to, interval int) {
	for n := from; n < to; n++ {
		g.Push(unit(n, n%interval == 0, 100))
	}
}

// read takes the next unit, which must be there, and returns its number.
func read(t *testing.T, r *Reader) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	u, err := r.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return int(u.PTS / time.Millisecond)
}

// empty checks that there is no unit to read.
func empty(t *testing.T, r *Reader) {
	t.Helper()
	if u, wait := r.take(); wait == nil {
		t.Fatalf("there is unit %v, want none", u.PTS)
	}
}

func TestReaderBeginsWithTheNewestKeyframe(t *testing.T) {
	g := &GOP{}
	fill(g, 0, 130, 50)
	r := g.Reader()
	for want := 100; want < 130; want++ {
		if got := read(t, r); got != want {
			t.Fatalf("got unit %d, want %d", got, want)
		}
	}
	empty(t, r)
}

func TestReaderWaitsForAKeyframe(t *testing.T) {
	g := &GOP{}
	r := g.Reader()
	fill(g, 1, 10, 50)
	empty(t, r)
	fill(g, 10, 52, 50)
	if got := read(t, r); got != 50 {
		t.Errorf("got unit %d", got)
	}
}

func TestReaderThatIsALittleBehindMissesNothing(t *testing.T) {
	g := &GOP{}
	fill(g, 0, 20, 25)
	r := g.Reader()
	for want := range 200 {
		fill(g, 20+want, 21+want, 25) // stays 20 units ahead, over several keyframes
		if got := read(t, r); got != want {
			t.Fatalf("got unit %d, want %d", got, want)
		}
	}
}

func TestReaderThatIsFarBehindSkipsToTheNewestKeyframe(t *testing.T) {
	g := &GOP{}
	fill(g, 0, 10, 50)
	r := g.Reader()
	read(t, r)
	fill(g, 10, 160, 50)
	if got := read(t, r); got != 150 {
		t.Errorf("got unit %d, want 150", got)
	}
}

func TestBufferIsBounded(t *testing.T) {
	g := &GOP{}
	g.Push(unit(0, true, 1000))
	r := g.Reader()
	read(t, r)
	for n := 1; n < 200; n++ { // a GOP without end
		g.Push(unit(n, false, BufferLimit/100))
		if got := read(t, r); got != n {
			t.Fatalf("a reader that keeps up got unit %d, want %d", got, n)
		}
		if _, bytes := g.Size(); bytes > BufferLimit+BufferLimit/100 {
			t.Fatalf("%d bytes are kept", bytes)
		}
	}
	late := g.Reader()
	empty(t, late) // the keyframe is gone
	g.Push(unit(200, true, 100))
	if got := read(t, late); got != 200 {
		t.Errorf("got unit %d, want the next keyframe", got)
	}
}

// recovering is unit n of a camera with a recovery point every 10 units, from n = 3 on, each of which takes 10 units.
func recovering(n int, key bool) Unit {
	u := unit(n, key, 100)
	if n%10 == 3 {
		u.Recovery = 10
	}
	return u
}

func TestReaderBeginsWithARecoveryPointOnlyWhenItIsComplete(t *testing.T) {
	g := &GOP{}
	r := g.Reader()
	for n := 3; n < 13; n++ {
		g.Push(recovering(n, false))
		empty(t, r)
	}
	g.Push(recovering(13, false))
	for want := 3; want < 14; want++ {
		if got := read(t, r); got != want || r.Begins() != (want == 3) {
			t.Fatalf("got unit %d, which it begins with: %v; want %d", got, r.Begins(), want)
		}
	}
	if r.RightFrom() != 13*time.Millisecond {
		t.Errorf("pictures are right from %v on", r.RightFrom())
	}
	if u, _ := g.Newest(); !u.Recovered {
		t.Error("the unit whose picture is right is not marked")
	}
}

func TestRecoveryPointsReplaceAnOldKeyframe(t *testing.T) {
	g := &GOP{}
	r := g.Reader()
	for n := range 1000 {
		g.Push(recovering(n, n == 0))
		if got := read(t, r); got != n {
			t.Fatalf("a reader that keeps up got unit %d, want %d", got, n)
		}
		want := max(0, (n-3)/10*10-10+3)
		late := g.Reader()
		if got := read(t, late); n >= 13 && got != want || n < 13 && got != 0 || late.RightFrom() > time.Duration(n)*time.Millisecond {
			t.Fatalf("after unit %d a reader begins with %d and is right from %v", n, got, late.RightFrom())
		}
	}
	if n, _ := g.Size(); n > gopLag+10 {
		t.Errorf("%d units are kept", n)
	}
}

func TestOnlyUnitsThatOthersReferToCountForARecovery(t *testing.T) {
	g := &GOP{}
	g.Push(Unit{Data: []byte{1}, Recovery: 2})
	for n := 1; n <= 3; n++ {
		g.Push(Unit{Data: []byte{1}, PTS: time.Duration(n), Droppable: n < 3})
	}
	empty(t, g.Reader()) // units 0 and 3 count
	g.Push(Unit{Data: []byte{1}, PTS: 4})
	if r := g.Reader(); read(t, r) != 0 || r.RightFrom() != 4 {
		t.Errorf("right from %v", r.RightFrom())
	}
}

func TestPicturesOfARecoveryAreRightInDisplayOrder(t *testing.T) {
	g := &GOP{}
	for _, u := range []Unit{{PTS: 0, Recovery: 3}, {PTS: 3}, {PTS: 1}, {PTS: 2}, {PTS: 6}} { // as with B-frames
		u.Data = []byte{1}
		g.Push(u)
	}
	r := g.Reader()
	read(t, r)
	if r.RightFrom() != 3 {
		t.Errorf("right from %v, want 3: those before it may be wrong", r.RightFrom())
	}
}

func TestReaderThatCatchesUpFromARecoveryPointDoesNotSkip(t *testing.T) {
	g := &GOP{}
	push := func(n int) {
		u := unit(n, false, 100)
		if n%100 == 0 {
			u.Recovery = 100
		}
		g.Push(u)
	}
	for n := range 195 {
		push(n)
	}
	r := g.Reader()
	for want := range 380 { // it takes two units while one arrives
		if want%2 == 0 {
			push(195 + want/2)
		}
		if got := read(t, r); got != want {
			t.Fatalf("got unit %d, want %d", got, want)
		}
	}
	for n := 385; n < 520; n++ { // now it is far behind
		push(n)
	}
	if got := read(t, r); got != 400 || !r.Begins() {
		t.Errorf("got unit %d, want the newest complete recovery point", got)
	}
}

func TestManyRecoveryPointsAtATimeAreBounded(t *testing.T) {
	g := &GOP{}
	for n := range 2000 {
		u := unit(n, false, 100)
		u.Recovery = 50
		g.Push(u)
	}
	if n, _ := g.Size(); n > 3*gopLag {
		t.Errorf("%d units are kept", n)
	}
	if r := g.Reader(); read(t, r) < 1900 {
		t.Error("the reader begins with an old unit")
	}
}

func TestKeyframesOnlyKeepFewUnits(t *testing.T) {
	g := &GOP{}
	fill(g, 0, 1000, 1)
	if n, _ := g.Size(); n > gopLagIntra+1 {
		t.Errorf("%d units of a stream of keyframes are kept", n)
	}
}

func TestClearedBufferWaitsForAKeyframe(t *testing.T) {
	g := &GOP{}
	fill(g, 0, 10, 50)
	r := g.Reader()
	read(t, r)
	g.Clear()
	if n, bytes := g.Size(); n != 0 || bytes != 0 {
		t.Errorf("%d units, %d bytes", n, bytes)
	}
	fill(g, 11, 60, 50)
	if got := read(t, r); got != 50 {
		t.Errorf("got unit %d", got)
	}
}

func TestWaitingReaderIsWoken(t *testing.T) {
	g := &GOP{}
	r := g.Reader()
	got := make(chan Unit)
	go func() {
		u, _ := r.Next(context.Background())
		got <- u
	}()
	for {
		g.mu.Lock()
		waits := g.pushed != nil
		g.mu.Unlock()
		if waits {
			break
		}
	}
	g.Push(unit(7, true, 1))
	if u := <-got; u.PTS != 7*time.Millisecond {
		t.Error(u.PTS)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Next(ctx); err != context.Canceled {
		t.Errorf("got %v", err)
	}
}

// TestBufferThatNobodyReadsKeepsOneGroup since it is most of the memory of a camera that nobody watches.
func TestBufferThatNobodyReadsKeepsOneGroup(t *testing.T) {
	for _, unread := range []bool{true, false} {
		var g GOP
		g.SetUnread(unread)
		for n := range 60 {
			g.Push(Unit{Data: []byte{1}, PTS: time.Duration(n), Key: n%30 == 0})
		}
		g.Push(Unit{Data: []byte{1}, PTS: 60, Key: true})
		want := 31
		if unread {
			want = gopLagIntra + 1
		}
		if n, _ := g.Size(); n != want {
			t.Errorf("unread %v: %d units, want %d", unread, n, want)
		}
		u, err := g.Reader().Next(t.Context())
		if err != nil || u.PTS != 60 {
			t.Errorf("unread %v: a reader begins with %v, %v", unread, u.PTS, err)
		}
	}
}

// TestSmallUnitsAreCountedWithWhatTheyTakeBesides since a camera may send millions of two bytes.
func TestSmallUnitsAreCountedWithWhatTheyTakeBesides(t *testing.T) {
	var g GOP
	u := Unit{Data: []byte{1, 2}}
	for range 2 * BufferLimit / unitOverhead {
		g.Push(u)
		if n, _ := g.Size(); n > BufferLimit/unitOverhead {
			t.Fatalf("%d units of two bytes are kept", n)
		}
	}
}
