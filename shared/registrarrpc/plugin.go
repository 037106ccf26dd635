package registrarrpc

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"registrar.panel/shared/registrar"
	pb "registrar.panel/shared/registrarrpc/registrarpb"
)

const (
	// ProtocolVersion is the major version; it belongs to the proto package panel.registrar.v1.
	ProtocolVersion = 1
	// MaxMessage is the largest message in bytes, for both sides.
	MaxMessage = 16 << 20
	// DefaultDeadline limits a call whose context has no deadline.
	DefaultDeadline = 60 * time.Second

	pluginName = "registrar"
)

// Handshake is how a host and a plugin recognise each other. It protects nothing: it only lets a plugin that
// is started by hand say what it is.
func Handshake() plugin.HandshakeConfig {
	return plugin.HandshakeConfig{
		MagicCookieKey:   "REGISTRAR_PANEL_PLUGIN",
		MagicCookieValue: "panel.registrar",
	}
}

// ClientSet returns the VersionedPlugins of a host's plugin.ClientConfig.
func ClientSet() map[int]plugin.PluginSet { return versioned(&glue{}) }

func versioned(g *glue) map[int]plugin.PluginSet {
	return map[int]plugin.PluginSet{ProtocolVersion: {pluginName: g}}
}

// DialOptions returns the GRPCDialOptions of a host's plugin.ClientConfig. They limit what a broken plugin
// can make the host allocate, and how long it can make a call wait.
func DialOptions() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(MaxMessage), grpc.MaxCallSendMsgSize(MaxMessage)),
		grpc.WithChainUnaryInterceptor(limitTime),
	}
}

func limitTime(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, DefaultDeadline)
		defer cancel()
	}
	return invoke(ctx, method, req, reply, cc, opts...)
}

// Dispense starts the plugin's process, unless it runs already, and returns it as a registrar. It takes at
// most the client's StartTimeout.
func Dispense(c *plugin.Client) (registrar.Hosted, error) {
	// Versions that don't match have their own error: upgrading helps then, and starting again does not.
	protocol, err := c.Client()
	if other := versionError(err); other != nil {
		return nil, fmt.Errorf("start plugin: %w", other)
	}
	if err != nil {
		return nil, fmt.Errorf("start plugin: %w", err)
	}

	raw, err := protocol.Dispense(pluginName)
	if err != nil {
		return nil, fmt.Errorf("dispense plugin: %w", err)
	}
	p, ok := raw.(registrar.Hosted)
	if !ok {
		return nil, fmt.Errorf("dispense plugin: got %T, which is no registrar", raw)
	}
	return p, nil
}

// VersionError is the error of a plugin that has no major version of the protocol in common with the host.
type VersionError struct{ Plugin int }

// Error says which side has to be upgraded.
func (e *VersionError) Error() string {
	text := fmt.Sprintf("it speaks version %d of the protocol and this panel version %d: ", e.Plugin, ProtocolVersion)
	if e.Plugin < ProtocolVersion {
		return text + "upgrade the plugin"
	}
	return text + fmt.Sprintf("upgrade the panel, or use a release of the plugin for version %d", ProtocolVersion)
}

// go-plugin has no type for this error.
var incompatible = regexp.MustCompile(`incompatible API version with plugin\. Plugin version: (\d+),`)

func versionError(err error) *VersionError {
	if err == nil {
		return nil
	}
	found := incompatible.FindStringSubmatch(err.Error())
	if found == nil {
		return nil
	}
	version, _ := strconv.Atoi(found[1])
	return &VersionError{version}
}

// glue adapts us to go-plugin. On the host's side it is empty.
type glue struct {
	plugin.NetRPCUnsupportedPlugin
	plugin registrar.Hosted
}

func (g *glue) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	pb.RegisterRegistrarServiceServer(s, &registrarServer{registrar: g.plugin})
	pb.RegisterPluginServiceServer(s, &pluginServer{plugin: g.plugin})
	return nil
}

func (*glue) GRPCClient(process context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return newClient(process, conn), nil
}
