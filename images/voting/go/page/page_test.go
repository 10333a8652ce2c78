package page

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"votingconformance/voting/settings"
)

// ballots writes down what it is told.
type ballots struct {
	told []string
	err  error
}

func (b *ballots) note(what string) error {
	b.told = append(b.told, what)
	return b.err
}

func (b *ballots) Record(choice string) error { return b.note("vote " + choice) }
func (b *ballots) Reset() error               { return b.note("reset") }
func (b *ballots) Check() error               { return b.err }

func told(variables map[string]string) settings.App {
	app, err := settings.ForApp(func(name string) (string, bool) {
		value, set := variables[name]
		return value, set
	})
	if err != nil {
		panic(err)
	}
	return app
}

func standing() (string, error) { return "Cats: 2/6 (33%) | Dogs: 4/6 (67%)", nil }

func nothing() (string, error) { return "", errors.New("voting-analytics answers 503") }

func get(path, cookie string) *http.Request {
	request := httptest.NewRequest(http.MethodGet, path, nil)
	if cookie != "" {
		request.Header.Set("Cookie", cookie)
	}
	return request
}

func post(path, body string) *http.Request {
	request := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return request
}

func answer(handler http.Handler, request *http.Request) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder
}

// A file of testdata is what the Python version of this program sent.
func checkPage(t *testing.T, got *httptest.ResponseRecorder, status int, file string) {
	t.Helper()
	want, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	if got.Code != status || got.Body.String() != string(want) {
		t.Errorf("status %d, want %d; page:\n%s\nwant:\n%s", got.Code, status, got.Body, want)
	}
	header := got.Header()
	if header.Get("Cache-Control") != "no-store" || header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("headers: %v", header)
	}
}

func TestThePageIsByteForByteWhatItAlwaysWas(t *testing.T) {
	routes := Routes(told(nil), &ballots{}, standing, "voting-app-1-0-5d4c-x7k")
	checkPage(t, answer(routes, get("/", "")), 200, "page.html")
}

func TestWithoutResultsThePageIsA503ThatHasNone(t *testing.T) {
	variables := map[string]string{"VERSION": "2.0", "TITLE": `A <b> & "c"`, "FEATUREFLAG": "off"}
	routes := Routes(told(variables), &ballots{}, nothing, "voting-app-2-0-5d4c-x7k")
	checkPage(t, answer(routes, get("/", "a=b; featureflag=on")), 503, "no-results.html")
}

func TestTheFooterCanBeSwitchedOff(t *testing.T) {
	routes := Routes(told(map[string]string{"SHOWDETAILS": "off"}), &ballots{}, standing, "pod-1")
	if body := answer(routes, get("/", "")).Body.String(); strings.Contains(body, `id="footer"`) || strings.Contains(body, "pod-1") {
		t.Error(body)
	}
}

func TestTheFlagIsReadAsTheRouteReadsIt(t *testing.T) {
	routes := Routes(told(nil), &ballots{}, standing, "pod-1")
	for cookie, flag := range map[string]string{
		"": "clear", "featureflag=on": "set", "a=b; featureflag=on": "set", "a=b;featureflag=on;c=d": "set",
		"featureflag=on;": "set", "a=b; c=d; featureflag=on; e=f": "set",
		"featureflag=off": "clear", "featureflag=on2": "clear", "featureflag=once": "clear", "xfeatureflag=on": "clear",
		`featureflag="on"`: "clear", "FeatureFlag=on": "clear", "a=b;  featureflag=on": "clear", "featureflag=on x": "clear",
	} {
		if body := answer(routes, get("/", cookie)).Body.String(); !strings.Contains(body, "feature flag: "+flag+"<") {
			t.Errorf("%q: %s", cookie, body)
		}
	}
	split := get("/", "")
	split.Header["Cookie"] = []string{"a=b", "featureflag=on"}
	if body := answer(routes, split).Body.String(); !strings.Contains(body, "feature flag: clear<") {
		t.Errorf("two headers: %s", body)
	}
}

func TestTheFlagsControlsCanBeLinksThatSendForms(t *testing.T) {
	routes := Routes(told(map[string]string{"FLAGCONTROLS": "links"}), &ballots{}, standing, "pod-1")
	for cookie, footer := range map[string]string{
		"": `feature flag: <a href="#" onclick="document.flagset.submit();">set</a> | clear</span>`,
		"featureflag=on": `feature flag: set | ` +
			`<a href="#" onclick="document.flagclear.submit();">clear</a></span>`,
	} {
		body := answer(routes, get("/", cookie)).Body.String()
		if !strings.Contains(body, footer) || strings.Contains(body, "Set feature flag") ||
			!strings.Contains(body, `<form name="flagset" method="post" action="/featureflag/set"></form>`) {
			t.Errorf("%q: %s", cookie, body)
		}
	}
}

func TestAVoteReachesTheStoreOnceAndLeadsHome(t *testing.T) {
	for body, noted := range map[string]string{
		"vote=Cats": "vote Cats", "vote=Dogs": "vote Dogs", "vote=reset": "reset", "vote=Dogs&vote=Cats": "vote Dogs",
		"x=%zz&vote=Cats": "vote Cats", "vote=Cats&y=" + strings.Repeat("y", longestBody-12): "vote Cats",
	} {
		store := &ballots{}
		got := answer(Routes(told(nil), store, nothing, "pod-1"), post("/", body))
		if got.Code != 302 || got.Header().Get("Location") != "/" {
			t.Errorf("%.40s: %d %v", body, got.Code, got.Header())
		}
		if len(store.told) != 1 || store.told[0] != noted {
			t.Errorf("%.40s: the store was told %q", body, store.told)
		}
	}
}

func TestAFormMayBeMultipart(t *testing.T) {
	request := post("/", "--b\r\nContent-Disposition: form-data; name=\"vote\"\r\n\r\nDogs\r\n--b--\r\n")
	request.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	store := &ballots{}
	if got := answer(Routes(told(nil), store, nothing, "pod-1"), request); got.Code != 302 || len(store.told) != 1 {
		t.Errorf("%d, the store was told %q", got.Code, store.told)
	}
}

func TestWhatIsNoVoteDoesNotReachTheStore(t *testing.T) {
	store := &ballots{}
	routes := Routes(told(map[string]string{"VOTE1VALUE": "<i>"}), store, nothing, "pod-1")
	for _, body := range []string{"", "x=1", "vote=", "vote=dogs", "vote=Cats", "vote=RESET"} {
		got := answer(routes, post("/", body))
		if want := "<p>vote must be one of &lt;i&gt;, Dogs, reset</p>"; got.Code != 400 || !strings.Contains(got.Body.String(), want) {
			t.Errorf("%q: %d %s", body, got.Code, got.Body)
		}
	}
	for _, request := range []*http.Request{post("/?vote=Dogs", ""), post("/", "vote=Dogs")} {
		request.Header.Set("Content-Type", "text/plain")
		if got := answer(routes, request); got.Code != 400 {
			t.Errorf("%s: %d", request.URL, got.Code)
		}
	}
	long := "vote=Dogs&y=" + strings.Repeat("y", longestBody-11)
	unknownLength := post("/", long)
	unknownLength.ContentLength = -1
	for _, request := range []*http.Request{post("/", long), unknownLength} {
		if got := answer(routes, request); got.Code != 413 {
			t.Errorf("a body too long: %d", got.Code)
		}
	}
	if len(store.told) != 0 {
		t.Errorf("the store was told %q", store.told)
	}
}

func TestAVoteThatTheStoreDidNotConfirmIsA500(t *testing.T) {
	store := &ballots{err: errors.New("Redis: EOF")}
	for _, vote := range []string{"Cats", "reset"} {
		got := answer(Routes(told(nil), store, standing, "pod-1"), post("/", "vote="+vote))
		want := `<p role="alert">The store did not confirm. Look at the count before you vote again.</p>`
		if got.Code != 500 || !strings.Contains(got.Body.String(), want) || strings.Contains(got.Body.String(), "results") {
			t.Errorf("%s: %d %s", vote, got.Code, got.Body)
		}
	}
	if len(store.told) != 2 {
		t.Errorf("the store was told %q, each once", store.told)
	}
}

func TestTheFlagIsSetForAQuarterOfAnHourAndCleared(t *testing.T) {
	routes := Routes(told(nil), &ballots{}, nothing, "pod-1")
	set := answer(routes, post("/featureflag/set", ""))
	cookies := set.Result().Cookies()
	if set.Code != 302 || set.Header().Get("Location") != "/" || len(cookies) != 1 {
		t.Fatalf("%d %v", set.Code, set.Header())
	}
	one := cookies[0]
	if one.Name != "featureflag" || one.Value != "on" || one.Path != "/" || one.MaxAge != 900 ||
		time.Until(one.Expires).Round(time.Minute) != 15*time.Minute || one.HttpOnly || one.Secure || one.Domain != "" {
		t.Errorf("%+v", one)
	}
	cleared := answer(routes, post("/featureflag/clear", ""))
	want := "featureflag=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"
	if got := cleared.Header().Get("Set-Cookie"); cleared.Code != 302 || got != want {
		t.Errorf("%d %s", cleared.Code, got)
	}
}

func TestWithoutTheFlagItsRoutesDoNotExist(t *testing.T) {
	routes := Routes(told(map[string]string{"FEATUREFLAG": "off"}), &ballots{}, standing, "pod-1")
	if got := answer(routes, post("/featureflag/set", "")); got.Code != 404 || got.Header().Get("Set-Cookie") != "" {
		t.Errorf("%d %v", got.Code, got.Header())
	}
}

func TestItIsReadyWhenTheWholeChainAnswers(t *testing.T) {
	gone, leave := context.WithCancel(context.Background())
	leave() // nobody waits until the chain is whole
	for _, one := range []struct {
		results func() (string, error)
		store   error
		status  int
		body    string
	}{
		{standing, nil, 200, "ready\n"},
		{nothing, nil, 503, "not ready: voting-analytics answers 503\n"},
		{standing, errors.New("Redis: EOF"), 503, "not ready: Redis: EOF\n"},
	} {
		routes := Routes(told(nil), &ballots{err: one.store}, one.results, "pod-1")
		if got := answer(routes, get("/ready", "").WithContext(gone)); got.Code != one.status || got.Body.String() != one.body {
			t.Errorf("%d %s; want %+v", got.Code, got.Body, one)
		}
		if got := answer(routes, get("/healthz", "")); got.Code != 200 || got.Body.String() != "alive\n" {
			t.Errorf("/healthz: %d %s", got.Code, got.Body)
		}
	}
}
