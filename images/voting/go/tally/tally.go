// Package tally is the HTTP side of voting-analytics: the results in JSON, and two questions for Kubernetes.
package tally

import (
	"log"
	"net/http"

	"votingconformance/voting/settings"
	"votingconformance/voting/web"
)

// Counted is a store whose votes can be counted. An error says what the store said.
type Counted interface {
	// Counts returns the votes for each choice at one moment.
	Counts(choices [2]string) ([2]int64, error)
}

type results struct {
	Host    string           `json:"host"`
	Text    string           `json:"text"`
	Version string           `json:"version"`
	Votes   map[string]int64 `json:"votes"`
}

type failure struct {
	Error string `json:"error"`
}

// Routes wires the routes to a store. host is this pod's name.
func Routes(told settings.Analytics, store Counted, host string) web.Routes {
	worded := withShares
	if told.Version == "1.0" {
		worded = plain
	}
	analytics := func(w http.ResponseWriter, _ *http.Request) {
		counts, err := store.Counts(told.Choices)
		if err != nil {
			log.Printf("no results: %v", err)
			web.AnswerJSON(w, http.StatusServiceUnavailable, failure{err.Error()})
			return
		}
		votes := map[string]int64{told.Choices[0]: counts[0], told.Choices[1]: counts[1]}
		web.AnswerJSON(w, http.StatusOK, results{host, worded(told.Choices, counts), told.Version, votes})
	}
	ready := web.Ready(func() error {
		_, err := store.Counts(told.Choices)
		return err
	})
	return web.Routes{
		"/analytics": {http.MethodGet: analytics},
		"/healthz":   {http.MethodGet: web.Alive},
		"/ready":     {http.MethodGet: ready},
	}
}
