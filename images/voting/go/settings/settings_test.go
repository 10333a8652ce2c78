package settings

import (
	"testing"
)

func environment(variables map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, set := variables[name]
		return value, set
	}
}

func TestAnEmptyEnvironmentGivesTheDefaults(t *testing.T) {
	common := Common{
		Version: "1.0",
		Store:   Redis,
		Port:    8080,
		Choices: [2]string{"Cats", "Dogs"},
		Redis:   Address{"voting-storage", 6379},
		MySQL:   Address{"voting-storage", 3306},
		Account: Account{User: "voting", Password: "", Database: "voting"},
	}
	app, err := ForApp(environment(nil))
	if want := (App{common, "Azure Voting App", true, true, Address{"voting-analytics", 8080}, false}); err != nil || app != want {
		t.Errorf("app: %+v, %v; want %+v", app, err, want)
	}
	analytics, err := ForAnalytics(environment(nil))
	if want := (Analytics{common}); err != nil || analytics != want {
		t.Errorf("analytics: %+v, %v; want %+v", analytics, err, want)
	}
}

func TestEveryVariableIsRead(t *testing.T) {
	variables := map[string]string{
		"VERSION": "2.0", "PORT": "81", "VOTE1VALUE": "Tea", "VOTE2VALUE": "Coffee", "TITLE": "",
		"SHOWDETAILS": "Off", "FEATUREFLAG": "no", "FLAGCONTROLS": "links", "ANALYTICS_HOST": "a", "ANALYTICS_PORT": "1",
		"REDIS_HOST": "r", "REDIS_PORT": "2", "MYSQL_HOST": "m", "MYSQL_PORT": "65535",
		"MYSQL_USER": "u", "MYSQL_PASSWORD": "p", "MYSQL_DATABASE": "d",
	}
	common := Common{
		Version: "2.0",
		Store:   MySQL,
		Port:    81,
		Choices: [2]string{"Tea", "Coffee"},
		Redis:   Address{"r", 2},
		MySQL:   Address{"m", 65535},
		Account: Account{"u", "p", "d"},
	}
	app, err := ForApp(environment(variables))
	if want := (App{common, "", false, false, Address{"a", 1}, true}); err != nil || app != want {
		t.Errorf("app: %+v, %v; want %+v", app, err, want)
	}
	analytics, err := ForAnalytics(environment(variables))
	if err != nil || analytics.Common != common {
		t.Errorf("analytics: %+v, %v; want %+v", analytics, err, common)
	}
	if got := app.StoreAddress().String(); got != "m:65535" {
		t.Errorf("the store of 2.0 is at %s", got)
	}
}

func TestABadValueIsNamed(t *testing.T) {
	for _, one := range []struct{ name, value, complaint string }{
		{"VERSION", "1.1", "VERSION is '1.1'; voting-app exists as 1.0 and 2.0"},
		{"VERSION", "", "VERSION is ''; voting-app exists as 1.0 and 2.0"},
		{"PORT", "", "PORT is ''; it must be a port number"},
		{"PORT", "0", "PORT is '0'; it must be a port number"},
		{"PORT", "+80", "PORT is '+80'; it must be a port number"},
		{"ANALYTICS_PORT", "-1", "ANALYTICS_PORT is '-1'; it must be a port number"},
		{"REDIS_PORT", "65536", "REDIS_PORT is '65536'; it must be a port number"},
		{"MYSQL_PORT", "tcp://\"x\"\n", `MYSQL_PORT is 'tcp://"x"\n'; it must be a port number`},
		{"SHOWDETAILS", "maybe", "SHOWDETAILS is 'maybe'; it must be on or off"},
		{"FEATUREFLAG", "", "FEATUREFLAG is ''; it must be on or off"},
		{"FLAGCONTROLS", "form", "FLAGCONTROLS is 'form'; it must be buttons or links"},
	} {
		if _, err := ForApp(environment(map[string]string{one.name: one.value})); err == nil || err.Error() != one.complaint {
			t.Errorf("%s=%q: %v; want %s", one.name, one.value, err, one.complaint)
		}
	}
	_, err := ForAnalytics(environment(map[string]string{"VERSION": "3.0", "PORT": "x"}))
	if want := "VERSION is '3.0'; voting-analytics exists as 1.0, 1.1, 2.0"; err == nil || err.Error() != want {
		t.Errorf("%v; want %s, the first of two", err, want)
	}
}

func TestAnalyticsDoesNotReadWhatIsForTheApp(t *testing.T) {
	if _, err := ForAnalytics(environment(map[string]string{"SHOWDETAILS": "maybe", "ANALYTICS_PORT": "x"})); err != nil {
		t.Error(err)
	}
}
