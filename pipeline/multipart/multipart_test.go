package multipart

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/framegate/framegate/pipeline/jpeg"
)

// partPicture makes a JPEG that differs with n.
func partPicture(n int) string {
	img := image.NewGray(image.Rect(0, 0, 64, 48))
	for i := range img.Pix {
		img.Pix[i] = byte(i*(n+7)) ^ byte(i>>3)
	}
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, img, nil); err != nil {
		panic(err)
	}
	return b.String()
}

// inside puts a segment into a JPEG, right after its start.
func inside(picture, marker, body string) string {
	return picture[:2] + "\xFF" + marker + string([]byte{byte((len(body) + 2) >> 8), byte(len(body) + 2)}) + body + picture[2:]
}

var (
	one, two, three = partPicture(1), partPicture(2), partPicture(3)
	thumbnailed     = inside(one, "\xE1", "Exif\x00\x00"+two)
	unmarked        = one[:len(one)-2] // no end marker
)

// part is a part as most cameras send it, with a length that is off by some bytes.
func part(picture string, off int) string {
	return fmt.Sprintf("--b0undary\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", len(picture)+off, picture)
}

// parts are several parts with lengths that are all off.
func parts(off int, pictures ...string) (body string) {
	for _, p := range pictures {
		body += part(p, off)
	}
	return body
}

// stating is a part with any Content-Length.
func stating(length, picture string) string {
	return "--b0undary\r\nContent-Type: image/jpeg\r\nContent-Length: " + length + "\r\n\r\n" + picture + "\r\n"
}

const (
	jpegHead = "--b0undary\r\nContent-Type: image/jpeg\r\n\r\n"
	text     = "--b0undary\r\nContent-Type: text/plain\r\nContent-Length: 14\r\n\r\nmotion=0;io=0\n\r\n"
)

// multiparts has what cameras send, and the pictures that browsers or the widest-used readers find in it.
var multiparts = map[string]struct {
	boundary, body string
	want           []string
	odd            string // part of what is odd; empty if nothing is
}{
	"as RFC 2046 wants":       {"b0undary", part(one, 0) + part(two, 0) + "--b0undary--\r\n", []string{one, two}, ""},
	"header with dashes":      {"--b0undary", part(one, 0) + part(two, 0), []string{one, two}, ""},
	"an empty part first":     {"b0undary", "--b0undary\r\nContent-Type: image/jpeg\r\nContent-Length: 0\r\n\r\n\r\n" + part(one, 0) + part(two, 0), []string{one, two}, "empty"},
	"dashes left out":         {"--b", strings.ReplaceAll(part(one, 0)+part(two, 0), "--b0undary", "b"), []string{one, two}, ""},
	"no boundary named":       {"", "\r\n" + part(one, 0) + part(two, 0), []string{one, two}, ""},
	"another boundary":        {"frame", part(one, 0) + part(two, 0), []string{one, two}, ""},
	"another, no lengths":     {"frame", jpegHead + one + "\r\n" + jpegHead + two + "\r\n", []string{one, two}, ""},
	"closing boundary opens":  {"b0undary", strings.ReplaceAll(parts(0, one, two), "--b0undary", "--b0undary--"), []string{one, two}, ""},
	"boundary twice":          {"b0undary", "--b0undary\r\n" + parts(0, one, two), []string{one, two}, ""},
	"boundary twice, apart":   {"b0undary", "--b0undary\r\n\r\n" + parts(0, one, two), []string{one, two}, ""},
	"first boundary missing":  {"b0undary", strings.TrimPrefix(parts(0, one, two), "--b0undary\r\n"), []string{one, two}, ""},
	"header in its line":      {"b0undary", strings.ReplaceAll(parts(0, one, two), "--b0undary\r\n", "--b0undary"), []string{one, two}, ""},
	"and after a space":       {"b0undary", strings.ReplaceAll(parts(0, one, two), "--b0undary\r\n", "--b0undary "), []string{one, two}, ""},
	"and another boundary":    {"frame", strings.ReplaceAll(parts(-9, one, two), "--b0undary\r\n", "--b0undary"), []string{one, two}, "9 bytes too short"},
	"line feeds":              {"b0undary", strings.ReplaceAll(jpegHead, "\r\n", "\n") + one + "\n" + strings.ReplaceAll(jpegHead, "\r\n", "\n") + two, []string{one, two}, ""},
	"no line end":             {"b0undary", jpegHead + one + jpegHead + two + "--b0undary--", []string{one, two}, ""},
	"no line end, lengths":    {"b0undary", strings.ReplaceAll(parts(0, one, two), "\r\n--", "--"), []string{one, two}, ""},
	"many line ends":          {"b0undary", strings.ReplaceAll(parts(0, one, two), "\r\n--", "\r\n\r\n\r\n--"), []string{one, two}, ""},
	"no lengths":              {"b0undary", jpegHead + one + "\r\n" + jpegHead + two + "\r\n--b0undary--\r\n", []string{one, two}, ""},
	"no type, no length":      {"b0undary", "--b0undary\r\n\r\n" + one + "\r\n--b0undary\r\n\r\n" + two, []string{one, two}, ""},
	"no blank line":           {"b0undary", strings.ReplaceAll(parts(0, one, two), "\r\n\r\n", "\r\n"), []string{one, two}, ""},
	"capitals":                {"b0undary", strings.ToUpper(jpegHead[10:]) + one + "\r\n" + part(two, 0), []string{one, two}, ""},
	"7 too long":              {"b0undary", parts(7, one, two, three), []string{one, two, three}, "Content-Length 7 bytes too long"},
	"the line end counted":    {"b0undary", parts(2, one, two, three), []string{one, two, three}, ""},
	"50000 too long":          {"b0undary", parts(50000, one, two, three), []string{one, two, three}, "50000 bytes too long"},
	"1 too short":             {"b0undary", parts(-1, one, two, three), []string{one, two, three}, "Content-Length 1 bytes too short"},
	"500 too short":           {"b0undary", parts(-500, one, two, three), []string{one, two, three}, "500 bytes too short"},
	"of the picture before":   {"b0undary", part(one, 0) + part(two, len(thumbnailed)-len(two)) + part(thumbnailed, len(two)-len(thumbnailed)) + part(three, 0), []string{one, two, thumbnailed, three}, "too"},
	"negative":                {"b0undary", stating("-1", one) + stating("-1", two), []string{one, two}, `Content-Length "-1"`},
	"letters":                 {"b0undary", stating("abc", one) + stating("", two), []string{one, two}, `Content-Length "abc"`},
	"zero":                    {"b0undary", stating("0", one) + stating("0", two), []string{one, two}, ""},
	"a unit":                  {"b0undary", stating(fmt.Sprint(len(one), " bytes"), one) + stating(fmt.Sprint(len(two), ";"), two), []string{one, two}, "Content-Length"},
	"a sign":                  {"b0undary", stating(fmt.Sprint("+", len(one)), one) + stating(fmt.Sprint("+", len(two)), two), []string{one, two}, "Content-Length"},
	"beyond measure":          {"b0undary", stating("99999999999999999999", one) + stating("400000000", two), []string{one, two}, "Content-Length"},
	"text first":              {"b0undary", text + part(one, 0) + text + part(two, 0), []string{one, two}, "parts of \"text/plain\""},
	"text between":            {"b0undary", part(one, 0) + text + text + part(two, 0), []string{one, two}, "parts of \"text/plain\""},
	"text of a wrong length":  {"b0undary", part(one, 0) + strings.Replace(text, "14", "90", 1) + part(two, 0), []string{one, two}, "parts of \"text/plain\""},
	"text like a JPEG":        {"b0undary", part(one, 0) + strings.Replace(text, "motion=0;io=0\n", "\xFF\xD8\xFFabcdefghijk", 1) + part(two, 0), []string{one, "\xFF\xD8\xFFabcdefghijk", two}, ""},
	"text with an SOI":        {"b0undary", part(one, 0) + strings.Replace(text, "motion=0;io=0\n", "a\xFF\xD8\xFFbcdefghijk", 1) + part(two, 0), []string{one, two}, "parts of \"text/plain\""},
	"type is text":            {"b0undary", strings.ReplaceAll(parts(0, one, two), "image/jpeg", "text/html"), []string{one, two}, ""},
	"words before the first":  {"b0undary", "Note: hello\r\n\r\n" + parts(0, one, two), []string{one, two}, ""},
	"a head before the first": {"b0undary", "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=--b0undary\r\n\r\nA stream\r\n\r\n" + parts(0, one, two), []string{one, two}, ""},
	"back to back":            {"", one + two + three, []string{one, two, three}, ""},
	"one JPEG":                {"ipcam264", one, []string{one}, ""},
	"bytes before":            {"b0undary", part("\x00\x00abc"+one, 0) + part("\x00\x00abc"+two, 0), []string{one, two}, "5 bytes precede the JPEG"},
	"bytes before, unsized":   {"b0undary", jpegHead + "abc" + one + "\r\n" + jpegHead + "abc" + two, []string{one, two}, "3 bytes precede the JPEG"},
	"empty pairs":             {"b0undary", part("\xFF\xD8\xFF\xD9\xFF\xD8\xFF\xD9"+one, 0) + part("\xFF\xD8\xFF\xD9", 0) + part(two, 0), []string{one, two}, "without a picture, are sent"},
	"no end marker":           {"b0undary", parts(0, unmarked, unmarked, two), []string{unmarked, unmarked, two}, ""},
	"no marker, unsized":      {"b0undary", jpegHead + unmarked + "\r\n" + jpegHead + unmarked + "\r\n" + jpegHead + two, []string{unmarked, unmarked, two}, ""},
	"no marker, no line end":  {"b0undary", jpegHead + unmarked + jpegHead + two, []string{unmarked, two}, ""},
	"another, no marker":      {"frame", jpegHead + unmarked + "\r\n" + jpegHead + unmarked + jpegHead + two, []string{unmarked, unmarked, two}, ""},
	"no marker, too long":     {"b0undary", parts(9, unmarked, unmarked, two), []string{unmarked, unmarked, two}, "9 bytes too long"},
	"no marker, back to back": {"", unmarked + two, []string{unmarked, two}, ""},
	"thumbnails":              {"b0undary", parts(-1, thumbnailed, thumbnailed) + jpegHead + thumbnailed + "\r\n" + jpegHead + two, []string{thumbnailed, thumbnailed, thumbnailed, two}, "too short"},
	"a boundary in a comment": {"b", strings.ReplaceAll(parts(0, inside(one, "\xFE", "a\r\n--b\r\n"), two), "b0undary", "b"), []string{inside(one, "\xFE", "a\r\n--b\r\n"), two}, ""},
	"padding":                 {"b0undary", parts(0, one+strings.Repeat("\x00", 400), two+strings.Repeat("\x00", 100)), []string{one, two}, ""},
	"padding of old pictures": {"b0undary", parts(0, one+three[300:]+three[:300], two+three[9:300]), []string{one, two}, ""},
	"no picture":              {"b0undary", part("<html>", 0) + part(two, 0) + part("", 0), []string{"<html>", two, ""}, ""},
	"no picture, unsized":     {"b0undary", jpegHead + "<html>\r\n" + jpegHead + two, []string{"<html>", two}, ""},
	"cut, and the next whole": {"b0undary", jpegHead + one[:30] + "\r\n" + jpegHead + two, []string{one[:30], two}, ""},
	"a long header line":      {"b0undary", strings.Replace(parts(0, one, two), "Content-Type", "X: "+strings.Repeat("y", 2*maxLine)+"\r\nContent-Type", 1), []string{one, two}, ""},
	"many headers":            {"b0undary", strings.ReplaceAll(parts(0, one, two), "Content-Type", strings.Repeat("X-Y: z\r\n", 300)+"Content-Type"), []string{one, two}, ""},
	"header without a name":   {"b0undary", strings.ReplaceAll(parts(0, one, two), "Content-Type", "Tue, 12 Jun 2012\r\n: x\r\nContent-Type"), []string{one, two}, ""},
}

func TestMultipartVariantsOfCamerasAreRead(t *testing.T) {
	for name, c := range multiparts {
		for way, reader := range map[string]io.Reader{
			"whole":        strings.NewReader(c.body),
			"byte by byte": iotest.OneByteReader(strings.NewReader(c.body)),
			"with its end": iotest.DataErrReader(strings.NewReader(c.body)),
		} {
			got, odd, err := readParts(NewReader(reader, c.boundary))
			if !slices.Equal(got, c.want) || !errors.Is(err, io.EOF) {
				t.Errorf("%s, %s: %v\n%s, want\n%s", name, way, err, shortened(got), shortened(c.want))
			}
			if said := strings.Join(odd, "; "); (said == "") != (c.odd == "") || !strings.Contains(said, c.odd) {
				t.Errorf("%s, %s: %q is odd, want %q", name, way, said, c.odd)
			}
		}
	}
}

// readParts reads all parts.
func readParts(p *Reader) (parts, odd []string, err error) {
	p.Odd = func(_, text string) { odd = append(odd, text) }
	for {
		part, err := p.Next()
		if err != nil {
			return parts, odd, err
		}
		parts = append(parts, string(part))
	}
}

// shortened shows parts by their lengths and ends.
func shortened(parts []string) (text string) {
	for _, p := range parts {
		text += fmt.Sprintf("%d: %.12q…%q  ", len(p), p, p[max(0, len(p)-6):])
	}
	return text
}

// TestPictureDoesNotWaitForTheNextOne has cameras that send nothing after a picture until the next one.
func TestPictureDoesNotWaitForTheNextOne(t *testing.T) {
	for name, c := range map[string]struct {
		each func(picture string) string
		want []string
	}{
		"right length":     {func(p string) string { return part(p, 0) }, []string{one, two, three}},
		"no length":        {func(p string) string { return jpegHead + p }, []string{one, two, three}},
		"7 too long":       {func(p string) string { return part(p, 7) }, []string{one, two, three}},
		"500 too short":    {func(p string) string { return part(p, -500) }, []string{one, two, three}},
		"back to back":     {func(p string) string { return p }, []string{one, two, three}},
		"padded":           {func(p string) string { return part(p+"\x00\x00\x00", 0) }, []string{one, two, three}},
		"boundary at once": {func(p string) string { return part(p, 0)[12:] + "--b0undary\r\n" }, []string{one, two, three}},
	} {
		chunks := &chunked{}
		p := NewReader(chunks, "b0undary")
		for i, picture := range []string{one, two, three} {
			chunks.left = append(chunks.left, c.each(picture))
			if got, err := p.Next(); err != nil || string(got) != c.want[i] {
				t.Errorf("%s: picture %d: %d bytes, %v", name, i, len(got), err)
			}
		}
	}
}

// chunked returns a chunk with each read. It fails where a real connection would wait.
type chunked struct{ left []string }

func (c *chunked) Read(to []byte) (int, error) {
	if len(c.left) == 0 {
		return 0, errors.New("it waits")
	}
	n := copy(to, c.left[0])
	if c.left[0] = c.left[0][n:]; c.left[0] == "" {
		c.left = c.left[1:]
	}
	return n, nil
}

func TestStillsAreReadWithAndWithoutTheirLength(t *testing.T) {
	for name, c := range map[string]struct {
		length int
		body   string
		want   []string
	}{
		"right":               {len(one), one, []string{one}},
		"none":                {0, one, []string{one}},
		"padded":              {len(one) + 9, one + "\x00\x00\x00\x00\x00\x00\xFF\xD8\xFF", []string{one}},
		"too long":            {len(one) + 5, one, []string{one}},
		"several":             {0, one + two, []string{one, two}},
		"several, the length": {len(one + two), one + two, []string{one + two}}, // jpeg.Read looks at the first one
		"no JPEG":             {6, "<html>", []string{"<html>"}},
		"no JPEG, no length":  {0, "<html>", []string{"<html>"}},
	} {
		got, _, err := readParts(NewPictureReader(strings.NewReader(c.body), c.length))
		if !slices.Equal(got, c.want) || !errors.Is(err, io.EOF) {
			t.Errorf("%s: %s, %v", name, shortened(got), err)
		}
	}
}

func TestBadMultipartIsRefused(t *testing.T) {
	for name, body := range map[string]string{
		"a stream that breaks off":  part(one, 0)[:300],
		"text that breaks off":      "--b0undary\r\nContent-Length: 10\r\n\r\nabc",
		"nothing but bytes":         strings.Repeat("A: "+strings.Repeat("b", 4000)+"\r\n", jpeg.MaxSize/4000),
		"a picture beyond measure":  jpegHead + "\xFF\xD8" + strings.Repeat("\x00", jpeg.MaxSize),
		"a part without a picture":  jpegHead + strings.Repeat("\x00", jpeg.MaxSize+1),
		"a header that never ends":  "--b0undary\r\nA: " + strings.Repeat("b", jpeg.MaxSize),
		"a picture and its comment": jpegHead + "\xFF\xD8" + strings.Repeat("\xFF\xFE\xFF\xFF"+strings.Repeat("c", 0xFFFD), jpeg.MaxSize>>16+1),
	} {
		if parts, _, err := readParts(NewReader(strings.NewReader(body), "b0undary")); err == nil || err == io.EOF || len(parts) > 0 {
			t.Errorf("%s: %s, %v", name, shortened(parts), err)
		}
	}
}

// BenchmarkParts compares what a part costs with a right length, and without one, when its end is looked for.
func BenchmarkParts(b *testing.B) {
	picture := partPicture(1)
	picture = picture[:len(picture)-2] + strings.Repeat(strings.Repeat("abc", 80)+"\xFF\x00", 400) + "\xFF\xD9"
	for name, part := range map[string]string{"right": part(picture, 0), "none": jpegHead + picture + "\r\n", "wrong": stating("x", picture)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(part)))
			p := NewReader(&endless{part: part}, "b0undary")
			for b.Loop() {
				if got, err := p.Next(); err != nil || len(got) != len(picture) {
					b.Fatal(len(got), err)
				}
			}
		})
	}
}

// endless repeats a part.
type endless struct {
	part string
	at   int
}

func (e *endless) Read(to []byte) (int, error) {
	n := copy(to, e.part[e.at:])
	e.at = (e.at + n) % len(e.part)
	return n, nil
}

// FuzzParts: whatever a camera sends, there are parts or an error, within bounds of memory. What arrives whole and what arrives byte
// by byte has the same end.
func FuzzParts(f *testing.F) {
	for _, c := range multiparts {
		if len(c.body) < 10_000 {
			f.Add(c.boundary, []byte(c.body))
		}
	}
	f.Add("b", []byte("--b\r\nContent-Type: image/jpeg\r\nContent-Length: 3\r\n\r\nabc\r\n--b\r\n\r\nxyz\r\n--b--\r\n"))
	f.Add("--b", []byte("--b\nContent-Length: 0\n\n\n--b\n\n"))
	f.Add("", []byte("--x\r\n\r\n\r\n--x--"))
	f.Add("b", []byte("--b\r\nContent-Length: "+strconv.Itoa(jpeg.MaxSize)+"\r\n\r\n"))
	f.Fuzz(func(t *testing.T, boundary string, body []byte) {
		for _, p := range []*Reader{
			NewReader(bytes.NewReader(body), boundary),
			NewReader(iotest.OneByteReader(bytes.NewReader(body)), boundary),
			NewPictureReader(bytes.NewReader(body), len(body)),
		} {
			p.Odd = func(_, text string) {
				if len(text) > 200 {
					t.Errorf("%d bytes say what is odd", len(text))
				}
			}
			total, ended := 0, false
			for range len(body) + 2 {
				part, err := p.Next()
				if ended = err != nil; ended {
					break
				}
				if total += len(part); total > len(body) {
					t.Fatalf("%d bytes of parts in a body of %d", total, len(body))
				}
			}
			if !ended {
				t.Fatal("a body of", len(body), "bytes has no end")
			}
			if len(p.buffer.bytes) > 4*len(body)+4*readSize {
				t.Errorf("%d bytes of memory for a body of %d", len(p.buffer.bytes), len(body))
			}
		}
	})
}
