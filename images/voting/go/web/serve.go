package web

import (
	"context"
	"log"
	"net"
	"net/http"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"votingconformance/voting/settings"
)

// keepIdle: the sidecar keeps its connections. Were we to close an idle one first, a request on its way would be lost.
const keepIdle = 2 * time.Hour

// leaving is how long requests are still taken after SIGTERM: who leads them here hears of the end a moment later.
const leaving = 1500 * time.Millisecond

// finishLimit is how long requests that run may go on after that, so that a pod is gone within 4 s.
const finishLimit = 1800 * time.Millisecond

// Run serves until SIGTERM or SIGINT. program is the name that the log shows.
func Run(program string, told settings.Common, handler http.Handler) error {
	ending, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	listener, err := net.Listen("tcp", net.JoinHostPort("0.0.0.0", strconv.Itoa(told.Port)))
	if err != nil {
		return err
	}
	log.Printf("%s %s listens on port %d, store: %s at %s", program, told.Version, told.Port, told.Store, told.StoreAddress())
	return Serve(ending, listener, handler)
}

// Serve answers until a moment after ending is done. Then it stops listening, lets requests that run finish within
// finishLimit, and returns.
func Serve(ending context.Context, listener net.Listener, handler http.Handler) error {
	// No limit on the time until a request's first byte either: a sidecar may open a connection before it needs one.
	server := &http.Server{Handler: handler, IdleTimeout: keepIdle}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ending.Done():
		time.Sleep(leaving)
	}
	limited, cancel := context.WithTimeout(context.Background(), finishLimit)
	defer cancel()
	if err := server.Shutdown(limited); err != nil {
		return server.Close()
	}
	return nil
}
