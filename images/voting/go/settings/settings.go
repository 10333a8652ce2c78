// Package settings reads what voting-app and voting-analytics can be told from outside, once, from the environment.
package settings

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// The kinds of store.
const (
	Redis = "redis"
	MySQL = "mysql"
)

// Address is where a service listens.
type Address struct {
	Host string
	Port int
}

// String is the address as a dialer takes it.
func (a Address) String() string {
	return net.JoinHostPort(a.Host, strconv.Itoa(a.Port))
}

// Account is who we are to MySQL, and the database with the votes.
type Account struct {
	User, Password, Database string
}

// Common is what both programs are told.
type Common struct {
	Version string
	// Store is the kind of store of this version: Redis or MySQL.
	Store        string
	Port         int
	Choices      [2]string
	Redis, MySQL Address
	Account      Account
}

// App is the environment of one voting-app, checked.
type App struct {
	Common
	Title                    string
	ShowDetails, FeatureFlag bool
	Analytics                Address
	// FlagLinks: the footer's words are links whose script sends a form, instead of buttons.
	FlagLinks bool
}

// Analytics is the environment of one voting-analytics, checked.
type Analytics struct {
	Common
}

// StoreAddress is where the store of this version listens.
func (c Common) StoreAddress() Address {
	if c.Store == MySQL {
		return c.MySQL
	}
	return c.Redis
}

// ForApp reads the variables that images/voting/README.md lists, by a function like os.LookupEnv. The error names the
// first bad one.
func ForApp(lookup func(string) (string, bool)) (App, error) {
	environment := reader{lookup: lookup}
	var app App
	app.Version, app.Store = environment.version("voting-app exists as 1.0 and 2.0",
		map[string]string{"1.0": Redis, "2.0": MySQL})
	app.Port = environment.port("PORT", 8080)
	app.Title = environment.text("TITLE", "Azure Voting App")
	app.ShowDetails = environment.isOn("SHOWDETAILS")
	app.FeatureFlag = environment.isOn("FEATUREFLAG")
	app.Analytics = environment.address("ANALYTICS", Address{"voting-analytics", 8080})
	app.FlagLinks = environment.oneOf("FLAGCONTROLS", "buttons", "links") == "links"
	environment.readCommon(&app.Common)
	return app, environment.bad
}

// ForAnalytics does the same for voting-analytics.
func ForAnalytics(lookup func(string) (string, bool)) (Analytics, error) {
	environment := reader{lookup: lookup}
	var analytics Analytics
	analytics.Version, analytics.Store = environment.version("voting-analytics exists as 1.0, 1.1, 2.0",
		map[string]string{"1.0": Redis, "1.1": Redis, "2.0": MySQL})
	analytics.Port = environment.port("PORT", 8080)
	environment.readCommon(&analytics.Common)
	return analytics, environment.bad
}

// reader reads variables and keeps the first complaint.
type reader struct {
	lookup func(string) (string, bool)
	bad    error
}

func (r *reader) readCommon(common *Common) {
	common.Choices = [2]string{r.text("VOTE1VALUE", "Cats"), r.text("VOTE2VALUE", "Dogs")}
	common.Redis = r.address("REDIS", Address{"voting-storage", 6379})
	common.MySQL = r.address("MYSQL", Address{"voting-storage", 3306})
	common.Account = Account{
		User:     r.text("MYSQL_USER", "voting"),
		Password: r.text("MYSQL_PASSWORD", ""),
		Database: r.text("MYSQL_DATABASE", "voting"),
	}
}

func (r *reader) text(name, otherwise string) string {
	if text, set := r.lookup(name); set {
		return text
	}
	return otherwise
}

func (r *reader) version(known string, stores map[string]string) (version, store string) {
	version = r.text("VERSION", "1.0")
	store, exists := stores[version]
	if !exists {
		r.refuse("VERSION", version, known)
	}
	return version, store
}

func (r *reader) port(name string, otherwise int) int {
	text := r.text(name, strconv.Itoa(otherwise))
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		r.refuse(name, text, "it must be a port number")
	}
	return int(port)
}

func (r *reader) isOn(name string) bool {
	text := r.text(name, "on")
	switch strings.ToLower(text) {
	case "on", "true", "yes", "1":
		return true
	case "off", "false", "no", "0":
		return false
	}
	r.refuse(name, text, "it must be on or off")
	return false
}

// oneOf returns one of two words, the first by default.
func (r *reader) oneOf(name, first, second string) string {
	text := r.text(name, first)
	if text != first && text != second {
		r.refuse(name, text, fmt.Sprintf("it must be %s or %s", first, second))
	}
	return text
}

func (r *reader) address(service string, otherwise Address) Address {
	return Address{r.text(service+"_HOST", otherwise.Host), r.port(service+"_PORT", otherwise.Port)}
}

func (r *reader) refuse(name, text, rule string) {
	if r.bad == nil {
		// Quoted, so that a line break in a value makes no second line of the log.
		quoted := strconv.Quote(text)
		r.bad = fmt.Errorf("%s is '%s'; %s", name, strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`), rule)
	}
}
