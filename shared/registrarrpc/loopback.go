package registrarrpc

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"registrar.panel/shared/registrar"
)

// pipeSize is how many bytes may be in transit between the two ends of a loopback.
const pipeSize = 64 << 10

// Loopback serves a plugin and connects to it within this process, over the same wire but without a second
// process. close ends the connection; the caller has to drain.
func Loopback(o ServeOptions) (p registrar.Hosted, close func(), err error) {
	process, ended := context.WithCancel(context.Background())
	p, shut, err := loopback(newService(o), process)
	if err != nil {
		ended()
		return nil, nil, err
	}
	return p, func() { ended(); shut() }, nil
}

func loopback(s *service, process context.Context) (registrar.Hosted, func(), error) {
	server := s.grpcServer(nil)
	if err := s.glue().GRPCServer(nil, server); err != nil {
		return nil, nil, fmt.Errorf("serve plugin: %w", err)
	}

	listener := bufconn.Listen(pipeSize)
	dial := grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) })
	conn, err := grpc.NewClient("passthrough:plugin", append(DialOptions(), dial, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to plugin: %w", err)
	}

	served := make(chan struct{})
	go func() { // ends with server.Stop
		defer close(served)
		_ = server.Serve(listener)
	}()

	return newClient(process, conn), func() {
		_ = conn.Close()
		server.Stop()
		<-served
	}, nil
}
