package tally

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"votingconformance/voting/settings"
)

type fixed struct {
	counts [2]int64
	err    error
}

func (f fixed) Counts([2]string) ([2]int64, error) { return f.counts, f.err }

func ask(version, path string, store fixed) (int, string) {
	told := settings.Analytics{Common: settings.Common{Version: version, Choices: [2]string{"Cats", "Dogs & <co>"}}}
	answer := httptest.NewRecorder()
	Routes(told, store, "pod-1").ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	return answer.Code, answer.Body.String()
}

func TestResultsAreWordedAsTheVersionDoes(t *testing.T) {
	for version, text := range map[string]string{
		"1.0": "Cats: 2 | Dogs & <co>: 4",
		"1.1": "Cats: 2/6 (33%) | Dogs & <co>: 4/6 (67%)",
		"2.0": "Cats: 2/6 (33%) | Dogs & <co>: 4/6 (67%)",
	} {
		want := `{"host":"pod-1","text":"` + text + `","version":"` + version + `","votes":{"Cats":2,"Dogs & <co>":4}}` + "\n"
		if status, body := ask(version, "/analytics", fixed{counts: [2]int64{2, 4}}); status != 200 || body != want {
			t.Errorf("%d %s; want %s", status, body, want)
		}
	}
}

func TestAStoreThatDoesNotAnswerIsA503WithTheReason(t *testing.T) {
	status, body := ask("1.0", "/analytics", fixed{err: errors.New("Redis: gone")})
	if status != 503 || body != `{"error":"Redis: gone"}`+"\n" {
		t.Errorf("%d %s", status, body)
	}
	if status, body := ask("1.0", "/healthz", fixed{err: errors.New("Redis: gone")}); status != 200 || body != "alive\n" {
		t.Errorf("/healthz: %d %s", status, body)
	}
}

func TestItIsReadyWhenTheStoreAnswers(t *testing.T) {
	if status, body := ask("2.0", "/ready", fixed{}); status != 200 || body != "ready\n" {
		t.Errorf("%d %s", status, body)
	}
}

func TestPercentagesAreWholeWithHalvesRoundedUp(t *testing.T) {
	for _, one := range []struct{ part, total, percent int64 }{
		{0, 0, 0}, {0, 3, 0}, {1, 3, 33}, {2, 3, 67}, {1, 8, 13}, {7, 8, 88}, {1, 200, 1}, {1, 201, 0}, {5, 5, 100},
		{1 << 53, 1 << 54, 50},
	} {
		if got := percentage(one.part, one.total); got != one.percent {
			t.Errorf("%d of %d: %d %%, want %d %%", one.part, one.total, got, one.percent)
		}
	}
	if got, want := withShares([2]string{"Cats", "Dogs"}, [2]int64{}), "Cats: 0/0 (0%) | Dogs: 0/0 (0%)"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
}
