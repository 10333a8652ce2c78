package peers

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestAQuestionIsRepeatedOnceAndOnlyWhenTheConnectionBrokeUnderIt(t *testing.T) {
	for _, one := range []struct {
		err   error
		asked int
	}{
		{nil, 1},
		{io.EOF, 2},
		{fmt.Errorf("reading: %w", io.ErrUnexpectedEOF), 2},
		{&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, 2},
		{&net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.EPIPE)}, 2},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, 1},
		{os.ErrDeadlineExceeded, 1},
		{errors.New("WRONGTYPE"), 1},
	} {
		asked := 0
		ask := func() error {
			asked++
			return one.err
		}
		err := Reading(ask, ask)
		if asked != one.asked || !errors.Is(err, one.err) {
			t.Errorf("%v: asked %d times, %v; want %d times", one.err, asked, err, one.asked)
		}
	}
}

func TestAClientsOwnWordForABrokenConnectionCounts(t *testing.T) {
	gone := errors.New("gone")
	err := Reading(func() error { return gone }, func() error { return nil }, gone)
	if err != nil {
		t.Errorf("%v; want the second answer", err)
	}
}
