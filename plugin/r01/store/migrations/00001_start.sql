-- Times are integer Unix milliseconds, UTC. Columns called sealed_… are encrypted.

-- +goose Up

-- Small single values: counters, pauses, the fence.
create table settings (
    name  text primary key,
    value text not null
) strict;

-- Registrants as R01 knows them. The handle is made before the first request is sent and
-- is never used for anybody else.
create table clients (
    id             integer primary key,
    customer       text not null,
    kind           text not null check (kind in ('person', 'organization')),
    identity       text not null, -- fingerprint of who it is; '' = adopted, known by handle only
    handle         text not null unique,
    state          text not null check (state in ('pending', 'registered', 'failed')),
    sealed_contact blob,          -- null = adopted
    created_at     integer not null
) strict;
-- One client request for one new registrant, however many orders wait for it.
create unique index clients_identity on clients (customer, identity) where state <> 'failed' and identity <> '';

-- One mail to R01 each. See package lifecycle for states and holds.
create table requests (
    id          text primary key,
    kind        text not null check (kind in ('new-client', 'new-domain', 'prolong', 'update-domain', 'update-client')),
    agreement   text not null,
    object      text not null,             -- the handle or the domain it is about
    base        text not null default '',  -- prolong: the paid-till it starts from
    client      integer references clients (id),
    state       text not null check (state in ('Queued', 'Sending', 'Sent', 'Accepted', 'NeedsAction', 'Uncertain', 'Succeeded', 'Failed', 'Cancelled')),
    hold        text not null default '' check (hold in ('', 'auth_failed', 'no_funds', 'not_delegated', 'no_result', 'no_answer', 'fate_unknown', 'by_hand')),
    message_id  text not null unique,
    token       text not null unique,
    sealed_body blob not null,             -- the templates; the password is not among them
    digest      text not null default '',  -- SHA-256 of the bytes as sent, the password masked
    attempt     integer not null default 0,
    fence       integer not null default 0,
    task        text not null default '',  -- R01's number for it
    error       text not null default '',
    created_at  integer not null,
    due_at      integer not null,          -- not sent before
    claimed_at  integer,
    sent_at     integer,
    deadline_at integer,
    updated_at  integer not null,
    version     integer not null default 1,
    check ((state in ('NeedsAction', 'Uncertain')) = (hold <> ''))
) strict;
-- At most one request for an object is open.
create unique index requests_open on requests (agreement, kind, object)
    where state not in ('Succeeded', 'Failed', 'Cancelled');
-- One PROLONG for one domain and expiry, for ever. r01-mail 4.3
create unique index requests_prolong on requests (agreement, object, base) where kind = 'prolong';
create index requests_due on requests (due_at) where state = 'Queued';
create index requests_deadline on requests (deadline_at) where deadline_at is not null;
create index requests_task on requests (task) where task <> '';
create index requests_object on requests (object);

-- Every time a request was handed to the relay.
create table attempts (
    request     text not null references requests (id),
    attempt     integer not null,
    claimed_at  integer not null,
    finished_at integer,
    outcome     text check (outcome in ('accepted', 'refused', 'deferred', 'unknown')),
    response    text not null default '',
    primary key (request, attempt)
) strict;

create table operations (
    id           text primary key,
    order_id     text unique,            -- null = begun by our own schedule
    digest       text not null,          -- fingerprint of the order, to tell a repetition from a conflict
    kind         text not null check (kind in ('register', 'transfer', 'renew', 'update')),
    domain       text not null,
    customer     text not null,
    client       integer references clients (id),
    request      text references requests (id), -- the current one
    state        text not null check (state in ('Queued', 'Sending', 'Sent', 'Accepted', 'NeedsAction', 'Uncertain', 'Succeeded', 'Failed', 'Cancelled')),
    waits_for    text not null default '',
    error        text not null default '',
    sealed_order blob not null,
    created_at   integer not null,
    updated_at   integer not null,
    deadline_at  integer,
    finished_at  integer,
    check ((state in ('Succeeded', 'Failed', 'Cancelled')) = (finished_at is not null))
) strict;
create unique index operations_open on operations (domain) where finished_at is null;
create index operations_request on operations (request);

create table steps (
    operation text not null references operations (id),
    number    integer not null,
    at        integer not null,
    state     text not null,
    message   text not null,
    actor     text not null,
    evidence  text not null default '' check (evidence in ('', 'reply', 'relay', 'copy', 'registry', 'person')),
    mail      text not null default '',
    primary key (operation, number)
) strict;

create table domains (
    name        text primary key,
    customer    text not null,
    handle      text not null default '',
    status      text not null check (status in ('Registering', 'Registered', 'Transferring', 'Error', 'Expired', 'Deleted', 'TransferredAway')),
    paid_till   text not null default '',  -- YYYY-MM-DD
    renewal     text not null check (renewal in ('auto', 'manual')),
    nameservers text not null,             -- JSON
    updated_at  integer not null
) strict;

create table alarms (
    key     text primary key,
    domain  text not null default '',
    since   integer not null,
    message text not null
) strict;
create index alarms_domain on alarms (domain);

-- Every mail sent and received.
create table mails (
    id           text primary key,
    direction    text not null check (direction in ('in', 'out')),
    hash         text not null unique,   -- of the content: the same mail twice is one
    request      text references requests (id),
    at           integer not null,
    state        text not null check (state in ('sent', 'new', 'applied', 'review', 'ignored')),
    tries        integer not null default 0, -- counted before each attempt to read it
    sealed_raw   blob not null,
    truncated    integer not null default 0
) strict;
create index mails_new on mails (at) where state = 'new';

create table reviews (
    id          text primary key,
    mail        text not null references mails (id),
    reason      text not null,
    candidates  text not null,           -- JSON list of operation ids
    received_at integer not null,
    resolved_at integer,
    resolved_by text not null default '',
    outcome     text not null default ''
) strict;
create index reviews_waiting on reviews (received_at) where resolved_at is null;

-- The event record. Cursors are dense: they are counted in the writing transaction.
create table events (
    cursor integer primary key,
    event  text not null                 -- JSON
) strict;

