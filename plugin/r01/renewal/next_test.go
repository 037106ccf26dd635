package renewal

import (
	"testing"
	"time"
)

// The next pass is the schedule's in its own zone, after the present one.
func TestNextPass(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		schedule, zone string
		want           time.Time
	}{
		{"0 4 * * *", "Europe/Moscow", now.AddDate(0, 0, 1)},
		{"0 5 * * *", "Europe/Moscow", now.Add(time.Hour)},
		{"0 4 * * *", "UTC", now.Add(3 * time.Hour)},
		{"nonsense", "UTC", time.Time{}},
		{"0 4 * * *", "Nowhere/There", time.Time{}},
	} {
		if got := (Config{Schedule: c.schedule, Timezone: c.zone}).Next(now); !got.Equal(c.want) {
			t.Errorf("%s in %s: %v, want %v", c.schedule, c.zone, got, c.want)
		}
	}
}
