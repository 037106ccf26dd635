package renewal

import (
	"strings"
	"testing"
	"time"

	"registrar.panel/shared/registrar"
)

func TestScheduleOfConfig(t *testing.T) {
	t.Parallel()

	for _, c := range []struct{ schedule, says string }{
		{"0 4 * * *", ""},
		{"*/1 * * * *", ""},
		{"@daily", ""},
		{"@every 1h", ""},
		{"0 0 29 2 *", ""}, // comes, in leap years
		{"0 4 * * 7-1", "cron expression"},
		{"", "cron expression"},
		{"0 4 * *", "cron expression"},
		{"0 0 30 2 *", "no day is like that"},
		{"0 0 31 4,6,9,11 *", "no day is like that"},
		{"TZ=Europe/Moscow 0 4 * * *", "timezone"},
		{"TZ=", "timezone"},
		{"TZ=Europe/Moscow", "timezone"},
		{"CRON_TZ=Europe/Moscow", "timezone"},
		{"cron_tz=Europe/Moscow 0 4 * * *", "timezone"},
		{" CRON_TZ=Mars/Olympus", "timezone"},
		{"@every 5s", ""},
		{"@every 10ms", "once a second"},
		{"@every -1h", "once a second"},
		{"@every", "cron expression"},
		{"@", "cron expression"},
		{"@yesterday", "cron expression"},
		{"0 0 * * *\x00", "cron expression"},
		{"99999999999999999999 * * * *", "cron expression"},
		{"0-4/0 * * * *", "cron expression"},
		{"@every 87600h", "years"},
		{"@every 8760h", ""},
		{"*-5 4 * * *", "begin no range"},
		{"0 4 * * 1,?-5/2", "begin no range"},
		{"0 4,,5 * * *", "comma"},
		{"0 4 * * ,", "comma"},
		{"0 4 1,15 * *", ""},
		{"tz=UTC", "timezone"},
		{"\tTZ=UTC 0 4 * * *", "timezone"},
		{"@every 1h TZ=UTC", "cron expression"},
		{"0 0 31 feb *", "no day is like that"},
		{"0 0 31 2 mon", ""}, // on Mondays of February
	} {
		config := Config{Schedule: c.schedule, Timezone: "Europe/Moscow", Mode: registrar.RenewAuto, Before: 55 * day, Batch: 1}
		problems := config.Validate()
		switch {
		case c.says == "" && len(problems) > 0:
			t.Errorf("%q: %v", c.schedule, problems)
		case c.says != "" && (len(problems) != 1 || problems[0].Path != "schedule" || !strings.Contains(problems[0].Message, c.says)):
			t.Errorf("%q: %v, want one about %q", c.schedule, problems, c.says)
		}
	}
}

// No text makes the reading of a schedule panic, and one that is accepted comes, again and again,
// in zones whose midnight is left out in spring, too.
func FuzzSchedule(f *testing.F) {
	for _, seed := range []string{"0 4 * * *", "CRON_TZ=Europe/Moscow", "TZ= ", "@every 1h", "0 0 30 2 *", "0 0 29 2 *", "@", "*/0 * * * *", ", * * * *", "*-5 * * * *", "@every 99999h"} {
		f.Add(seed)
	}

	cairo, err := time.LoadLocation("Africa/Cairo")
	if err != nil {
		f.Fatal(err)
	}

	f.Fuzz(func(t *testing.T, text string) {
		s, err := parse(text)
		if err != nil {
			return
		}
		for _, zone := range []*time.Location{time.UTC, cairo} {
			at := time.Date(2026, 11, 28, 12, 0, 0, 0, zone)
			for range 3 {
				next := s.Next(at)
				if !next.After(at) || next.After(at.Add(horizon+day)) {
					t.Fatalf("%q is accepted, and after %s comes at %s", text, at, next)
				}
				at = next
			}
		}
	})
}
