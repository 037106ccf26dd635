package web

import (
	"io"
	"net/http"
	"time"
)

// makeBackup answers with an archive. A fault after its first byte breaks the connection off, so that the caller
// does not take a part of the archive for the whole. If the caller stops reading, the archive is given up.
func (s *Server) makeBackup(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxBody)) // the request's body is not used
	// Copying takes time, and a caller who waits for it in silence is not lost.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	out := &begun{ResponseWriter: w, piece: s.piece}
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

// pieceWithin is how long a reader may take for a piece of a stream.
const pieceWithin = time.Minute

// within sets a time limit for the next write of an answer.
func within(w http.ResponseWriter, limit time.Duration) {
	// An error means that there is no connection, as in tests.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limit))
}

// begun knows whether the answer has begun.
type begun struct {
	http.ResponseWriter
	piece   time.Duration
	written bool
}

func (b *begun) Write(p []byte) (int, error) {
	b.written = true
	within(b.ResponseWriter, b.piece)
	return b.ResponseWriter.Write(p)
}
