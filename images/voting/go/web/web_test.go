package web

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestRoutesAnswerByPathAndMethod(t *testing.T) {
	said := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { Answer(w, 200, Text, []byte(text)) }
	}
	routes := Routes{
		"/":      {http.MethodGet: said("page"), http.MethodPost: said("vote")},
		"/set":   {http.MethodPost: said("set")},
		"/alive": {http.MethodGet: Alive},
	}
	for _, one := range []struct {
		method, path string
		status       int
		allow, body  string
	}{
		{"GET", "/", 200, "", "page"},
		{"GET", "/?vote=x", 200, "", "page"},
		{"GET", "//", 200, "", "page"},
		{"POST", "/", 200, "", "vote"},
		{"HEAD", "/", 200, "", "page"},
		{"OPTIONS", "/", 200, "GET, HEAD, OPTIONS, POST", ""},
		{"PUT", "/", 405, "GET, HEAD, OPTIONS, POST", "Method Not Allowed"},
		{"GET", "/set", 405, "OPTIONS, POST", "Method Not Allowed"},
		{"HEAD", "/set", 405, "OPTIONS, POST", "Method Not Allowed"},
		{"GET", "//alive", 200, "", "alive"},
		{"GET", "/alive/", 404, "", "404 Not Found"},
		{"POST", "/nothing", 404, "", "404 Not Found"},
	} {
		answer := httptest.NewRecorder()
		routes.ServeHTTP(answer, httptest.NewRequest(one.method, one.path, nil))
		if got := answer.Header().Get("Allow"); answer.Code != one.status || got != one.allow ||
			!strings.Contains(answer.Body.String(), one.body) {
			t.Errorf("%s %s: %d, Allow %q, %q; want %+v", one.method, one.path, answer.Code, got, answer.Body, one)
		}
	}
}

func TestARefusalShowsNoMarkupOfOthers(t *testing.T) {
	answer := httptest.NewRecorder()
	Refuse(answer, http.StatusBadRequest, `not <b> & "c"`)
	want := "<!doctype html>\n<html lang=en>\n<title>400 Bad Request</title>\n<h1>Bad Request</h1>\n" +
		"<p>not &lt;b&gt; &amp; &#34;c&#34;</p>\n"
	if answer.Code != 400 || answer.Body.String() != want {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

// serving is a server whose one view answers when it is told to.
type serving struct {
	address  string
	end      context.CancelFunc
	arrived  chan bool
	proceed  chan bool
	returned chan error
}

func serve(t *testing.T) *serving {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ending, end := context.WithCancel(context.Background())
	s := &serving{listener.Addr().String(), end, make(chan bool), make(chan bool), make(chan error, 1)}
	view := func(w http.ResponseWriter, request *http.Request) {
		s.arrived <- true
		select {
		case <-s.proceed:
		case <-request.Context().Done():
		}
		Answer(w, 200, Text, []byte("done"))
	}
	go func() { s.returned <- Serve(ending, listener, http.HandlerFunc(view)) }()
	return s
}

func (s *serving) ask() (string, error) {
	response, err := http.Get("http://" + s.address)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func TestARequestThatRunsIsFinishedAfterTheEndWasAskedFor(t *testing.T) {
	s := serve(t)
	answered := make(chan string)
	go func() {
		body, err := s.ask()
		answered <- body + errorText(err)
	}()
	<-s.arrived
	s.end()
	for { // until it no longer listens
		connection, err := net.Dial("tcp", s.address)
		if err != nil {
			break
		}
		connection.Close()
	}
	s.proceed <- true
	if got := <-answered; got != "done" {
		t.Errorf("the request that ran ended with %q", got)
	}
	if err := <-s.returned; err != nil {
		t.Error(err)
	}
}

func TestWhoHasNotHeardOfTheEndYetIsAnswered(t *testing.T) {
	s := serve(t)
	s.end()
	time.Sleep(leaving / 2)
	answered := make(chan string)
	go func() {
		body, err := s.ask()
		answered <- body + errorText(err)
	}()
	<-s.arrived
	s.proceed <- true
	if got := <-answered; got != "done" {
		t.Errorf("the request after the end was asked for ended with %q", got)
	}
}

func TestARequestThatHangsDoesNotHoldUpTheEnd(t *testing.T) {
	s := serve(t)
	failed := make(chan error)
	go func() {
		_, err := s.ask()
		failed <- err
	}()
	<-s.arrived
	asked := time.Now()
	s.end()
	if err := <-s.returned; err != nil {
		t.Error(err)
	}
	if took := time.Since(asked); took > 4*time.Second {
		t.Errorf("the end took %v", took)
	}
	if err := <-failed; err == nil {
		t.Error("the request that hung was answered")
	}
}

func TestAServerThatCanNotListenSaysSo(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	if err := Serve(context.Background(), listener, nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v", err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
