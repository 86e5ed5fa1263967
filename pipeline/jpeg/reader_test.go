package jpeg

import (
	"bytes"
	"io"
	"slices"
	"testing"
	"testing/iotest"
)

func TestJPEGsInARowAreRead(t *testing.T) {
	one, other := encodeJPEG(t, 64, 48), encodeJPEG(t, 640, 480)
	open := one[:len(one)-2]
	for name, c := range map[string]struct {
		file []byte
		want [][]byte
	}{
		"two":                       {slices.Concat(one, other), [][]byte{one, other}},
		"one":                       {one, [][]byte{one}},
		"with bytes in between":     {slices.Concat([]byte("\r\n"), one, make([]byte, 5000), other, []byte("end")), [][]byte{one, other}},
		"without end markers":       {slices.Concat(open, open, open), [][]byte{one, one, one}},
		"larger than what is read":  {slices.Concat(bytes.Repeat(other, 3), one), [][]byte{other, other, other, one}},
		"with a damaged one":        {slices.Concat(one, patched(one, 5, 0, 0), other), [][]byte{one, nil, other}},
		"with one that is cut off":  {slices.Concat(one[:len(one)/2], one), [][]byte{nil, one}},
		"with a cut one at the end": {slices.Concat(one, one[:len(one)/2]), [][]byte{one, nil}},
		"nothing":                   {nil, nil},
		"no pictures":               {[]byte("no pictures"), nil},
	} {
		for how, from := range map[string]io.Reader{
			"at once": bytes.NewReader(c.file), "in parts": iotest.HalfReader(bytes.NewReader(c.file)),
		} {
			r := NewReader(from)
			var got [][]byte
			for {
				data, err := r.Next()
				if err == io.EOF {
					break
				}
				if err != nil || len(got) > len(c.want) {
					t.Fatalf("%s, %s: %d pictures and %v", name, how, len(got), err)
				}
				p, err := Read(data)
				if err != nil {
					got = append(got, nil)
					continue
				}
				got = append(got, bytes.Clone(p.Repaired(data)))
			}
			if !slices.EqualFunc(got, c.want, bytes.Equal) {
				t.Errorf("%s, %s: %d pictures, want %d", name, how, len(got), len(c.want))
			}
		}
	}
}
