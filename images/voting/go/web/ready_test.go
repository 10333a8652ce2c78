package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

func askReady(ready http.HandlerFunc, within context.Context) (int, string) {
	answer := httptest.NewRecorder()
	ready(answer, httptest.NewRequestWithContext(within, http.MethodGet, "/ready", nil))
	return answer.Code, answer.Body.String()
}

func TestReadyWaitsForTheChainAndStaysSo(t *testing.T) {
	looks := 0
	ready := Ready(func() error {
		looks++
		if looks == 3 {
			return nil
		}
		return errors.New("Redis: gone")
	})
	for range 2 { // the second time the chain would be broken again
		if status, body := askReady(ready, context.Background()); status != 200 || body != "ready\n" {
			t.Errorf("%d %s", status, body)
		}
	}
	if looks != 3 {
		t.Errorf("%d looks at the chain, want 3", looks)
	}
}

func TestReadySaysWhyNotWhenNobodyWaitsAnyLonger(t *testing.T) {
	gone, leave := context.WithCancel(context.Background())
	leave()
	status, body := askReady(Ready(func() error { return errors.New("Redis: gone") }), gone)
	if status != 503 || body != "not ready: Redis: gone\n" {
		t.Errorf("%d %s", status, body)
	}
}
