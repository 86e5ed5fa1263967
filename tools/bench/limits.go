package main

import (
	"io"
	"net"
	"runtime"
	"time"

	"github.com/framegate/framegate/internal/table"

	"golang.org/x/sys/unix"
)

// limits adds what any server costs on this machine for a frame of a size: copying it in memory, and writing it to a loopback
// connection whose other end discards it.
func (b *bench) limits(size int) {
	const rounds, frames = 20000, 4096 // more than a cache holds
	from, to := make([]byte, frames*size), make([]byte, size)
	for i := range from {
		from[i] = byte(i)
	}
	began := time.Now()
	for i := range rounds {
		copy(to, from[i%frames*size:][:size])
	}
	b.add(table.Row{Name: "to copy such a frame in memory", Value: 1e6 * time.Since(began).Seconds() / rounds, Unit: "µs"})
	written, err := loopbackWrite(to, rounds)
	if err != nil {
		b.add(table.Row{Name: "to write it to a loopback connection", Missing: err.Error()})
		return
	}
	b.add(table.Row{Name: "to write it to a loopback connection", Value: 1e6 * written, Unit: "µs"})
}

// loopbackWrite is the processor time of one write, in seconds.
func loopbackWrite(frame []byte, rounds int) (float64, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err == nil {
			io.Copy(io.Discard, conn)
		}
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return 0, err
	}
	var spent time.Duration
	runtime.LockOSThread() // the processor time is read of the thread
	defer runtime.UnlockOSThread()
	err = raw.Control(func(fd uintptr) {
		var before, after unix.Timespec
		for range rounds {
			unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &before)
			for left := frame; len(left) > 0; {
				n, err := unix.Write(int(fd), left)
				if err == unix.EAGAIN {
					time.Sleep(100 * time.Microsecond)
					continue
				}
				left = left[max(n, 0):]
			}
			unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &after)
			spent += time.Duration(after.Nano() - before.Nano())
		}
	})
	return spent.Seconds() / float64(rounds), err
}
