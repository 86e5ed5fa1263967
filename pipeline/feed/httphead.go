package feed

import (
	"bytes"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
)

// maxHead bounds the head of an answer in bytes. A longer one is passed on as it is, and net/http refuses it.
const maxHead = 64 << 10

// mendedConn is a connection to an HTTP server. It mends the heads of answers that net/http refuses and browsers accept, see
// mendHead.
type mendedConn struct {
	net.Conn
	odd func(kind, text string)

	awaits atomic.Bool // the next bytes are a head, since a request has been written

	// These belong to the goroutine that reads.
	head []byte // what has come of a head
	out  []byte // what is to be read before the next bytes
	err  error  // what is to be returned after out
}

func newMendedConn(conn net.Conn, odd func(kind, text string)) *mendedConn {
	c := &mendedConn{Conn: conn, odd: odd}
	c.awaits.Store(true)
	return c
}

// Write implements net.Conn. net/http sends a request only after it has read the answer to the previous one.
func (c *mendedConn) Write(p []byte) (int, error) {
	c.awaits.Store(true)
	return c.Conn.Write(p)
}

// Read implements net.Conn.
func (c *mendedConn) Read(p []byte) (int, error) {
	for len(c.out) == 0 {
		if err := c.err; err != nil {
			c.err = nil
			return 0, err
		}
		n, err := c.Conn.Read(p)
		if !c.awaits.Load() || n == 0 && len(c.head) == 0 {
			return n, err
		}
		c.head, c.err = append(c.head, p[:n]...), err
		c.out = c.mend(err != nil)
	}
	n := copy(p, c.out)
	c.out = c.out[n:]
	return n, nil
}

// The heads that are put before an answer without one, as in HTTP/0.9.
const (
	headOfParts = "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace\r\n\r\n"
	headOfJPEG  = "HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n"
)

// mend returns what is to be read in place of c.head, nil if c.head is too short to say. ended means that nothing follows.
func (c *mendedConn) mend(ended bool) (out []byte) {
	text := bytes.TrimLeft(c.head, "\r\n")
	insert, isHead, more := beginning(text)
	switch length := headLength(text); {
	case !ended && len(c.head) <= maxHead && (more || isHead && length == 0):
		return nil
	case insert != "":
		c.odd("no head", "an answer has no status line")
		out = append([]byte(insert), text...)
	case !isHead || length == 0 || length > maxHead:
		out = c.head
	default:
		head, status := mendHead(text[:length], c.odd)
		out = append(head, text[length:]...)
		if status/100 == 1 && status != 101 { // another head follows
			c.head = text[length:]
			if len(c.head) > 0 {
				return append(head, c.mend(ended)...)
			}
			return head
		}
	}
	c.head = nil
	c.awaits.Store(false)
	return out
}

// beginning looks at how an answer begins. insert is the head to put before an answer without one. isHead means that text begins
// with a head, and more that it is too short to say.
func beginning(text []byte) (insert string, isHead, more bool) {
	start := strings.ToLower(string(text[:min(len(text), len("content-"))]))
	for _, b := range []struct {
		with, insert string
		isHead       bool
	}{
		{"http", "", true}, {"icy", "", true}, {"content-", "", true}, {"--", headOfParts, false}, {"\xFF\xD8", headOfJPEG, false},
	} {
		if b.insert == "" && strings.HasPrefix(start, b.with) || b.insert != "" && bytes.HasPrefix(text, []byte(b.with)) {
			return b.insert, b.isHead, false
		}
		more = more || strings.HasPrefix(b.with, start) || bytes.HasPrefix([]byte(b.with), text)
	}
	return "", false, more
}

// headLength is the length of a head with its empty line, 0 if that has not come yet.
func headLength(text []byte) int {
	for at := 0; ; {
		i := bytes.IndexByte(text[at:], '\n')
		if i < 0 {
			return 0
		}
		at += i + 1
		if rest := bytes.TrimPrefix(text[at:], []byte("\r")); bytes.HasPrefix(rest, []byte("\n")) {
			return len(text) - len(rest) + 1
		}
	}
}

// mendHead returns a head that net/http accepts, and its status. It mends what old cameras do and browsers accept: no status line or
// that of ICY, header lines without a name, lengths that are no number, encodings that do not exist, control characters.
func mendHead(head []byte, odd func(kind, text string)) (mended []byte, status int) {
	lines := strings.Split(strings.TrimRight(string(head), "\r\n"), "\n")
	line, status := statusLine(strings.TrimSpace(lines[0]))
	if line == "" {
		odd("no status", "an answer has no status line")
		line, status = "HTTP/1.0 200 OK", 200
	} else {
		lines = lines[1:]
	}
	var b strings.Builder
	b.WriteString(line + "\r\n")
	hasLength, dropped := false, true
	for _, line := range lines {
		line = strings.TrimRight(line, "\r")
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") { // goes on with the line before (RFC 9112, section 5.2)
			if !dropped {
				b.WriteString(printable(line) + "\r\n")
			}
			continue
		}
		name, value, found := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(printable(value))
		dropped = true
		switch {
		case !found || !isToken(name):
			odd("header without a name", fmt.Sprintf("an answer has a header line without a name: %.40q", line))
			continue
		case strings.EqualFold(name, "Content-Length"):
			length, ok := leadingNumber(value)
			if strconv.FormatUint(length, 10) != value {
				odd("content length", fmt.Sprintf("an answer states the Content-Length %.40q", value))
			}
			if !ok || hasLength {
				continue
			}
			hasLength, value = true, strconv.FormatUint(length, 10)
		case strings.EqualFold(name, "Transfer-Encoding") && !strings.EqualFold(value, "chunked"):
			odd("transfer encoding", fmt.Sprintf("an answer states the Transfer-Encoding %.40q", value))
			continue
		}
		dropped = false
		b.WriteString(name + ": " + value + "\r\n")
	}
	return []byte(b.String() + "\r\n"), status
}

// statusLine returns a status line that net/http accepts, and its status. It is empty if line is not a status line.
func statusLine(line string) (mended string, status int) {
	version, rest, _ := strings.Cut(line, " ")
	switch upper := strings.ToUpper(version); {
	case upper == "HTTP/1.0", upper == "HTTP/1.1":
		version = upper
	case strings.HasPrefix(upper, "HTTP"), upper == "ICY":
		version = "HTTP/1.0"
	default:
		return "", 0
	}
	rest = strings.TrimSpace(rest)
	code := rest[:min(3, len(rest))]
	status, err := strconv.Atoi(code)
	if err != nil || status < 100 {
		return printable(line), 0 // net/http says what is wrong with it
	}
	return version + " " + code + " " + strings.TrimSpace(printable(rest[3:])), status
}

// leadingNumber is the number that a value begins with.
func leadingNumber(value string) (n uint64, ok bool) {
	value = strings.TrimPrefix(value, "+")
	digits := value[:len(value)-len(strings.TrimLeft(value, "0123456789"))]
	n, err := strconv.ParseUint(digits, 10, 62)
	return n, err == nil
}

// isToken reports whether s is a header's name (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7F || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	}) < 0
}

// printable is s without control characters, which net/http refuses.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7F {
			return -1
		}
		return r
	}, s)
}
