package jpeg

import (
	"bytes"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"slices"
	"testing"
)

// encodeJPEG is a picture of Go's encoder, which uses the standard Huffman tables.
func encodeJPEG(t testing.TB, width, height int) []byte {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		for y := range height {
			picture.Set(x, y, color.RGBA{byte(x * 7), byte(y * 5), byte(x * y), 255})
		}
	}
	var file bytes.Buffer
	if err := stdjpeg.Encode(&file, picture, nil); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// withoutHuffman takes the DHT segments out, as USB cameras do.
func withoutHuffman(t testing.TB, data []byte) []byte {
	t.Helper()
	i := bytes.Index(data, []byte{0xFF, markDHT})
	if i < 0 {
		t.Fatal("no tables")
	}
	length := int(data[i+2])<<8 | int(data[i+3])
	return append(bytes.Clone(data[:i]), data[i+2+length:]...)
}

func TestMissingHuffmanTablesArePutIn(t *testing.T) {
	whole := encodeJPEG(t, 64, 48)
	bare := withoutHuffman(t, whole)
	if _, err := stdjpeg.Decode(bytes.NewReader(bare)); err == nil {
		t.Fatal("the tables were not needed")
	}
	p, err := Read(bare)
	if err != nil || p.Width != 64 || p.Height != 48 {
		t.Fatal(p, err)
	}
	want, _ := stdjpeg.Decode(bytes.NewReader(whole))
	got, err := stdjpeg.Decode(bytes.NewReader(p.Repaired(bare)))
	if err != nil || !bytes.Equal(got.(*image.YCbCr).Y, want.(*image.YCbCr).Y) {
		t.Error("another picture", err)
	}
}

func TestWholeJPEGStaysAsItIsWithoutPadding(t *testing.T) {
	whole := encodeJPEG(t, 64, 48)
	padded := append(bytes.Clone(whole), make([]byte, 500)...)
	p, err := Read(padded)
	if err != nil || !bytes.Equal(p.Repaired(padded), whole) {
		t.Error(p, err)
	}
}

func TestBrokenJPEGIsRefused(t *testing.T) {
	whole := encodeJPEG(t, 64, 48)
	for name, data := range map[string][]byte{
		"empty": {}, "html": []byte("<html>not found</html>"), "cut in the scan": whole[:len(whole)-40],
		"cut in the headers": whole[:100], "without pictures": {0xFF, markSOI, 0xFF, markEOI, 0, 0},
		"a scan without components": shortScan(whole, 2), "a scan with a short header": shortScan(whole, 7),
		"noise behind the beginning": append([]byte{0xFF, markSOI}, bytes.Repeat([]byte{7}, 100)...),
	} {
		if p, err := Read(data); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// shortScan changes the length of the header of the scan.
func shortScan(data []byte, length byte) []byte {
	data = bytes.Clone(data)
	data[bytes.Index(data, []byte{0xFF, markSOS})+3] = length
	return data
}

// insert puts bytes in front of the first marker of a kind.
func insert(data []byte, mark byte, more ...byte) []byte {
	return slices.Insert(bytes.Clone(data), bytes.Index(data, []byte{0xFF, mark}), more...)
}

// comment is a comment segment of n bytes that states its length.
func comment(n, stated int) []byte {
	c := make([]byte, n)
	copy(c, []byte{0xFF, markCOM, byte(stated >> 8), byte(stated)})
	return c
}

func TestOddJPEGsBecomeWholeOnes(t *testing.T) {
	whole, other := encodeJPEG(t, 64, 48), encodeJPEG(t, 16, 16)
	open := whole[:len(whole)-2]
	for name, data := range map[string][]byte{
		"without an end marker":                   open,
		"without the last byte":                   whole[:len(whole)-1],
		"without an end marker, padded":           append(bytes.Clone(open), make([]byte, 300)...),
		"without an end marker or Huffman tables": withoutHuffman(t, open),
		"behind a line end":                       append([]byte("\r\n"), whole...),
		"behind text":                             append([]byte("Content-Type: image/jpeg\r\n\r\n"), whole...),
		"behind empty pictures":                   append([]byte{0xFF, markSOI, 0xFF, markEOI, 0xFF, markSOI, 0xFF, markEOI}, whole...),
		"behind two start markers":                append([]byte{0xFF, markSOI}, whole...),
		"before another one":                      slices.Concat(whole, other),
		"before the end of another one":           slices.Concat(whole, other[len(other)-200:]),
		"with a comment":                          insert(whole, markDQT, comment(100, 98)...),
		"with a comment longer than it says":      insert(whole, markDQT, comment(4702, 4094)...),
		"with a comment of length 0":              insert(whole, markDQT, comment(100, 0)...),
		"with a comment beyond the end":           insert(whole, markDQT, comment(100, 65535)...),
		"with zeros between segments":             insert(whole, markSOS, make([]byte, 9)...),
		"with fill bytes":                         insert(whole, markSOS, 0xFF, 0xFF),
		"with a JPEG as its thumbnail":            insert(whole, markDQT, slices.Concat([]byte{0xFF, markAPP1, byte((len(other) + 2) >> 8), byte(len(other) + 2)}, other)...),
	} {
		p, err := Read(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		repaired := p.Repaired(data)
		want, _ := stdjpeg.Decode(bytes.NewReader(whole))
		got, err := stdjpeg.Decode(bytes.NewReader(repaired))
		if err != nil || got.Bounds() != want.Bounds() || !bytes.Equal(got.(*image.YCbCr).Y, want.(*image.YCbCr).Y) {
			t.Errorf("%s: another picture: %v", name, err)
		}
		if p, err := Read(repaired); err != nil || len(p.Repairs()) > 0 {
			t.Errorf("%s: repaired, it still has %q (%v)", name, p.Repairs(), err)
		}
	}
}
