package registrarrpc

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"registrar.panel/shared/registrar"
	pb "registrar.panel/shared/registrarrpc/registrarpb"
)

// ageEnv makes the test binary a plugin of another version: "older" lacks a call, "newer"
// knows words and fields of the future, "major" speaks another protocol.
const ageEnv = "REGISTRARRPC_TEST_AGE"

// aged serves what the version of the proto would have, or will have.
type aged struct {
	glue
	age string
}

func (a *aged) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	desc := pb.RegistrarService_ServiceDesc
	server := pb.RegistrarServiceServer(&registrarServer{registrar: a.plugin})
	switch a.age {
	case "older":
		desc.Methods = slices.DeleteFunc(slices.Clone(desc.Methods), func(m grpc.MethodDesc) bool { return m.MethodName == "RunRenewals" })
	case "newer":
		server = futureServer{server}
	}
	s.RegisterService(&desc, server)
	pb.RegisterPluginServiceServer(s, &pluginServer{plugin: a.plugin})
	return nil
}

// future is a number that no enum has yet.
const future = 4242

// futureServer answers as a plugin of a newer minor version does.
type futureServer struct{ pb.RegistrarServiceServer }

// unknownField is field 1000, a string.
func unknownField() []byte { return []byte{0xc2, 0x3e, 3, 'n', 'e', 'w'} }

func (futureServer) Describe(context.Context, *pb.DescribeRequest) (*pb.DescribeResponse, error) {
	d := &pb.Description{Name: "test", Kinds: []pb.OperationKind{pb.OperationKind_OPERATION_KIND_RENEW, future},
		Registrants: []pb.RegistrantKind{future}, Capabilities: []pb.Capability{future, pb.Capability_CAPABILITY_CHECK}, Schema: &pb.Schema{}}
	d.ProtoReflect().SetUnknown(unknownField())
	return &pb.DescribeResponse{Description: d}, nil
}

func (futureServer) Form(context.Context, *pb.FormRequest) (*pb.FormResponse, error) {
	return &pb.FormResponse{Form: &pb.Form{Kind: pb.OperationKind_OPERATION_KIND_REGISTER, Fields: []*pb.Field{{Key: "dna", Type: future, Class: future}}}}, nil
}

func (futureServer) Check(_ context.Context, r *pb.CheckRequest) (*pb.CheckResponse, error) {
	return &pb.CheckResponse{Answers: []*pb.Availability{{Name: r.GetNames()[0], Status: future}}}, nil
}

func (futureServer) Operation(_ context.Context, r *pb.OperationRequest) (*pb.OperationResponse, error) {
	op := &pb.Operation{Id: r.GetId(), Kind: pb.OperationKind_OPERATION_KIND_RENEW, State: pb.OperationState_OPERATION_STATE_SUCCEEDED,
		History: []*pb.Step{{State: pb.OperationState_OPERATION_STATE_SUCCEEDED, Evidence: future}}}
	if r.GetId() == "closed" {
		op.State = future
	}
	return &pb.OperationResponse{Operation: op}, nil
}

func (futureServer) Events(_ *pb.EventsRequest, s grpc.ServerStreamingServer[pb.EventsResponse]) error {
	return s.Send(&pb.EventsResponse{Event: &pb.Event{Cursor: 1, At: timestamppb.New(time.Unix(1, 0)), Type: future, Level: future}})
}

func serveAged(age string) {
	p := &fake{describe: func(context.Context) (registrar.Description, error) { return registrar.Description{Name: "test"}, nil },
		drain: func(context.Context) error { return nil }}
	s := serviceOf(p, Logger("test"))
	version := ProtocolVersion
	if age == "major" {
		version++
	}
	plugin.Serve(&plugin.ServeConfig{HandshakeConfig: Handshake(), GRPCServer: s.grpcServer, Logger: s.machineLog(),
		VersionedPlugins: map[int]plugin.PluginSet{version: {pluginName: &aged{glue: *s.glue(), age: age}}}})
}

func ofAge(t *testing.T, age string) child {
	t.Helper()
	c := newChild(t, ageEnv+"="+age)
	c.Env = slices.DeleteFunc(c.Env, func(v string) bool { return strings.HasPrefix(v, drainedEnv+"=") })
	return c
}

func TestAnOlderMinorVersion(t *testing.T) {
	t.Parallel()
	_, p := hosted(t, ofAge(t, "older"))
	if d, err := p.Describe(t.Context()); err != nil || d.Name != "test" {
		t.Errorf("Describe: %+v, %v", d, err)
	}
	_, err := p.RunRenewals(t.Context(), true)
	if !errors.Is(err, registrar.Unsupported) || !strings.Contains(err.Error(), "it may be of an older version: unknown method RunRenewals") {
		t.Errorf("a call that it lacks: %v", err)
	}
}

func TestANewerMinorVersion(t *testing.T) {
	t.Parallel()

	_, p := hosted(t, ofAge(t, "newer"))
	d, err := p.Describe(t.Context())
	if err != nil || !slices.Equal(d.Kinds, []registrar.OperationKind{registrar.KindRenew}) || len(d.Registrants) != 0 || !slices.Equal(d.Capabilities, []registrar.Capability{registrar.CapCheck}) {
		t.Errorf("Describe: %+v, %v", d, err)
	}

	f, err := p.Form(t.Context(), registrar.FormQuery{TLD: "test", Kind: registrar.KindRegister, Registrant: registrar.Person})
	if err != nil || len(f.Fields) != 1 || f.Fields[0].Type != registrar.FieldText || f.Fields[0].Class != registrar.DataIdentity {
		t.Errorf("Form: %+v, %v", f, err)
	}

	answers, err := p.Check(t.Context(), []string{"a.test"})
	if err != nil || answers[0].Status != registrar.AvailabilityUnknown {
		t.Errorf("Check: %+v, %v", answers, err)
	}

	op, err := p.Operation(t.Context(), "open")
	if err != nil || len(op.History) != 1 || op.History[0].Evidence != "" {
		t.Errorf("Operation: %+v, %v", op, err)
	}

	for e, err := range p.Events(t.Context(), 0) {
		if err != nil || e.Type != registrar.EventNotice || e.Level != registrar.LevelWarning {
			t.Errorf("Event: %+v, %v", e, err)
		}
		break
	}

	if _, err := p.Operation(t.Context(), "closed"); !errors.Is(err, registrar.Internal) || !strings.Contains(err.Error(), "operation.state: 4242 is not known here") {
		t.Errorf("a state of the future: %v", err)
	}
}

func TestAnotherMajorVersion(t *testing.T) {
	t.Parallel()
	c := ofAge(t, "major")
	client := plugin.NewClient(&plugin.ClientConfig{HandshakeConfig: Handshake(), VersionedPlugins: ClientSet(),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC}, SkipHostEnv: true, Cmd: c.Cmd})
	t.Cleanup(client.Kill)
	_, err := Dispense(client)
	var other *VersionError
	if !errors.As(err, &other) || other.Plugin != ProtocolVersion+1 ||
		!strings.Contains(err.Error(), "it speaks version 2 of the protocol and this panel version 1: upgrade the panel, or use a release of the plugin for version 1") {
		t.Errorf("Dispense = %v", err)
	}
	if text := (&VersionError{Plugin: 0}).Error(); !strings.Contains(text, "upgrade the plugin") {
		t.Errorf("of an older one: %s", text)
	}
}
