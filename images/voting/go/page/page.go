// Package page is the HTTP side of voting-app: pages, votes, the canary cookie, and two questions for Kubernetes.
//
// A page is whole or it is an error: when the results can't be had the answer is 503 and has no results in it. A vote or
// reset that failed answers 500, because proxies take a 503 for "not processed" and may send the vote again, while our
// store may have counted it.
package page

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"log"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"votingconformance/voting/settings"
	"votingconformance/voting/web"
)

const (
	reset     = "reset"
	flag      = "featureflag"
	flagStays = 15 * time.Minute
	// longestBody of a request, in bytes: a vote needs a few.
	longestBody = 16 * 1024
)

// flagIsSet is the rule of the mesh's canary route, so the page and the route agree on what a cookie header means.
var flagIsSet = regexp.MustCompile(`^(?:(.*?; ?)?(featureflag=on)(;.*)?)$`)

//go:embed templates
var templates embed.FS

var (
	votingPage = template.Must(template.ParseFS(templates, "templates/base.html", "templates/page.html"))
	errorPage  = template.Must(template.ParseFS(templates, "templates/base.html", "templates/error.html"))
)

// Ballots is a store that takes votes. An error says what the store said.
type Ballots interface {
	Record(choice string) error
	Reset() error
	Check() error
}

// Pages has the views, with what they need.
type Pages struct {
	settings settings.App
	ballots  Ballots
	results  func() (string, error)
	host     string
}

// content is what the templates show.
type content struct {
	settings.App
	Host, Flag, Reset, Results, Problem string
}

// Routes wires the routes to a store and to the sentence of voting-analytics. host is this pod's name.
func Routes(told settings.App, ballots Ballots, results func() (string, error), host string) web.Routes {
	pages := Pages{told, ballots, results, host}
	routes := web.Routes{
		"/":        {http.MethodGet: pages.show, http.MethodPost: pages.vote},
		"/healthz": {http.MethodGet: web.Alive},
		"/ready":   {http.MethodGet: web.Ready(pages.whole)},
	}
	if told.FeatureFlag {
		routes["/featureflag/set"] = map[string]http.HandlerFunc{http.MethodPost: setFlag}
		routes["/featureflag/clear"] = map[string]http.HandlerFunc{http.MethodPost: clearFlag}
	}
	return routes
}

func (p *Pages) show(w http.ResponseWriter, request *http.Request) {
	text, err := p.results()
	if err != nil {
		log.Printf("no page: %v", err)
		p.answer(w, request, http.StatusServiceUnavailable, errorPage,
			content{Problem: "The count can't be had right now."})
		return
	}
	p.answer(w, request, http.StatusOK, votingPage, content{Results: text})
}

func (p *Pages) vote(w http.ResponseWriter, request *http.Request) {
	choice, err := readChoice(w, request)
	if err != nil {
		web.Refuse(w, http.StatusRequestEntityTooLarge, "The data value transmitted exceeds the capacity limit.")
		return
	}
	switch {
	case choice == reset:
		err = p.ballots.Reset()
	case slices.Contains(p.settings.Choices[:], choice):
		err = p.ballots.Record(choice)
	default:
		known := append(p.settings.Choices[:], reset)
		web.Refuse(w, http.StatusBadRequest, "vote must be one of "+strings.Join(known, ", "))
		return
	}
	if err != nil {
		log.Printf("no vote: %v", err)
		p.answer(w, request, http.StatusInternalServerError, errorPage,
			content{Problem: "The store did not confirm. Look at the count before you vote again."})
		return
	}
	web.Redirect(w, "/")
}

// readChoice returns the first vote of a form, empty when it has none. The only error is a body that is too long.
func readChoice(w http.ResponseWriter, request *http.Request) (string, error) {
	tooLong := &http.MaxBytesError{Limit: longestBody}
	if request.ContentLength > longestBody {
		return "", tooLong
	}
	request.Body = http.MaxBytesReader(w, request.Body, longestBody)
	// ParseMultipartForm alone hides what became of a form of the other kind.
	err := errors.Join(request.ParseForm(), request.ParseMultipartForm(longestBody))
	if errors.As(err, &tooLong) {
		return "", tooLong
	}
	// Any other error leaves the fields that could be read.
	return request.PostForm.Get("vote"), nil
}

func setFlag(w http.ResponseWriter, _ *http.Request) {
	http.SetCookie(w, &http.Cookie{
		Name: flag, Value: "on", Path: "/",
		MaxAge: int(flagStays.Seconds()), Expires: time.Now().Add(flagStays),
	})
	web.Redirect(w, "/")
}

func clearFlag(w http.ResponseWriter, _ *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: flag, Path: "/", MaxAge: -1, Expires: time.Unix(0, 0)})
	web.Redirect(w, "/")
}

// whole returns nil when the whole chain answers: a page can be shown and a vote can be taken.
func (p *Pages) whole() error {
	if _, err := p.results(); err != nil {
		return err
	}
	return p.ballots.Check()
}

func (p *Pages) answer(
	w http.ResponseWriter, request *http.Request, status int, shown *template.Template, what content,
) {
	what.App, what.Host, what.Reset, what.Flag = p.settings, p.host, reset, "clear"
	// A proxy may split one header into several; joined, they read as the route reads them.
	if flagIsSet.MatchString(strings.Join(request.Header.Values("Cookie"), ",")) {
		what.Flag = "set"
	}
	var html bytes.Buffer
	if err := shown.ExecuteTemplate(&html, "base.html", what); err != nil {
		panic(err)
	}
	w.Header().Set("Cache-Control", "no-store")
	web.Answer(w, status, web.HTML, html.Bytes())
}
