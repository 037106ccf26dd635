package api

import "time"

// Entry is a line of the Action Log.
type Entry struct {
	ID        int64     `json:"id"`
	At        time.Time `json:"at"`
	Domain    *string   `json:"domain"`
	Actor     string    `json:"actor"`
	Level     string    `json:"level"` // info | warning | error
	Event     string    `json:"event"`
	Message   string    `json:"message"`
	Operation *string   `json:"operation"`
	Mail      *string   `json:"mail"`
	Order     *string   `json:"order"`
	Registrar string    `json:"registrar"`
	Standing
}
