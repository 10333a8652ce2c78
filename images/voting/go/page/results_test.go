package page

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"votingconformance/voting/settings"
)

func resultsOf(t *testing.T, analytics http.HandlerFunc) (*Results, *httptest.Server) {
	server := httptest.NewServer(analytics)
	t.Cleanup(server.Close)
	return NewResults(addressOf(t, server.Listener.Addr())), server
}

func addressOf(t *testing.T, listening net.Addr) settings.Address {
	host, port, err := net.SplitHostPort(listening.String())
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return settings.Address{Host: host, Port: number}
}

func TestTheSentenceIsTaken(t *testing.T) {
	results, _ := resultsOf(t, func(w http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodGet && request.RequestURI == "/analytics" {
			w.Write([]byte(`{"text": "  Cats: 2 | Dogs: 4\n", "more": 1}`))
		}
	})
	if text, err := results.Text(); err != nil || text != "Cats: 2 | Dogs: 4" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestWhatIsNoSentenceIsAnError(t *testing.T) {
	for _, one := range []struct {
		status          int
		body, complaint string
	}{
		{503, `{"text": "Cats: 0 | Dogs: 0"}`, "voting-analytics answers 503"},
		{302, "", "voting-analytics answers 302"},
		{200, "<html>", "voting-analytics does not answer in JSON: "},
		{200, "", "voting-analytics does not answer in JSON: "},
		{200, `{"text": " "}`, "voting-analytics answers without a text"},
		{200, `{"text": 1}`, "voting-analytics answers without a text"},
		{200, `["text"]`, "voting-analytics answers without a text"},
		{200, `{}`, "voting-analytics answers without a text"},
	} {
		var asked atomic.Int32
		results, _ := resultsOf(t, func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(one.status)
			w.Write([]byte(one.body))
		})
		if text, err := results.Text(); err == nil || text != "" || !strings.HasPrefix(err.Error(), one.complaint) || asked.Load() != 1 {
			t.Errorf("%d %s: asked %d times, %q, %v", one.status, one.body, asked.Load(), text, err)
		}
	}
}

func TestAConnectionIsKept(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(`{"text": "x"}`))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	results := NewResults(addressOf(t, server.Listener.Addr()))
	for range 20 {
		if _, err := results.Text(); err != nil {
			t.Fatal(err)
		}
	}
	if made := connections.Load(); made != 1 {
		t.Errorf("%d connections for 20 pages", made)
	}
	server.CloseClientConnections()
	if _, err := results.Text(); err != nil {
		t.Errorf("a kept connection that died cost a page: %v", err)
	}
}

func TestAQuestionWhoseConnectionBreaksIsAskedOnceMore(t *testing.T) {
	for breaks, answered := range map[int32]bool{1: true, 2: false} {
		var asked atomic.Int32
		results, _ := resultsOf(t, func(w http.ResponseWriter, _ *http.Request) {
			if asked.Add(1) <= breaks {
				panic(http.ErrAbortHandler)
			}
			w.Write([]byte(`{"text": "x"}`))
		})
		if _, err := results.Text(); (err == nil) != answered || asked.Load() != 2 {
			t.Errorf("%d breaks: asked %d times, %v", breaks, asked.Load(), err)
		}
	}
}

func TestNobodyThereIsAnError(t *testing.T) {
	results, server := resultsOf(t, nil)
	server.Close()
	if _, err := results.Text(); err == nil || !strings.HasPrefix(err.Error(), "voting-analytics does not answer: dial tcp ") {
		t.Error(err)
	}
}
