package r01

import (
	"context"
	"errors"

	"registrar.panel/internal/sqldb"
	"registrar.panel/plugin/r01/gateway"
	"registrar.panel/shared/registrar"
)

// Erase implements registrar.Erasures.
func (p *Plugin) Erase(ctx context.Context, q registrar.ErasureQuery) (registrar.Erasure, error) {
	return atWork(p, func(g *gateway.Gateway) (registrar.Erasure, error) { return g.Eraser.Erase(ctx, q) })
}

// RotateKeys implements registrar.Keys.
func (p *Plugin) RotateKeys(ctx context.Context) (registrar.Rotation, error) {
	w, err := p.working()
	if err != nil {
		return registrar.Rotation{}, err
	}
	key, n, err := w.store.RotateKey(ctx)
	switch {
	case errors.Is(err, sqldb.ErrShared):
		return registrar.Rotation{}, registrar.Errorf(registrar.Unsupported, "%s", sqldb.ErrShared)
	case errors.Is(err, sqldb.ErrBusy):
		return registrar.Rotation{}, registrar.Errorf(registrar.Unavailable, "%s", sqldb.ErrBusy)
	case err != nil:
		return registrar.Rotation{}, err
	}
	p.log.Info("key exchanged", "key", key, "sealed", n)
	return registrar.Rotation{Key: key, Sealed: n}, nil
}
