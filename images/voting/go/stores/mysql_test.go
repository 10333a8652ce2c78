package stores

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/DATA-DOG/go-sqlmock"
	"github.com/go-sql-driver/mysql"

	"votingconformance/voting/settings"
)

var (
	missing    = &mysql.MySQLError{Number: noSuchTable, Message: "Table 'voting.votes' doesn't exist"}
	rolledBack = &mysql.MySQLError{Number: deadlock, Message: "Deadlock found when trying to get lock"}
	counted    = sqlmock.NewResult(0, 1)
)

func scripted(t *testing.T) (*MySQLVotes, sqlmock.Sqlmock) {
	pool, script, err := sqlmock.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := script.ExpectationsWereMet(); err != nil {
			t.Error(err)
		}
	})
	return &MySQLVotes{pool: pool, fresh: func() *sql.DB { t.Fatal("nobody asked for a new pool"); return nil }}, script
}

func expectVote(script sqlmock.Sqlmock) *sqlmock.ExpectedExec {
	return script.ExpectExec(regexp.QuoteMeta(addOne)).WithArgs("Cats")
}

func expectTable(script sqlmock.Sqlmock) *sqlmock.ExpectedExec {
	return script.ExpectExec("CREATE TABLE IF NOT EXISTS votes ")
}

func TestAVoteIsOneStatement(t *testing.T) {
	store, script := scripted(t)
	expectVote(script).WillReturnResult(counted)
	must(t, store.Record("Cats"))
}

func TestWhoeverComesFirstMakesTheTable(t *testing.T) {
	store, script := scripted(t)
	expectVote(script).WillReturnError(missing)
	expectTable(script).WillReturnResult(counted)
	expectVote(script).WillReturnResult(counted)
	must(t, store.Record("Cats"))
}

func TestATableThatCanNotBeMadeIsTheError(t *testing.T) {
	store, script := scripted(t)
	expectVote(script).WillReturnError(missing)
	expectTable(script).WillReturnError(&mysql.MySQLError{Number: 1142, Message: "CREATE command denied"})
	if err := store.Record("Cats"); err == nil || err.Error() != "MySQL: Error 1142: CREATE command denied" {
		t.Error(err)
	}
}

func TestAVoteThatWasRolledBackIsCastAgainFiveTimesInAll(t *testing.T) {
	store, script := scripted(t)
	for range 4 {
		expectVote(script).WillReturnError(rolledBack)
	}
	expectVote(script).WillReturnResult(counted)
	must(t, store.Record("Cats"))
	for range 5 {
		expectVote(script).WillReturnError(rolledBack)
	}
	if err := store.Record("Cats"); !errors.Is(err, rolledBack) {
		t.Error(err)
	}
}

func TestAVoteWhoseConnectionIsLostIsNotCastAgain(t *testing.T) {
	store, script := scripted(t)
	expectVote(script).WillReturnError(mysql.ErrInvalidConn)
	if err := store.Record("Cats"); !errors.Is(err, mysql.ErrInvalidConn) || !strings.HasPrefix(err.Error(), "MySQL: ") {
		t.Error(err)
	}
}

func TestResetKeepsTheRows(t *testing.T) {
	store, script := scripted(t)
	script.ExpectExec("^UPDATE votes SET counted = 0$").WillReturnResult(counted)
	must(t, store.Reset())
}

func TestCheckReadsTheTableWhichMayBeEmpty(t *testing.T) {
	store, script := scripted(t)
	script.ExpectQuery(readOne).WillReturnError(missing)
	expectTable(script).WillReturnResult(counted)
	script.ExpectQuery(readOne).WillReturnRows(sqlmock.NewRows([]string{"1"}))
	must(t, store.Check())
	script.ExpectQuery(readOne).WillReturnRows(sqlmock.NewRows([]string{"1"}).AddRow(1))
	must(t, store.Check())
}

func TestCountsAreOfTheChoicesAsked(t *testing.T) {
	store, script := scripted(t)
	rows := sqlmock.NewRows([]string{"choice", "counted"}).AddRow("Dogs", 4).AddRow("Birds", 9)
	script.ExpectQuery(readAll).WillReturnRows(rows)
	checkCounts(t, store, [2]int64{0, 4})
}

func TestCountsThatBreakOffAreReadAgainOnceOnANewConnection(t *testing.T) {
	columns := []string{"choice", "counted"}
	broken := func() *sqlmock.Rows {
		return sqlmock.NewRows(columns).AddRow("Dogs", 4).AddRow("Cats", 2).RowError(1, mysql.ErrInvalidConn)
	}
	store, script := scripted(t)
	script.ExpectQuery(readAll).WillReturnRows(broken())
	other, second := scripted(t)
	second.ExpectQuery(readAll).WillReturnRows(sqlmock.NewRows(columns).AddRow("Dogs", 4).AddRow("Cats", 2))
	second.ExpectClose()
	store.fresh = func() *sql.DB { return other.pool }
	checkCounts(t, store, [2]int64{2, 4})

	last, third := scripted(t)
	script.ExpectQuery(readAll).WillReturnRows(broken())
	third.ExpectQuery(readAll).WillReturnRows(broken())
	third.ExpectClose()
	store.fresh = func() *sql.DB { return last.pool }
	if _, err := store.Counts(choices); !errors.Is(err, mysql.ErrInvalidConn) {
		t.Error(err)
	}
}

func TestAStoreThatIsNotThereIsAnErrorWithoutThePassword(t *testing.T) {
	account := settings.Account{User: "voting", Password: "secret", Database: "voting"}
	store, err := OpenMySQL(settings.Address{Host: "127.0.0.1", Port: 1}, account)
	must(t, err)
	err = store.Check()
	if err == nil || !strings.HasPrefix(err.Error(), "MySQL: dial tcp 127.0.0.1:1: ") || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

// late is a server that hangs up on the first who come, as a sidecar does while it has nowhere to lead to.
type late struct {
	driver.Connector
	missing int
	looks   int
}

func (l *late) Connect(context.Context) (driver.Conn, error) {
	if l.looks++; l.looks <= l.missing {
		return nil, mysql.ErrInvalidConn
	}
	return nil, &mysql.MySQLError{Number: 1045, Message: "Access denied"}
}

func TestAServerThatIsNotThereIsWaitedForAndOneThatAnswersIsNot(t *testing.T) {
	server := &late{missing: 3}
	_, err := patient{server}.Connect(context.Background())
	if server.looks != 4 || !isNumber(err, 1045) {
		t.Errorf("%d looks, %v", server.looks, err)
	}
}

func TestTheWaitForAServerEndsWithThatOfWhoAsked(t *testing.T) {
	asked, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	_, err := patient{&late{missing: 1000}}.Connect(asked)
	if !errors.Is(err, mysql.ErrInvalidConn) {
		t.Error(err)
	}
}
