package r01sim

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"
)

const adminTimeout = 10 * time.Second

// admin shows the simulator's state and controls it.
type admin struct{ *Simulator }

// server answers in JSON; a request that can't be understood gets 400 and {"error": …}.
func (s admin) server() *http.Server {
	mux := http.NewServeMux()
	handle := func(pattern string, do func(r *http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxMail)
			answer, err := do(r)
			writeJSON(w, answer, err)
		})
	}

	handle("GET /history", func(*http.Request) (any, error) { return s.History(), nil })
	handle("GET /sent", func(*http.Request) (any, error) { return s.Sent(), nil })
	handle("GET /lies", func(*http.Request) (any, error) { return s.Lies(), nil })
	handle("POST /lies", func(r *http.Request) (any, error) {
		return struct{}{}, s.TellLie(LieKind(r.FormValue("kind")), r.FormValue("object"))
	})
	handle("GET /state", func(*http.Request) (any, error) { return s.State(), nil })
	handle("GET /tasks", func(*http.Request) (any, error) { return s.State().Tasks, nil })
	handle("GET /policy", func(*http.Request) (any, error) { return s.Policy(), nil })
	handle("POST /policy", s.setPolicy)
	handle("GET /held", func(*http.Request) (any, error) { return s.heldCount(), nil })
	handle("POST /hold", func(*http.Request) (any, error) { s.Hold(); return s.heldCount(), nil })
	handle("POST /release", s.releaseSome)
	handle("POST /inject", s.inject)
	handle("POST /password", s.setPassword)
	handle("POST /domains", s.addDomain)
	handle("DELETE /domains/{name}", func(r *http.Request) (any, error) { return struct{}{}, s.RemoveDomain(r.PathValue("name")) })
	handle("POST /balance", s.setBalance)
	mux.HandleFunc("GET /zone-list", s.serveZoneList)
	mux.Handle("/witness/{domain}", s.observer)

	return &http.Server{Handler: mux, ReadTimeout: adminTimeout, WriteTimeout: adminTimeout,
		ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug)}
}

func writeJSON(w http.ResponseWriter, answer any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		answer = map[string]string{"error": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(answer) // fails only when the client has gone
}

func readJSON(r *http.Request, into any) error {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("read body: %w", err)
	}
	return nil
}

func (s admin) heldCount() map[string]int { return map[string]int{"held": s.Held()} }

func (s admin) setPolicy(r *http.Request) (any, error) {
	patch, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	return s.patchPolicy(patch)
}

func (s admin) releaseSome(r *http.Request) (any, error) {
	n := 0
	if text := r.FormValue("n"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1 {
			return nil, fmt.Errorf("read n %q: want a number from 1 up", text)
		}
	}
	s.Release(n)
	return s.heldCount(), nil
}

func (s admin) inject(r *http.Request) (any, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	s.Inject(raw)
	return map[string]int{"bytes": len(raw)}, nil
}

func (s admin) setPassword(r *http.Request) (any, error) {
	var body struct {
		Password string `json:"password"`
	}
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	s.SetPassword(body.Password)
	return struct{}{}, nil
}

func (s admin) addDomain(r *http.Request) (any, error) {
	var d Domain
	if err := readJSON(r, &d); err != nil {
		return nil, err
	}
	return struct{}{}, s.AddDomain(d)
}

func (s admin) setBalance(r *http.Request) (any, error) {
	var body Balance
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	s.SetBalance(body.Real, body.Bonus)
	return s.State().Balance, nil
}
