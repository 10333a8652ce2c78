package stores

import (
	"bufio"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"votingconformance/voting/settings"
)

var choices = [2]string{"Cats", "Dogs"}

func openAt(t *testing.T, address string) *RedisVotes {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return OpenRedis(settings.Address{Host: host, Port: number}, time.Second)
}

func checkCounts(t *testing.T, store Votes, want [2]int64) {
	t.Helper()
	if counts, err := store.Counts(choices); err != nil || counts != want {
		t.Errorf("%v, %v; want %v", counts, err, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func TestVotesAreCountedAndResetInRedis(t *testing.T) {
	server := miniredis.RunT(t)
	store := openAt(t, server.Addr())
	must(t, store.Check())
	checkCounts(t, store, [2]int64{0, 0})
	for _, choice := range []string{"Cats", "Dogs", "Dogs"} {
		must(t, store.Record(choice))
	}
	checkCounts(t, store, [2]int64{1, 2})
	if cats := server.HGet("votes", "Cats"); cats != "1" {
		t.Errorf("field Cats of votes is %q", cats)
	}
	must(t, store.Reset())
	checkCounts(t, store, [2]int64{0, 0})
}

func TestVotesSideBySideAreAllCounted(t *testing.T) {
	store := openAt(t, miniredis.RunT(t).Addr())
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() { must(t, store.Record("Cats")) })
	}
	all.Wait()
	checkCounts(t, store, [2]int64{200, 0})
}

func TestWhatRedisRefusesIsAnErrorThatSaysSo(t *testing.T) {
	server := miniredis.RunT(t)
	must(t, server.Set("votes", "no hash"))
	store := openAt(t, server.Addr())
	_, err := store.Counts(choices)
	for _, err := range []error{err, store.Record("Cats")} {
		if err == nil || !strings.HasPrefix(err.Error(), "Redis: WRONGTYPE") {
			t.Error(err)
		}
	}
	must(t, store.Reset())
	server.HSet("votes", "Dogs", "many")
	if _, err := store.Counts(choices); err == nil || err.Error() != "Redis: the count of Dogs is no number" {
		t.Error(err)
	}
}

func TestAStoreThatComesBackIsUsedAtOnce(t *testing.T) {
	server := miniredis.RunT(t)
	store := openAt(t, server.Addr())
	must(t, store.Record("Cats"))
	server.Close()
	for range 60 {
		if err := store.Check(); err == nil || !strings.HasPrefix(err.Error(), "Redis: ") {
			t.Fatal(err)
		}
	}
	must(t, server.Restart())
	must(t, store.Record("Cats"))
	checkCounts(t, store, [2]int64{2, 0})
}

// closing is a server that closes each connection: after it answered a command, or without an answer.
type closing struct {
	net.Listener
	answer string
	lock   sync.Mutex
	heard  []string
	closed chan bool
}

func closeEachConnection(t *testing.T, answer string) *closing {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	server := &closing{Listener: listener, answer: answer, closed: make(chan bool, 16)}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			server.serve(connection)
			server.closed <- true
		}
	}()
	return server
}

func (s *closing) serve(connection net.Conn) {
	defer connection.Close()
	lines := bufio.NewScanner(connection)
	for lines.Scan() {
		switch word := strings.ToLower(lines.Text()); word {
		case "hello":
			connection.Write([]byte("-ERR unknown command\r\n"))
		case "hincrby", "hmget", "del":
			s.lock.Lock()
			s.heard = append(s.heard, word)
			s.lock.Unlock()
			connection.Write([]byte(s.answer))
			return
		}
	}
}

func (s *closing) checkHeard(t *testing.T, want ...string) {
	t.Helper()
	s.lock.Lock()
	defer s.lock.Unlock()
	if strings.Join(s.heard, " ") != strings.Join(want, " ") {
		t.Errorf("the server heard %q, want %q", s.heard, want)
	}
}

func TestAVoteWhoseAnswerIsLostIsNotSentAgain(t *testing.T) {
	server := closeEachConnection(t, "")
	store := openAt(t, server.Addr().String())
	for _, err := range []error{store.Record("Cats"), store.Reset()} {
		if err == nil || !strings.HasPrefix(err.Error(), "Redis: ") {
			t.Error(err)
		}
	}
	server.checkHeard(t, "hincrby", "del")
}

func TestAReadSurvivesThatAllKeptConnectionsCloseAtOnce(t *testing.T) {
	redis := miniredis.RunT(t)
	between := passOn(t, redis.Addr())
	store := openAt(t, between.Addr().String())
	for range 50 {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { checkCounts(t, store, [2]int64{0, 0}) })
		}
		all.Wait()
		// As a sidecar does: nobody is told until the next word is sent.
		between.hangUp()
	}
}

// proxy passes connections on, and can end all that it has once they have sent another word.
type proxy struct {
	net.Listener
	lock  sync.Mutex
	ended []*atomic.Bool
}

func passOn(t *testing.T, address string) *proxy {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	between := &proxy{Listener: listener}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go between.serve(client, address)
		}
	}()
	return between
}

func (p *proxy) serve(client net.Conn, address string) {
	defer client.Close()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	ended := &atomic.Bool{}
	p.lock.Lock()
	p.ended = append(p.ended, ended)
	p.lock.Unlock()
	go io.Copy(client, server)
	words := make([]byte, 4096)
	for {
		n, err := client.Read(words)
		if err != nil || ended.Load() {
			return
		}
		server.Write(words[:n])
	}
}

func (p *proxy) hangUp() {
	p.lock.Lock()
	defer p.lock.Unlock()
	for _, ended := range p.ended {
		ended.Store(true)
	}
	p.ended = nil
}

func TestAReadWhoseAnswerIsLostIsSentOnceMore(t *testing.T) {
	server := closeEachConnection(t, "")
	if _, err := openAt(t, server.Addr().String()).Counts(choices); err == nil {
		t.Error("there was no answer")
	}
	server.checkHeard(t, "hmget", "hmget")
}

func TestAKeptConnectionThatTheOtherEndClosedCostsNoVote(t *testing.T) {
	server := closeEachConnection(t, ":1\r\n")
	store := openAt(t, server.Addr().String())
	for range 5 {
		must(t, store.Record("Cats"))
		<-server.closed
	}
	server.checkHeard(t, "hincrby", "hincrby", "hincrby", "hincrby", "hincrby")
}

func TestAVoteWaitsForARedisThatOnlyTakesReads(t *testing.T) {
	server := miniredis.RunT(t)
	store := openAt(t, server.Addr())
	server.SetError("READONLY You can't write against a read only replica.")
	handedOver := time.AfterFunc(200*time.Millisecond, func() { server.SetError("") })
	defer handedOver.Stop()
	must(t, store.Record("Cats"))
	checkCounts(t, store, [2]int64{1, 0})
}
