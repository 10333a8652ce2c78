// App is voting-app: the page on which a voter chooses, sees the results and enters or leaves the canary.
package main

import (
	"log"
	"os"

	"votingconformance/voting/page"
	"votingconformance/voting/peers"
	"votingconformance/voting/settings"
	"votingconformance/voting/stores"
	"votingconformance/voting/web"
)

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatalf("voting-app: %v", err)
	}
}

func run() error {
	told, err := settings.ForApp(os.LookupEnv)
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	votes, err := stores.Open(told.Common, peers.AnswerLimit)
	if err != nil {
		return err
	}
	results := page.NewResults(told.Analytics)
	return web.Run("voting-app", told.Common, page.Routes(told, votes, results.Text, host))
}
