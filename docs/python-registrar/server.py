"""Everything between a plugin and its host, as docs/plugin-protocol.md describes it.

serve() shakes hands, serves gRPC over a private socket with mutual TLS, and sees to it that
the process ends when its host does. It knows nothing of what a registrar is.
"""

import base64
import datetime
import json
import os
import signal
import sys
import tempfile
import threading
from concurrent import futures

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import controller_pb2
import controller_pb2_grpc
import health_pb2
import health_pb2_grpc
import status_pb2

PROTOCOL_VERSION = 1
COOKIE = ("REGISTRAR_PANEL_PLUGIN", "panel.registrar")
MAX_MESSAGE = 16 << 20

# A call under way holds a worker, and so does a reader of events all the time.
WORKERS = 64

# Codes of the contract, and what gRPC calls them.
CODES = {
    "INVALID": grpc.StatusCode.INVALID_ARGUMENT,
    "NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "CONFLICT": grpc.StatusCode.ALREADY_EXISTS,
    "PRECONDITION": grpc.StatusCode.FAILED_PRECONDITION,
    "UNSUPPORTED": grpc.StatusCode.UNIMPLEMENTED,
    "NOT_READY": grpc.StatusCode.FAILED_PRECONDITION,
    "LOCKED": grpc.StatusCode.FAILED_PRECONDITION,
    "DRAINING": grpc.StatusCode.UNAVAILABLE,
    "UNAVAILABLE": grpc.StatusCode.UNAVAILABLE,
    "INTERNAL": grpc.StatusCode.INTERNAL,
}


class Error(Exception):
    """A call that could not be carried out; problems are pairs of path and message."""

    def __init__(self, code, detail, problems=()):
        super().__init__(detail)
        self.code, self.detail, self.problems = code, detail, problems


def log(level, message, **fields):
    """Writes one line for the host's log. No secrets, no personal data."""
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    line = {"@level": level, "@message": message, "@module": "python", "@timestamp": now, **fields}
    try:
        print(json.dumps(line), file=sys.stderr, flush=True)
    except OSError:  # the host has died, and its end of the pipe with it
        pass


def answered(method):
    """Makes a gRPC method of one that may raise Error."""

    def call(self, request, context):
        try:
            return method(self, request, context)
        except Error as e:
            fail(context, e)
        except Exception as e:  # its text may hold data of an order
            log("error", "call failed", method=method.__name__, error=type(e).__name__)
            fail(context, Error("INTERNAL", "the plugin failed; its log names the method"))

    return call


def fail(context, error):
    code = CODES[error.code]
    status = status_pb2.Status(code=code.value[0], message=error.detail)
    status.details.add().Pack(status_pb2.ErrorInfo(reason=error.code, domain="registrar.panel"))
    if error.problems:
        bad = status_pb2.BadRequest()
        for path, message in error.problems:
            bad.field_violations.add(field=path, description=message)
        status.details.add().Pack(bad)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, error.detail)


class Health(health_pb2_grpc.HealthServicer):
    def Check(self, request, context):
        return health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)


class Controller(controller_pb2_grpc.GRPCControllerServicer):
    def __init__(self, ending):
        self.ending = ending

    def Shutdown(self, request, context):
        self.ending.set()
        return controller_pb2.Empty()


def certificate():
    """Makes a key and a certificate for this process only; returns PEM, PEM and DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.utcnow()
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return secret, built.public_bytes(pem), built.public_bytes(serialization.Encoding.DER)


def listen(server):
    """Binds the server and returns its socket and, for the handshake, its certificate."""
    directory = os.environ.get("PLUGIN_UNIX_SOCKET_DIR") or tempfile.mkdtemp(prefix="plugin-")
    path = os.path.join(directory, "plugin%d" % os.getpid())
    host = os.environ.get("PLUGIN_CLIENT_CERT")
    if not host:  # the host has switched mutual TLS off
        server.add_insecure_port("unix:" + path)
        return path, ""
    key, pem, der = certificate()
    credentials = grpc.ssl_server_credentials([(key, pem)], root_certificates=host.encode(), require_client_auth=True)
    server.add_secure_port("unix:" + path, credentials)
    return path, base64.b64encode(der).decode().rstrip("=")


def watch_host(ending):
    """Sets the event when the host is gone: at the end of the pipe it holds."""
    number = os.environ.get("REGISTRAR_LIFELINE_FD")
    if not number:
        return
    pipe = int(number)
    os.set_inheritable(pipe, False)  # children must not hold it

    def wait():
        while os.read(pipe, 64):
            pass
        ending.set()

    threading.Thread(target=wait, daemon=True).start()


def serve(register, drain):
    """The main of a plugin: register(server) adds its services, drain() stops its work."""
    if os.environ.get(COOKIE[0]) != COOKIE[1]:
        print("This program is a registrar plugin. A panel starts it; by hand there is nothing to do.", file=sys.stderr)
        sys.exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the host's affair
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    watch_host(ending)

    limits = [("grpc.max_receive_message_length", MAX_MESSAGE), ("grpc.max_send_message_length", MAX_MESSAGE)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=WORKERS), options=limits)
    health_pb2_grpc.add_HealthServicer_to_server(Health(), server)
    controller_pb2_grpc.add_GRPCControllerServicer_to_server(Controller(ending), server)
    register(server)
    path, cert = listen(server)
    server.start()
    print("1|%d|unix|%s|grpc|%s" % (PROTOCOL_VERSION, path, cert), flush=True)
    os.dup2(2, 1)  # nothing else must reach the host on stdout

    while not ending.wait(1):  # a wait without a limit would keep signals out
        pass
    drain()
    server.stop(0.2).wait()
    os._exit(0)  # readers of events are in no hurry
