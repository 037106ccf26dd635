#!/usr/bin/python3
"""A small registrar plugin without Go: staff register domains by hand.

It keeps the contract with SQLite and one lock: whatever belongs together is stored in one
transaction, and the event that tells of it, too. The contract is commented in
shared/registrarrpc/registrarpb; how plugin and host find each other is in server.py.
"""

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import sqlite3
import threading
import time

from google.protobuf.timestamp_pb2 import Timestamp

from panel.registrar.v1 import date_pb2, domain_pb2, event_pb2, operation_pb2, order_pb2, plugin_pb2, plugin_pb2_grpc
from panel.registrar.v1 import registrar_pb2 as pb
from panel.registrar.v1 import registrar_pb2_grpc
from server import Error, answered, fail, log, serve

REGISTER, RENEW = order_pb2.OPERATION_KIND_REGISTER, order_pb2.OPERATION_KIND_RENEW
PERSON = order_pb2.REGISTRANT_KIND_PERSON
NEEDS_ACTION, SUCCEEDED, FAILED = (
    operation_pb2.OPERATION_STATE_NEEDS_ACTION,
    operation_pb2.OPERATION_STATE_SUCCEEDED,
    operation_pb2.OPERATION_STATE_FAILED,
)
REGISTERING, REGISTERED, REFUSED = (
    domain_pb2.DOMAIN_STATUS_REGISTERING,
    domain_pb2.DOMAIN_STATUS_REGISTERED,
    domain_pb2.DOMAIN_STATUS_ERROR,
)
MAX_PAGE = 1000

LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
NAME = re.compile(r"%s(\.%s)+" % (LABEL, LABEL))
ORDER_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
EMAIL = r"^[^\s@]+@[^\s@]+\.[^\s@]+$"

SCHEMA = plugin_pb2.Schema(
    attributes=[
        plugin_pb2.Attribute(name="account", type=plugin_pb2.ATTRIBUTE_TYPE_STRING, required=True, description="whose domains they are"),
        plugin_pb2.Attribute(name="token", type=plugin_pb2.ATTRIBUTE_TYPE_STRING, sensitive=True, description="of the account"),
    ]
)


def fields():
    name = order_pb2.Field(key="name", label={"en": "Name"}, type=order_pb2.FIELD_TYPE_TEXT, required=True, example="Sidor Sidorov")
    mail = order_pb2.Field(
        key="email", label={"en": "E-mail"}, type=order_pb2.FIELD_TYPE_EMAIL, required=True, pattern=EMAIL, example="sidorov@example.com"
    )
    for field in (name, mail):
        setattr(field, "class", order_pb2.DATA_CLASS_PERSONAL)
    return [name, mail]


def is_name(name):
    return len(name) <= 253 and NAME.fullmatch(name) is not None


def problems_of(order):
    """Every mistake of an order, as pairs of path and message. No message repeats a value."""
    found = []
    if not ORDER_ID.fullmatch(order.id):
        found.append(("id", "must be 1 to 64 of A-Z a-z 0-9 . _ -"))
    if not is_name(order.domain):
        found.append(("domain", "must be a domain name in ACE, lower case, without a final dot"))
    if order.kind == RENEW:
        if not order.HasField("paid_till"):
            found.append(("paid_till", "is required: the expiry to renew from"))
        return found
    if order.kind != REGISTER:
        found.append(("kind", "must be register or renew"))
        return found
    if not order.customer:
        found.append(("customer", "is required"))
    if not order.nameservers:
        found.append(("nameservers", "is required"))
    for i, server in enumerate(order.nameservers):
        if not is_name(server.host):
            found.append(("nameservers[%d]" % i, "must be a host name"))
    if not order.HasField("registrant"):
        return found + [("contact", "is required")]
    for field in fields():
        given = order.registrant.fields[field.key].values if field.key in order.registrant.fields else []
        if not given or not given[0]:
            found.append(("contact." + field.key, "is required"))
        if len(given) > 1 and not field.multiple:
            found.append(("contact." + field.key, "has one value"))
        for i, value in enumerate(given):
            if value and not re.search(field.pattern, value):
                found.append(("contact.%s[%d]" % (field.key, i), "is not of the right form"))
    for key in sorted(order.registrant.fields):
        if key not in [field.key for field in fields()]:
            found.append(("contact." + key, "is not asked"))
    return found


def check(order):
    found = problems_of(order)
    if found:
        raise Error("INVALID", "the order has mistakes", found)


def problems_of_settings(raw):
    """The settings, and what is wrong with them."""
    try:
        settings = json.loads(raw)
    except ValueError:
        settings = None
    if not isinstance(settings, dict):
        raise Error("INVALID", "the settings are not a JSON object")
    found = []
    for attribute in SCHEMA.attributes:
        value = settings.get(attribute.name)
        if value is None and attribute.required:
            found.append((attribute.name, "is required"))
        elif value is not None and not isinstance(value, str):
            found.append((attribute.name, "must be a string"))
    if found:
        raise Error("INVALID", "the settings have mistakes", found)


def now():
    stamp = Timestamp()
    stamp.GetCurrentTime()
    return stamp


class Store:
    """The plugin's truth: one SQLite file, written in transactions under one lock."""

    def __init__(self, directory, create):
        self.lockfile = open(os.path.join(directory, "python.lock"), "a")
        try:
            fcntl.flock(self.lockfile, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.lockfile.close()
            raise Error("LOCKED", "another instance works on " + directory)
        try:
            self.db = self.open(os.path.join(directory, "python.db"), create)
        except BaseException:
            self.lockfile.close()
            raise
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)

    @staticmethod
    def open(path, create):
        if not create and not os.path.exists(path):
            raise Error("INTERNAL", "the database does not exist: " + path)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        db.execute("pragma journal_mode = wal")
        db.execute("pragma synchronous = full")  # a commit that is reported has reached the disk
        db.executescript(
            """
            create table if not exists secret (key blob not null);
            create table if not exists operations (number integer primary key, order_id text unique, digest text, open integer, domain text, record blob);
            create unique index if not exists one_open on operations (domain) where open;
            create table if not exists domains (name text primary key, record blob);
            create table if not exists events (cursor integer primary key, record blob);
            """
        )
        if not db.execute("select count(*) from secret").fetchone()[0]:
            db.execute("insert into secret values (?)", (secrets.token_bytes(32),))
        return db

    @contextlib.contextmanager
    def write(self):
        """One transaction; what it stores is there when it ends, and all of it or nothing."""
        with self.changed:
            self.db.execute("begin immediate")
            try:
                yield self.db
            except BaseException:
                self.db.execute("rollback")
                raise
            self.db.execute("commit")
            self.changed.notify_all()

    def row(self, query, *args):
        return self.db.execute(query, args).fetchone()

    def digest(self, order):
        """Tells a repeated order from another one under its ID. It is keyed, because an order holds personal data."""
        key = self.row("select key from secret")[0]
        return hmac.new(key, order.SerializeToString(deterministic=True), hashlib.sha256).hexdigest()

    def operation(self, identity):
        found = self.row("select record from operations where 'py-' || number = ?", identity)
        if not found:
            raise Error("NOT_FOUND", "the operation is not known here")
        return operation_pb2.Operation.FromString(found[0])

    def domain(self, name):
        found = self.row("select record from domains where name = ?", name)
        if not found:
            raise Error("NOT_FOUND", "the domain is not known here")
        domain = domain_pb2.Domain.FromString(found[0])
        current = self.row("select record from operations where open and domain = ?", name)
        if current:
            domain.operation.CopyFrom(bare(operation_pb2.Operation.FromString(current[0])))
        return domain

    def put(self, domain):
        domain.ClearField("operation")
        self.db.execute("insert or replace into domains values (?, ?)", (domain.name, domain.SerializeToString()))

    def tell(self, operation, level, message, actor):
        cursor = self.row("select coalesce(max(cursor), 0) + 1 from events")[0]
        event = event_pb2.Event(
            cursor=cursor, at=operation.updated_at, type=event_pb2.EVENT_TYPE_OPERATION, level=level, message=message, actor=actor,
            name=operation.domain, order=operation.order, operation=operation.id, domain=self.domain(operation.domain),
            kind=operation.kind, state=operation.state, reason=operation.error,
        )
        self.db.execute("insert into events values (?, ?)", (cursor, event.SerializeToString()))

    def close(self):
        with self.changed:
            self.db.close()
            self.lockfile.close()
            self.changed.notify_all()


def bare(operation):
    operation.ClearField("history")
    return operation


class Plugin:
    """What both services share: the settings and, between Start and Drain, the store."""

    def __init__(self):
        self.mutex = threading.Lock()
        self.configured = None
        self.store = None
        self.drained = False

    def working(self):
        with self.mutex:
            self.not_drained()
            if self.store is None:
                raise Error("NOT_READY", "the plugin is not started")
            return self.store

    def not_drained(self):
        if self.drained:
            raise Error("DRAINING", "the plugin is stopping")

    def drain(self):
        with self.mutex:
            store, self.store, self.drained = self.store, None, True
        if store is not None:
            store.close()
            log("info", "drained")


class PluginService(plugin_pb2_grpc.PluginServiceServicer):
    def __init__(self, plugin):
        self.plugin = plugin

    @answered
    def Configure(self, request, context):
        problems_of_settings(request.config)
        with self.plugin.mutex:
            self.plugin.not_drained()
            if self.plugin.store is not None:
                raise Error("PRECONDITION", "the plugin is at work; start a new one with the new settings")
            self.plugin.configured = (request.data_dir, request.create)
        return plugin_pb2.ConfigureResponse()

    @answered
    def Probe(self, request, context):
        self.plugin.not_drained()
        return plugin_pb2.ProbeResponse(components=[plugin_pb2.Component(name="staff", ok=True, detail="nothing to connect to")])

    @answered
    def Start(self, request, context):
        with self.plugin.mutex:
            self.plugin.not_drained()
            if self.plugin.configured is None:
                raise Error("NOT_READY", "the plugin is not configured")
            if self.plugin.store is None:
                self.plugin.store = Store(*self.plugin.configured)
                log("info", "started")
        return plugin_pb2.StartResponse()

    @answered
    def Health(self, request, context):
        self.plugin.working()
        return plugin_pb2.HealthResponse(components=[plugin_pb2.Component(name="store", ok=True, detail="open")])

    @answered
    def Drain(self, request, context):
        self.plugin.drain()
        return plugin_pb2.DrainResponse()


class RegistrarService(registrar_pb2_grpc.RegistrarServiceServicer):
    """Powers that are not declared stay as they were generated: UNIMPLEMENTED."""

    def __init__(self, plugin):
        self.plugin = plugin

    @answered
    def Describe(self, request, context):
        self.plugin.not_drained()
        return pb.DescribeResponse(
            description=plugin_pb2.Description(
                name="python", title="Registered by hand, in Python", version="0.1.0",
                kinds=[REGISTER, RENEW], registrants=[PERSON], schema=SCHEMA,
            )
        )

    @answered
    def Form(self, request, context):
        if not NAME.fullmatch("a." + request.tld):
            raise Error("INVALID", "that is no top-level domain", [("tld", "must be labels in ACE")])
        asked = fields() if request.kind == REGISTER else []
        return pb.FormResponse(form=order_pb2.Form(tld=request.tld, kind=request.kind, registrant=request.registrant, fields=asked))

    @answered
    def Validate(self, request, context):
        self.plugin.working()
        found = [order_pb2.Problem(path=path, message=message) for path, message in problems_of(request.order)]
        return pb.ValidateResponse(problems=found, preview="" if found else instruction(request.order))

    @answered
    def Check(self, request, context):
        store = self.plugin.working()
        return pb.CheckResponse(answers=[self.availability(store, name) for name in request.names])

    @staticmethod
    def availability(store, name):
        if not is_name(name):
            return domain_pb2.Availability(name=name, status=domain_pb2.AVAILABILITY_STATUS_INVALID, detail="is no domain name in ACE")
        with store.lock:
            try:
                status = store.domain(name).status
            except Error:
                status = None
        if status == REGISTERED:
            return domain_pb2.Availability(name=name, status=domain_pb2.AVAILABILITY_STATUS_TAKEN, detail="registered here")
        return domain_pb2.Availability(name=name, status=domain_pb2.AVAILABILITY_STATUS_UNKNOWN, detail="nobody was asked")

    @answered
    def Submit(self, request, context):
        store, order = self.plugin.working(), request.order
        check(order)
        with store.write():
            known = store.row("select record, digest from operations where order_id = ?", order.id)
            if known and known[1] != store.digest(order):
                raise Error("CONFLICT", "the order is known here with other contents")
            if known:
                return pb.SubmitResponse(operation=bare(operation_pb2.Operation.FromString(known[0])))
            self.admit(store, order)
            operation = self.begin(store, order)
        log("info", "submitted", operation=operation.id, domain=order.domain)
        return pb.SubmitResponse(operation=bare(operation))

    @staticmethod
    def admit(store, order):
        try:
            domain = store.domain(order.domain)
        except Error:
            domain = domain_pb2.Domain()
        if domain.HasField("operation"):
            raise Error("PRECONDITION", "an operation on the domain is open")
        if (order.kind == REGISTER) == (domain.status == REGISTERED):
            raise Error("PRECONDITION", "the domain is registered here already" if order.kind == REGISTER else "the domain is not registered here")
        if order.kind == RENEW and domain.paid_till != order.paid_till:
            raise Error("PRECONDITION", "the domain's expiry is another one: read it again")

    @staticmethod
    def begin(store, order):
        number, at = store.row("select coalesce(max(number), 0) + 1 from operations")[0], now()
        operation = operation_pb2.Operation(
            id="py-%d" % number, order=order.id, kind=order.kind, domain=order.domain, state=NEEDS_ACTION,
            waits_for="staff to do it by hand", created_at=at, updated_at=at,
            history=[operation_pb2.Step(at=at, state=NEEDS_ACTION, message=instruction(order), actor="plugin")], version="1",
        )
        store.db.execute(
            "insert into operations values (?, ?, ?, 1, ?, ?)",
            (number, order.id, store.digest(order), order.domain, operation.SerializeToString()),
        )
        if order.kind == REGISTER:
            store.put(domain_pb2.Domain(name=order.domain, customer=order.customer, status=REGISTERING,
                                        renewal=domain_pb2.RENEWAL_MODE_MANUAL, nameservers=order.nameservers))
        store.tell(operation, event_pb2.LEVEL_WARNING, instruction(order), "plugin")
        return operation

    @answered
    def Operation(self, request, context):
        store = self.plugin.working()
        with store.lock:
            return pb.OperationResponse(operation=store.operation(request.id))

    @answered
    def Resolve(self, request, context):
        store = self.plugin.working()
        if not request.by or request.verdict not in operation_pb2.Verdict.values() or not request.verdict:
            raise Error("INVALID", "the decision has mistakes", [("by", "a known verdict and who decides are required")])
        if not request.version:
            raise Error("INVALID", "the decision has mistakes", [("version", "is required: that of the operation as it was seen")])
        with store.write():
            operation = store.operation(request.operation)
            if request.version != operation.version:
                raise Error("CONFLICT", "the operation has moved on since it was looked at: read it again")
            decided = request.verdict in (operation_pb2.VERDICT_DONE, operation_pb2.VERDICT_FAILED)
            if operation.state != NEEDS_ACTION or not decided:
                raise Error("PRECONDITION", "the operation does not wait for that")
            self.conclude(store, operation, request)
        return pb.ResolveResponse(operation=bare(operation))

    @staticmethod
    def conclude(store, operation, decision):
        done, at = decision.verdict == operation_pb2.VERDICT_DONE, now()
        operation.state = SUCCEEDED if done else FAILED
        operation.waits_for, operation.error = "", "" if done else "decided by " + decision.by
        operation.updated_at.CopyFrom(at)
        operation.finished_at.CopyFrom(at)
        operation.history.add(at=at, state=operation.state, message="decided", actor=decision.by, evidence=operation_pb2.EVIDENCE_KIND_PERSON)
        operation.version = str(len(operation.history))
        store.db.execute("update operations set open = 0, record = ? where order_id = ?", (operation.SerializeToString(), operation.order))
        domain = store.domain(operation.domain)
        if done and operation.kind == REGISTER:
            today = time.gmtime()
            domain.status = REGISTERED
            domain.paid_till.CopyFrom(date_pb2.Date(year=today.tm_year + 1, month=today.tm_mon, day=min(today.tm_mday, 28)))
        elif done:
            domain.paid_till.year += 1
        elif operation.kind == REGISTER:
            domain.status = REFUSED
        store.put(domain)
        level = event_pb2.LEVEL_INFO if done else event_pb2.LEVEL_ERROR
        store.tell(operation, level, "done" if done else "failed", decision.by)

    @answered
    def Domain(self, request, context):
        store = self.plugin.working()
        with store.lock:
            return pb.DomainResponse(domain=store.domain(request.name))

    @answered
    def Domains(self, request, context):
        store = self.plugin.working()
        size = min(request.size, MAX_PAGE) if request.size > 0 else MAX_PAGE
        with store.lock:
            names = store.db.execute("select name from domains where name > ? order by name limit ?", (request.after, size + 1)).fetchall()
            domains = [store.domain(name) for (name,) in names[:size]]
        return pb.DomainsResponse(domains=domains, next=domains[-1].name if len(names) > size else "")

    def Events(self, request, context):
        after = request.after
        while context.is_active():
            try:
                batch = self.batch(self.plugin.working(), after)
            except Error as e:
                fail(context, e)
            for event in batch:
                yield pb.EventsResponse(event=event)
                after = event.cursor

    @staticmethod
    def batch(store, after):
        """The events after a cursor; waits a while when there are none."""
        with store.changed:
            query = "select record from events where cursor > ? order by cursor limit 500"
            try:
                rows = store.db.execute(query, (after,)).fetchall()
                if not rows:
                    store.changed.wait(0.5)  # so that a reader who is gone is noticed
                    rows = store.db.execute(query, (after,)).fetchall()
            except sqlite3.ProgrammingError:  # closed by a drain
                raise Error("DRAINING", "the plugin is stopping")
        return [event_pb2.Event.FromString(record) for (record,) in rows]


def instruction(order):
    """Tells staff what to do; it holds no personal data."""
    verb = "register" if order.kind == REGISTER else "renew"
    return "%s %s for customer %s" % (verb, order.domain, order.customer)


def main():
    plugin = Plugin()

    def register(server):
        registrar_pb2_grpc.add_RegistrarServiceServicer_to_server(RegistrarService(plugin), server)
        plugin_pb2_grpc.add_PluginServiceServicer_to_server(PluginService(plugin), server)

    serve(register, plugin.drain)


if __name__ == "__main__":
    main()
