package registrarrpc

import (
	"registrar.panel/shared/registrar"
	pb "registrar.panel/shared/registrarrpc/registrarpb"
)

func (e *encoder) erasureQuery(q registrar.ErasureQuery) *pb.EraseRequest {
	return &pb.EraseRequest{Customer: q.Customer, Before: e.time("before", q.Before)}
}

func (d *decoder) erasureQuery(m *pb.EraseRequest) registrar.ErasureQuery {
	return registrar.ErasureQuery{Customer: m.GetCustomer(), Before: d.time("before", m.GetBefore())}
}

func (*encoder) erasure(v registrar.Erasure) *pb.EraseResponse {
	return &pb.EraseResponse{
		Removed: each(v.Removed, func(r registrar.Removed) *pb.Removed { return &pb.Removed{What: text(r.What), Count: r.Count} }),
		Kept:    each(v.Kept, func(k registrar.Kept) *pb.Kept { return &pb.Kept{What: text(k.What), Why: text(k.Why)} }),
		Beyond:  each(v.Beyond, text),
	}
}

func (*decoder) erasure(m *pb.EraseResponse) registrar.Erasure {
	return registrar.Erasure{
		Removed: each(m.GetRemoved(), func(r *pb.Removed) registrar.Removed {
			return registrar.Removed{What: r.GetWhat(), Count: r.GetCount()}
		}),
		Kept:   each(m.GetKept(), func(k *pb.Kept) registrar.Kept { return registrar.Kept{What: k.GetWhat(), Why: k.GetWhy()} }),
		Beyond: m.GetBeyond(),
	}
}

func (*encoder) rotation(v registrar.Rotation) *pb.RotateKeysResponse {
	return &pb.RotateKeysResponse{Key: text(v.Key), Sealed: v.Sealed}
}

func (*decoder) rotation(m *pb.RotateKeysResponse) registrar.Rotation {
	return registrar.Rotation{Key: m.GetKey(), Sealed: m.GetSealed()}
}
