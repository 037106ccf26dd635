package door

import (
	"crypto/tls"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"registrar.panel/host/config"
)

// protected puts TLS in front of a listener, if it is configured.
func protected(l net.Listener, p config.Panel, log *slog.Logger) (net.Listener, error) {
	if p.TLS == nil {
		return l, nil
	}
	k := &certificate{files: *p.TLS, log: log}
	if err := k.load(); err != nil {
		return l, p.TLS.At.Errorf("panel.tls: %v", err)
	}
	return tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: k.get}), nil
}

// certificate is read again when one of its files has changed, for instance after a renewal. A pair
// that can't be used does not replace the current one.
type certificate struct {
	files config.TLS
	log   *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	stamp   [2]time.Time // of the files that were read last
	failed  [2]time.Time // of files that could not be used
}

func (k *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := k.stamps(); now != k.stamp && now != k.failed {
		if err := k.read(now); err != nil {
			// Reported once for these files, and not at every connection.
			k.failed = now
			k.log.Error("a renewed certificate can't be used; the old one stays", "err", err)
		} else {
			k.log.Info("the certificate was read again")
		}
	}
	return k.current, nil
}

func (k *certificate) load() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.read(k.stamps())
}

func (k *certificate) read(stamp [2]time.Time) error {
	pair, err := tls.LoadX509KeyPair(k.files.Cert, k.files.Key)
	if err != nil {
		return err
	}
	k.current, k.stamp = &pair, stamp
	return nil
}

// stamps returns the times of the files; zero = the file does not exist.
func (k *certificate) stamps() (stamp [2]time.Time) {
	for i, file := range []string{k.files.Cert, k.files.Key} {
		if info, err := os.Stat(file); err == nil {
			stamp[i] = info.ModTime()
		}
	}
	return stamp
}
