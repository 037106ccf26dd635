package r01sim

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"registrar.panel/shared/registrar"
)

// zoneEvery is how often the file is written, at speed 1.
const zoneEvery = time.Minute

// edition is one state of the zone list.
type edition struct {
	text string
	tag  string
	made time.Time // when the registry reached this state
}

// zoneList returns the registry as the partner's lists show it, with all zones in
// one: name, registrar, created, paid-till, free-date, delegated, separated by tabs.
func (s *Simulator) zoneList() edition {
	s.mu.Lock()
	defer s.mu.Unlock()

	var b strings.Builder
	for _, d := range s.registry.state().Domains {
		if s.today().DaysSince(d.PaidTill) >= freeAfter {
			continue
		}
		delegated := 0
		if d.Delegated && !d.PaidTill.Before(s.today()) {
			delegated = 1
		}

		// field-notes 3.2: the lists have names in upper case.
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%s\t%d\n", strings.ToUpper(d.Name), d.Registrar, dotted(today(d.Created)),
			dotted(d.PaidTill), dotted(d.PaidTill.AddDays(freeAfter)), delegated)
	}

	h := fnv.New64a()
	h.Write([]byte(b.String()))
	if tag := fmt.Sprintf(`"%x"`, h.Sum64()); tag != s.zone.tag {
		s.zone = edition{text: b.String(), tag: tag, made: s.options.Now().UTC()}
	}

	return s.zone
}

func dotted(d registrar.Date) string { return fmt.Sprintf("%02d.%02d.%04d", d.Day, d.Month, d.Year) }

func (e edition) packed() ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(e.text)); err != nil {
		return nil, fmt.Errorf("pack zone list: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("pack zone list: %w", err)
	}
	return b.Bytes(), nil
}

// serveZoneList serves the list as a file; it respects If-None-Match and If-Modified-Since.
func (s *Simulator) serveZoneList(w http.ResponseWriter, r *http.Request) {
	e := s.zoneList()
	packed, err := e.packed()
	if err != nil {
		writeJSON(w, nil, err)
		return
	}
	w.Header().Set("Content-Type", "application/gzip")
	w.Header().Set("ETag", e.tag)
	http.ServeContent(w, r, "domains.gz", e.made, bytes.NewReader(packed))
}

// writeZoneLists keeps the file up to date until ctx ends.
func (s *Simulator) writeZoneLists(ctx context.Context) {
	tick := time.NewTicker(max(s.pace(zoneEvery), time.Millisecond))
	defer tick.Stop()
	for last := ""; ; {
		if e := s.zoneList(); e.tag != last {
			// An edition that could not be written is tried again at the next tick.
			if err := e.write(s.options.ZoneList); err != nil {
				s.logger.Error("zone list not written", "err", err)
			} else {
				last = e.tag
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// write replaces the file in one step, so that no reader sees half a list.
func (e edition) write(path string) error {
	packed, err := e.packed()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write zone list: %w", err)
	}
	_, err = f.Write(packed)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write zone list: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// ZoneList returns the list as the admin interface serves it, gzip.
func (s *Simulator) ZoneList() ([]byte, error) { return s.zoneList().packed() }

// RemoveDomain takes a domain out of the registry.
func (s *Simulator) RemoveDomain(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.registry.domains[name]; !known {
		return fmt.Errorf("remove domain %s: not in the registry", name)
	}
	delete(s.registry.domains, name)
	return nil
}
