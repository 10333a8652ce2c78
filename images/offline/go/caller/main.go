// Caller makes raw connections from where it runs, and says how each ended.
//
// `caller wait` does nothing until it is told to end. `caller call JSON` takes a list of calls {"host","port","send"}
// (send in base64; empty: only listen; "listen": wait so long for the server to speak first; "whole": read on to the
// end), makes each as often as "count" says, each time on a connection of its own and a few side by side, and prints a
// list of replies {"kind","received","detail","took"} in the same order, all of one call together; took is in seconds.
// A name is asked for once, however many connections go to it: five questions before each would cost more than they do.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"
)

type call struct {
	Host  string  `json:"host"`
	Port  int     `json:"port"`
	Send  []byte  `json:"send"`
	Limit float64 `json:"limit"`
	Count int     `json:"count"`
	// Listen is how long to wait for the server's first word before sending, in seconds.
	Listen float64 `json:"listen"`
	// Whole is whether to read on until the server ends the answer, not just its first words.
	Whole bool `json:"whole"`
}

func (c call) limit() time.Duration { return time.Duration(c.Limit * float64(time.Second)) }

// place is where a name leads, or why it leads nowhere.
type place struct {
	address string
	err     error
}

// sideBySide keeps a large sample from looking like an attack to a small server.
const sideBySide = 16

// kept is how much of an answer is told: enough to know who gave it.
const kept = 512

type reply struct {
	Kind     string  `json:"kind"`
	Received []byte  `json:"received"`
	Detail   string  `json:"detail"`
	Took     float64 `json:"took"`
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "wait" {
		ending := make(chan os.Signal, 1)
		signal.Notify(ending, syscall.SIGINT, syscall.SIGTERM)
		<-ending
		return
	}
	var calls []call
	if len(os.Args) != 3 || os.Args[1] != "call" {
		fail(errors.New("usage: caller wait | caller call JSON"))
	}
	if err := json.Unmarshal([]byte(os.Args[2]), &calls); err != nil {
		fail(err)
	}
	found := map[string]place{}
	var single []call
	for _, c := range calls {
		if _, known := found[c.Host]; !known {
			found[c.Host] = lookUp(c)
		}
		for range max(c.Count, 1) {
			single = append(single, c)
		}
	}
	replies := make([]reply, len(single))
	places := make(chan struct{}, sideBySide)
	var all sync.WaitGroup
	for i := range single {
		all.Add(1)
		places <- struct{}{}
		go func() {
			defer all.Done()
			started := time.Now()
			replies[i] = answer(single[i], found[single[i].Host])
			replies[i].Took = time.Since(started).Seconds()
			<-places
		}()
	}
	all.Wait()
	if err := json.NewEncoder(os.Stdout).Encode(replies); err != nil {
		fail(err)
	}
}

func lookUp(c call) place {
	limited, cancel := context.WithTimeout(context.Background(), c.limit())
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(limited, c.Host)
	if err != nil {
		return place{err: err}
	}
	return place{address: addresses[0]}
}

func answer(c call, at place) reply {
	if at.err != nil {
		return reply{Kind: unconnected(at.err), Detail: at.err.Error()}
	}
	deadline := time.Now().Add(c.limit())
	connection, err := net.DialTimeout("tcp", net.JoinHostPort(at.address, strconv.Itoa(c.Port)), c.limit())
	if err != nil {
		return reply{Kind: unconnected(err), Detail: err.Error()}
	}
	defer connection.Close()
	buffer := make([]byte, kept)
	if c.Listen > 0 {
		connection.SetReadDeadline(time.Now().Add(time.Duration(c.Listen * float64(time.Second))))
		if n, err := connection.Read(buffer); n > 0 {
			return reply{Kind: "answered", Received: buffer[:n]}
		} else if !isTimeout(err) {
			return reply{Kind: ended(err), Detail: "before a word was sent: " + fmt.Sprint(err)}
		}
	}
	connection.SetDeadline(deadline)
	if len(c.Send) > 0 {
		if _, err := connection.Write(c.Send); err != nil {
			return reply{Kind: ended(err), Detail: "while sending: " + err.Error()}
		}
	}
	if c.Whole {
		n, err := io.ReadFull(connection, buffer)
		if n > 0 {
			return reply{Kind: "answered", Received: buffer[:n]}
		}
		return reply{Kind: ended(err), Detail: fmt.Sprint(err)}
	}
	n, err := connection.Read(buffer)
	if n > 0 {
		return reply{Kind: "answered", Received: buffer[:n]}
	}
	return reply{Kind: ended(err), Detail: fmt.Sprint(err)}
}

// unconnected names the ways in which no connection came about.
func unconnected(err error) string {
	var unresolved *net.DNSError
	switch {
	case errors.As(err, &unresolved):
		return "unresolved"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case isTimeout(err):
		return "timed_out"
	}
	return "failed"
}

// ended names the ways in which a connection ended without a byte.
func ended(err error) string {
	switch {
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, io.EOF):
		return "closed"
	case isTimeout(err):
		return "timed_out"
	}
	return "failed"
}

func isTimeout(err error) bool {
	var late net.Error
	return errors.As(err, &late) && late.Timeout()
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "caller:", err)
	os.Exit(2)
}
