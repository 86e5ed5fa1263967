package unit

// AppendStandardHuffman appends the segment with the Huffman tables of ITU-T T.81, annex K.3, which Motion JPEG leaves out.
func AppendStandardHuffman(to []byte) []byte { return append(to, standardHuffman...) }
