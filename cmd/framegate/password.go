package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/framegate/framegate/configs/password"

	"golang.org/x/term"
)

// readPassword returns a new password for a user. At a terminal, the password is entered twice and not shown. Otherwise it is the only
// line of stdin.
func readPassword(ctx context.Context, name string) (string, error) {
	fd := int(os.Stdin.Fd())
	if !term.IsTerminal(fd) {
		return passwordLine(os.Stdin)
	}
	first, err := enterLine(ctx, fd, "Password for "+name+": ")
	if err == nil {
		err = password.Check(first)
	}
	if err != nil {
		return "", err
	}
	second, err := enterLine(ctx, fd, "Repeat the password: ")
	if err == nil && first != second {
		err = errors.New("the two passwords are not the same; nothing was changed")
	}
	return first, err
}

// passwordLine reads a text that must be a single line, and returns it as a password.
func passwordLine(from io.Reader) (string, error) {
	text, err := io.ReadAll(bufio.NewReader(io.LimitReader(from, password.MaxLength+3)))
	if err != nil {
		return "", err
	}
	line := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if strings.Contains(line, "\n") {
		return "", errors.New("stdin has more than one line; it must be the password only")
	}
	return line, password.Check(line)
}

// enterLine asks for a line at the terminal, which does not show it. When it returns, even because ctx is done, the terminal shows what is
// typed again.
func enterLine(ctx context.Context, fd int, question string) (string, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	fmt.Fprint(os.Stderr, question)
	type line struct {
		text []byte
		err  error
	}
	entered := make(chan line, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		entered <- line{text, err}
	}()
	defer fmt.Fprintln(os.Stderr)
	select {
	case l := <-entered:
		return string(l.text), l.err
	case <-ctx.Done():
		term.Restore(fd, before)
		return "", errors.New("interrupted; nothing was changed")
	}
}
