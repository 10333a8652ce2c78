// Package peers says how long to wait for the services behind us, and what may be sent to them a second time.
package peers

import (
	"context"
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
	// Patience is how long to wait for a store that is being replaced: seen 8 s for a MySQL on two busy cores.
	Patience = 15 * time.Second
	// again is the pause between two looks for a store.
	again = 50 * time.Millisecond
)

var endings = []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE}

// Reading runs a question, and again once when the connection broke under it: a question changes nothing, so it may be
// sent twice (RFC 9110, 9.2.2). An answer is an answer, whatever it says, and a timeout is a timeout.
// A vote must not go through here.
//
// again asks on a connection of its own: a sidecar that has a new route closes all that it kept at once, so a second
// kept connection is no better than the first. broken are the errors, besides the system's own, by which a client
// says that the connection broke.
func Reading(question, again func() error, broken ...error) error {
	err := question()
	for _, ending := range append(broken, endings...) {
		if errors.Is(err, ending) {
			return again()
		}
	}
	return err
}

// Waiting tries, and again while the store isn't there for us, until it is or the time is over. absent says so of an
// error, and only of one that means that the store has done nothing.
func Waiting(limited context.Context, try func() error, absent func(error) bool) error {
	for {
		err := try()
		if err == nil || !absent(err) {
			return err
		}
		select {
		case <-limited.Done():
			return err
		case <-time.After(again):
		}
	}
}
