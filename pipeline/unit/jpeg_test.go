package unit

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
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
	if err := jpeg.Encode(&file, picture, nil); err != nil {
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
	if _, err := jpeg.Decode(bytes.NewReader(bare)); err == nil {
		t.Fatal("the tables were not needed")
	}
	p, err := ReadJPEG(bare)
	if err != nil || p.Width != 64 || p.Height != 48 {
		t.Fatal(p, err)
	}
	want, _ := jpeg.Decode(bytes.NewReader(whole))
	got, err := jpeg.Decode(bytes.NewReader(p.Repaired(bare)))
	if err != nil || !bytes.Equal(got.(*image.YCbCr).Y, want.(*image.YCbCr).Y) {
		t.Error("another picture", err)
	}
}

func TestWholeJPEGStaysAsItIsWithoutPadding(t *testing.T) {
	whole := encodeJPEG(t, 64, 48)
	padded := append(bytes.Clone(whole), make([]byte, 500)...)
	p, err := ReadJPEG(padded)
	if err != nil || !bytes.Equal(p.Repaired(padded), whole) {
		t.Error(p, err)
	}
}

func TestBrokenJPEGIsRefused(t *testing.T) {
	whole := encodeJPEG(t, 64, 48)
	for name, data := range map[string][]byte{
		"empty": {}, "html": []byte("<html>not found</html>"), "cut in the scan": whole[:len(whole)-40],
		"cut in the headers": whole[:100], "without pictures": {0xFF, markSOI, 0xFF, markEOI, 0, 0},
		"noise behind the beginning": append([]byte{0xFF, markSOI}, bytes.Repeat([]byte{7}, 100)...),
	} {
		if p, err := ReadJPEG(data); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func FuzzJPEG(f *testing.F) {
	whole := encodeJPEG(f, 16, 16)
	f.Add(whole)
	f.Add(withoutHuffman(f, whole))
	f.Add([]byte{0xFF, 0xFF, markSOI})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ReadJPEG(data)
		if err != nil {
			return
		}
		again, err := ReadJPEG(p.Repaired(data))
		if err != nil || !again.huffman || again.Width != p.Width || again.Height != p.Height {
			t.Errorf("%+v repaired is %+v %v", p, again, err)
		}
	})
}
