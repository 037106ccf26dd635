package web

import "net/http"

// makeBackup answers with an archive. A fault after its first byte breaks the connection off,
// so that the caller does not take a part of it for the whole.
func (s *Server) makeBackup(w http.ResponseWriter, r *http.Request) {
	out := &begun{ResponseWriter: w}
	w.Header().Set("Content-Type", "application/gzip")
	err := s.backup(r.Context(), out)
	switch {
	case err == nil:
	case out.written:
		s.log.Error("backup broken off", "err", err)
		panic(http.ErrAbortHandler)
	default:
		s.refuse(w, r, err)
	}
}

// begun knows whether the answer has begun.
type begun struct {
	http.ResponseWriter
	written bool
}

func (b *begun) Write(p []byte) (int, error) {
	b.written = true
	return b.ResponseWriter.Write(p)
}
