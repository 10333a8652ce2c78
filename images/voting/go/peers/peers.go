// Package peers says how long to wait for the services behind us, and what may be sent to them a second time.
package peers

import (
	"errors"
	"io"
	"syscall"
	"time"
)

const (
	// ConnectLimit is how long a new connection may take.
	ConnectLimit = 2 * time.Second
	// AnswerLimit is how long a peer may be silent.
	AnswerLimit = 4 * time.Second
)

// Reading runs a question, and once more when the connection broke under it: a question changes nothing, so it may be
// sent twice (RFC 9110, 9.2.2). An answer is an answer, whatever it says, and a timeout is a timeout.
// A vote must not go through here.
func Reading(question func() error) error {
	err := question()
	if broke(err) {
		return question()
	}
	return err
}

func broke(err error) bool {
	for _, ending := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, ending) {
			return true
		}
	}
	return false
}
