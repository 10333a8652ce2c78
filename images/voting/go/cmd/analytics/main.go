// Analytics is voting-analytics: it says in one sentence how the vote stands.
package main

import (
	"log"
	"os"
	"time"

	"votingconformance/voting/settings"
	"votingconformance/voting/stores"
	"votingconformance/voting/tally"
	"votingconformance/voting/web"
)

// redisAnswer is shorter than voting-app waits for us, so that it hears why there are no results.
const redisAnswer = 3 * time.Second

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatalf("voting-analytics: %v", err)
	}
}

func run() error {
	told, err := settings.ForAnalytics(os.LookupEnv)
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	votes, err := stores.Open(told.Common, redisAnswer)
	if err != nil {
		return err
	}
	return web.Run("voting-analytics", told.Common, tally.Routes(told, votes, host))
}
