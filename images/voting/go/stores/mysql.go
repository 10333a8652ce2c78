package stores

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"

	"votingconformance/voting/peers"
	"votingconformance/voting/settings"
)

const (
	votesTable = `CREATE TABLE IF NOT EXISTS votes (
    choice VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
    counted BIGINT UNSIGNED NOT NULL
) ENGINE=InnoDB`
	addOne = "INSERT INTO votes (choice, counted) VALUES (?, 1) ON DUPLICATE KEY UPDATE counted = counted + 1"
	// Rows stay: a vote for a row that exists takes one row lock and can't deadlock.
	setToZero = "UPDATE votes SET counted = 0"
	readOne   = "SELECT 1 FROM votes LIMIT 1"
	readAll   = "SELECT choice, counted FROM votes"
)

// MySQL's numbers of errors.
const (
	noSuchTable = 1146
	deadlock    = 1213
)

// deadlockAttempts: two first votes for a choice can collide. InnoDB rolls the loser back, so only then it may run again.
const deadlockAttempts = 5

// mysqlConnections bounds those of one program, well below what a small server allows in all.
const mysqlConnections = 16

// connectionAge is how old a connection may be that a statement is sent on. A server that leaves takes no new ones, goes
// on for 2 s, and then cuts what runs: by that time nothing of ours does.
const connectionAge = time.Second

// statementLimit ends the wait for a connection; connecting, sending and reading have shorter limits of their own.
const statementLimit = peers.Patience + 2*peers.AnswerLimit

// MySQLVotes are the votes of voting-app 2.0, read by voting-analytics 2.0: one table, a row per choice, each statement a
// transaction of its own. MySQL has no schema of ours: whoever comes first makes the table.
//
// The driver looks at a connection before a statement and replaces one that a proxy closed meanwhile; database/sql sends
// a statement again only when no byte of it was sent.
type MySQLVotes struct {
	pool *sql.DB
	// fresh opens a pool that has no connection yet.
	fresh func() *sql.DB
}

// OpenMySQL returns the votes in the MySQL at an address. Connects on first use, so a program can start before its store.
func OpenMySQL(address settings.Address, account settings.Account) (*MySQLVotes, error) {
	config := mysql.NewConfig()
	config.Net, config.Addr = "tcp", address.String()
	config.User, config.Passwd, config.DBName = account.User, account.Password, account.Database
	config.Timeout, config.ReadTimeout, config.WriteTimeout = peers.ConnectLimit, peers.AnswerLimit, peers.AnswerLimit
	config.Params = map[string]string{"autocommit": "1"}
	// One round trip for a statement, not three.
	config.InterpolateParams = true
	// A failure is logged once, by who can say what it means for the voter.
	config.Logger = &mysql.NopLogger{}
	// MySQL 8.4 prefers a password over TLS, and its certificate is its own make; our MariaDB offers no TLS. Who the
	// server is, is the mesh's mutual TLS to prove, not this.
	config.TLS, config.AllowFallbackToPlaintext = &tls.Config{InsecureSkipVerify: true}, true
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, mysqlError(err)
	}
	waiting := patient{connector}
	pool := sql.OpenDB(waiting)
	pool.SetMaxOpenConns(mysqlConnections)
	pool.SetMaxIdleConns(mysqlConnections)
	pool.SetConnMaxLifetime(connectionAge)
	return &MySQLVotes{pool, func() *sql.DB { return sql.OpenDB(waiting) }}, nil
}

// patient connects, and waits for a server that isn't there: a restart of the store is a slow answer, not a lost one.
// Nothing was asked of it yet, so nothing can happen twice.
type patient struct{ driver.Connector }

// Connect returns a connection on which the server has let us in. What the server itself says is no reason to wait.
func (p patient) Connect(asked context.Context) (connection driver.Conn, err error) {
	limited, cancel := context.WithTimeout(asked, peers.Patience)
	defer cancel()
	err = peers.Waiting(limited, func() (err error) {
		connection, err = p.Connector.Connect(limited)
		return err
	}, func(err error) bool {
		var told *mysql.MySQLError
		return !errors.As(err, &told)
	})
	return connection, err
}

// Record counts one vote, atomically and at most once: it is never sent a second time.
func (v *MySQLVotes) Record(choice string) error {
	return v.run(func(limited context.Context) error {
		_, err := v.pool.ExecContext(limited, addOne, choice)
		return err
	})
}

// Reset sets every count to zero, atomically.
func (v *MySQLVotes) Reset() error {
	return v.run(func(limited context.Context) error {
		_, err := v.pool.ExecContext(limited, setToZero)
		return err
	})
}

// Check returns nil when MySQL answers and could take a vote. Who asks whether it is ready doesn't wait until it is.
func (v *MySQLVotes) Check() error {
	return v.runWithin(peers.ConnectLimit, func(limited context.Context) error {
		var one int
		err := v.pool.QueryRowContext(limited, readOne).Scan(&one)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
}

// Counts returns the votes for each choice at one moment; 0 for a choice without votes.
func (v *MySQLVotes) Counts(choices [2]string) (counts [2]int64, err error) {
	var counted map[string]int64
	err = v.run(func(limited context.Context) error {
		ask := func(pool *sql.DB) (err error) {
			counted, err = readRows(limited, pool)
			return err
		}
		return peers.Reading(func() error { return ask(v.pool) }, func() error {
			fresh := v.fresh()
			defer fresh.Close()
			return ask(fresh)
		}, mysql.ErrInvalidConn, driver.ErrBadConn)
	})
	return [2]int64{counted[choices[0]], counted[choices[1]]}, err
}

func readRows(limited context.Context, pool *sql.DB) (map[string]int64, error) {
	rows, err := pool.QueryContext(limited, readAll)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	counted := map[string]int64{}
	for rows.Next() {
		var choice string
		var count int64
		if err := rows.Scan(&choice, &count); err != nil {
			return nil, err
		}
		counted[choice] = count
	}
	return counted, rows.Err()
}

func (v *MySQLVotes) run(statement func(context.Context) error) error {
	return v.runWithin(statementLimit, statement)
}

// runWithin runs one statement; where the table is missing it makes it first.
func (v *MySQLVotes) runWithin(limit time.Duration, statement func(context.Context) error) error {
	limited, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	err := unlessRolledBack(limited, statement)
	if !isNumber(err, noSuchTable) {
		return mysqlError(err)
	}
	err = unlessRolledBack(limited, func(limited context.Context) error {
		_, err := v.pool.ExecContext(limited, votesTable)
		return err
	})
	if err != nil {
		return mysqlError(err)
	}
	return mysqlError(unlessRolledBack(limited, statement))
}

func unlessRolledBack(limited context.Context, statement func(context.Context) error) (err error) {
	for range deadlockAttempts {
		if err = statement(limited); !isNumber(err, deadlock) {
			break
		}
	}
	return err
}

func isNumber(err error, number uint16) bool {
	var told *mysql.MySQLError
	return errors.As(err, &told) && told.Number == number
}

func mysqlError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("MySQL: %w", err)
}
