package web

import (
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// readyPatience is how long a question waits for a chain that is not whole yet: less than a probe waits for us.
	readyPatience = 4 * time.Second
	// readyPause is the time between two looks at the chain.
	readyPause = 50 * time.Millisecond
)

// Ready says whether check, the chain behind this process, has answered. A question that comes too early is held until
// the chain is whole, so that a pod joins at that moment and not at the next tick of its probe. Once whole is ready for
// good: a restart of a store is the store's, and takes no other pod out.
func Ready(check func() error) http.HandlerFunc {
	var joined atomic.Bool
	return func(w http.ResponseWriter, request *http.Request) {
		if !joined.Load() {
			if err := wholeSoon(request, check); err != nil {
				Answer(w, http.StatusServiceUnavailable, Text, []byte("not ready: "+err.Error()+"\n"))
				return
			}
			joined.Store(true)
		}
		Answer(w, http.StatusOK, Text, []byte("ready\n"))
	}
}

func wholeSoon(request *http.Request, check func() error) error {
	over := time.After(readyPatience)
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-request.Context().Done():
			return err
		case <-over:
			return err
		case <-time.After(readyPause):
		}
	}
}
