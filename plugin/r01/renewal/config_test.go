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

// No text makes the reading of a schedule panic, and one that is accepted comes.
func FuzzSchedule(f *testing.F) {
	for _, seed := range []string{"0 4 * * *", "CRON_TZ=Europe/Moscow", "TZ= ", "@every 1h", "0 0 30 2 *", "@", "*/0 * * * *"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parse(text)
		if err == nil && s.Next(time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)).IsZero() {
			t.Errorf("%q is accepted and never comes", text)
		}
	})
}
