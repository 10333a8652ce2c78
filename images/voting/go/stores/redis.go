package stores

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"votingconformance/voting/peers"
	"votingconformance/voting/settings"
)

// votes is the key of the hash that has a field for each choice.
const votes = "votes"

// connections bounds those to Redis. After so many failures to connect, in a row or not, the client refuses to try for
// up to a second, so it must be more than a pod meets while it waits for its store.
const connections = 128

// RedisVotes are the votes of voting-app 1.0, read by voting-analytics 1.0 and 1.1.
//
// The pool looks at a connection before it hands it out and replaces one that a proxy closed meanwhile.
type RedisVotes struct {
	options redis.Options
	client  *redis.Client
}

// OpenRedis returns the votes in the Redis at an address; answer is how long Redis may be silent. Connects on first use,
// so a program can start before its store.
func OpenRedis(address settings.Address, answer time.Duration) *RedisVotes {
	// A failure is logged once, by who can say what it means for the voter.
	redis.SetLogger(&logging.VoidLogger{})
	options := redis.Options{
		Addr:         address.String(),
		DialTimeout:  peers.ConnectLimit,
		ReadTimeout:  answer,
		WriteTimeout: answer,
		// HINCRBY is not idempotent: when the answer is lost the vote's fate is unknown and the voter is told.
		MaxRetries:    -1,
		DialerRetries: 1,
		PoolSize:      connections,
		// A connection ends with its peer, not by its age.
		ConnMaxIdleTime: -1,
		// Nothing is sent but what is asked: no name of the client, no subscription.
		Protocol:                 2,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		PipelinePoolSize:         -1,
	}
	// A client fills in what it isn't told, in the options that it is given.
	ours := options
	return &RedisVotes{options, redis.NewClient(&ours)}
}

// Record counts one vote, atomically and at most once: it is sent a second time only where Redis refused the first.
func (v *RedisVotes) Record(choice string) error {
	return taken(func(limited context.Context) error { return v.client.HIncrBy(limited, votes, choice, 1).Err() })
}

// Reset sets every count to zero, atomically.
func (v *RedisVotes) Reset() error {
	return taken(func(limited context.Context) error { return v.client.Del(limited, votes).Err() })
}

// taken writes, and waits while Redis only takes reads, as one does that hands over to its successor. The client drops a
// connection that said so.
func taken(write func(context.Context) error) error {
	limited, cancel := context.WithTimeout(context.Background(), peers.Patience)
	defer cancel()
	readOnly := func(err error) bool { return redis.HasErrorPrefix(err, "READONLY") }
	return redisError(peers.Waiting(limited, func() error { return write(limited) }, readOnly))
}

// Check returns nil when Redis answers and could take a vote.
func (v *RedisVotes) Check() error {
	return redisError(v.client.Ping(context.Background()).Err())
}

// Counts returns the votes for each choice at one moment; 0 for a choice without votes.
func (v *RedisVotes) Counts(choices [2]string) (counts [2]int64, err error) {
	var fields []any
	ask := func(client *redis.Client) (err error) {
		fields, err = client.HMGet(context.Background(), votes, choices[0], choices[1]).Result()
		return err
	}
	err = peers.Reading(func() error { return ask(v.client) }, func() error {
		options := v.options
		fresh := redis.NewClient(&options)
		defer fresh.Close()
		return ask(fresh)
	})
	if err != nil {
		return counts, redisError(err)
	}
	for i, field := range fields {
		if text, voted := field.(string); voted {
			if counts[i], err = strconv.ParseInt(text, 10, 64); err != nil {
				return counts, redisError(errors.New("the count of " + choices[i] + " is no number"))
			}
		}
	}
	return counts, nil
}

func redisError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("Redis: %w", err)
}
