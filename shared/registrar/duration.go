package registrar

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// ParseDuration reads a setting of [TypeDuration]: what time.ParseDuration reads, such as "90s" or "1h30m",
// and whole days, such as "55d". It accepts zero and negative durations, too: the plugin judges whether
// they make sense.
func ParseDuration(text string) (time.Duration, error) {
	days, ok := strings.CutSuffix(text, "d")
	if !ok {
		d, err := time.ParseDuration(text)
		if err != nil {
			return 0, fmt.Errorf("parse duration: %w", err)
		}
		return d, nil
	}

	n, err := strconv.ParseInt(days, 10, 64)
	if err != nil {
		return 0, errors.New("parse duration: want whole days before the d")
	}
	if most := int64(math.MaxInt64 / day); n > most || n < -most {
		return 0, errors.New("parse duration: too many days")
	}
	return time.Duration(n) * day, nil
}
