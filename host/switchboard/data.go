package switchboard

import (
	"context"

	"registrar.panel/host/input"
	"registrar.panel/shared/registrar"
)

// Told is what one registrar answered, or why it did not.
type Told[T any] struct {
	Registrar string
	Value     T
	Err       error
}

// Erase has these registrars remove personal data, side by side.
func (b *Board) Erase(ctx context.Context, names []string, q registrar.ErasureQuery) []Told[registrar.Erasure] {
	return tell(ctx, b, names, func(ctx context.Context, r registrar.Service) (registrar.Erasure, error) { return r.Erase(ctx, q) })
}

// RotateKeys has every registrar exchange its key, side by side.
func (b *Board) RotateKeys(ctx context.Context) []Told[registrar.Rotation] {
	return tell(ctx, b, b.names, func(ctx context.Context, r registrar.Service) (registrar.Rotation, error) { return r.RotateKeys(ctx) })
}

func tell[T any](ctx context.Context, b *Board, names []string, ask func(context.Context, registrar.Service) (T, error)) []Told[T] {
	var all []Told[T]
	for _, a := range askAll(ctx, b, names, ask) {
		if a.err != nil {
			b.log.Warn("a registrar is missing from an answer", "registrar", a.name, "err", a.err)
		}
		all = append(all, Told[T]{a.name, a.value, a.err})
	}
	return all
}

func (b bounded) Erase(ctx context.Context, q registrar.ErasureQuery) (registrar.Erasure, error) {
	e, err := within(ctx, b.name, copyWithin, func(ctx context.Context) (registrar.Erasure, error) { return b.Service.Erase(ctx, q) })
	return tameErasure(e), err
}

func (b bounded) RotateKeys(ctx context.Context) (registrar.Rotation, error) {
	r, err := within(ctx, b.name, copyWithin, b.Service.RotateKeys)
	r.Key = input.OneLine(r.Key, input.LongestID)
	return r, err
}

// longestCode is the most characters of a transfer code.
const longestCode = 256

// TransferCode passes a secret on: it is bounded, and otherwise unchanged.
func (b bounded) TransferCode(ctx context.Context, id registrar.OperationID) (registrar.AuthCode, error) {
	code, err := within(ctx, b.name, askWithin, func(ctx context.Context) (registrar.AuthCode, error) { return b.Service.TransferCode(ctx, id) })
	if err == nil && input.CheckLine(string(code), longestCode) != "" {
		return "", registrar.Errorf(registrar.Internal, "registrar %s answers with a transfer code that can't be shown", b.name)
	}
	return code, err
}

// mostErased bounds what a registrar says about an erasure, in lines.
const mostErased = 1000

func tameErasure(e registrar.Erasure) registrar.Erasure {
	var tamed registrar.Erasure
	for _, r := range e.Removed[:min(len(e.Removed), mostErased)] {
		tamed.Removed = append(tamed.Removed, registrar.Removed{What: input.OneLine(r.What, input.LongestID), Count: r.Count})
	}
	for _, k := range e.Kept[:min(len(e.Kept), mostErased)] {
		tamed.Kept = append(tamed.Kept, registrar.Kept{What: input.OneLine(k.What, longestProblem), Why: input.OneLine(k.Why, longestProblem)})
	}
	for _, place := range e.Beyond[:min(len(e.Beyond), mostErased)] {
		tamed.Beyond = append(tamed.Beyond, input.OneLine(place, longestProblem))
	}
	return tamed
}
