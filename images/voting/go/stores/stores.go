// Package stores has the votes: in Redis one hash with a field per choice, in MySQL one table with a row per choice.
package stores

import (
	"time"

	"votingconformance/voting/settings"
)

// Votes is a store of votes. Its methods may be called side by side; an error says what the store said.
type Votes interface {
	// Record counts one vote, atomically and at most once: it is never sent a second time.
	Record(choice string) error
	// Reset sets every count to zero, atomically.
	Reset() error
	// Check returns nil when the store answers and could take a vote.
	Check() error
	// Counts returns the votes for each choice at one moment; 0 for a choice without votes.
	Counts(choices [2]string) ([2]int64, error)
}

// Open returns the store of a version; redisAnswer is how long Redis may be silent. Connects on first use.
func Open(told settings.Common, redisAnswer time.Duration) (Votes, error) {
	if told.Store == settings.MySQL {
		return OpenMySQL(told.MySQL, told.Account)
	}
	return OpenRedis(told.Redis, redisAnswer), nil
}
