-- +goose NO TRANSACTION
-- A CHECK can only be changed by building its table anew. Tables refer to requests, so the
-- references are not held while it is gone; they are checked before the commit. The switch
-- for that works outside of a transaction only, so the transaction is our own; everything
-- in it may run twice, should the process die between the commit and goose's record of it.

-- +goose Up
pragma foreign_keys = off;
begin immediate;

-- One mail that carries several requests. Its Message-ID and token stand for those of its
-- requests, which keep theirs for the case that one is sent alone.
create table if not exists batches (
    id         text primary key,
    message_id text not null unique,
    token      text not null unique,
    created_at integer not null
) strict;

create table new_requests (
    id          text primary key,
    kind        text not null check (kind in ('new-client', 'new-domain', 'prolong', 'update-domain', 'update-client')),
    agreement   text not null,
    object      text not null,             -- the handle or the domain it is about
    base        text not null default '',  -- prolong: the paid-till it starts from
    client      integer references clients (id),
    state       text not null check (state in ('Queued', 'Sending', 'Sent', 'Accepted', 'NeedsAction', 'Uncertain', 'Succeeded', 'Failed', 'Cancelled')),
    hold        text not null default '' check (hold in ('', 'auth_failed', 'no_funds', 'not_delegated', 'no_result', 'no_answer', 'fate_unknown', 'by_hand', 'to_verify')),
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
    batch       text references batches (id), -- goes out in one mail with others; null = alone
    check ((state in ('NeedsAction', 'Uncertain')) = (hold <> ''))
) strict;
insert into new_requests (id, kind, agreement, object, base, client, state, hold, message_id, token, sealed_body, digest,
        attempt, fence, task, error, created_at, due_at, claimed_at, sent_at, deadline_at, updated_at, version)
    select id, kind, agreement, object, base, client, state, hold, message_id, token, sealed_body, digest,
        attempt, fence, task, error, created_at, due_at, claimed_at, sent_at, deadline_at, updated_at, version
    from requests;
drop table requests;
alter table new_requests rename to requests;
create unique index requests_open on requests (agreement, kind, object)
    where state not in ('Succeeded', 'Failed', 'Cancelled');
create unique index requests_prolong on requests (agreement, object, base) where kind = 'prolong';
create index requests_due on requests (due_at) where state = 'Queued';
create index requests_deadline on requests (deadline_at) where deadline_at is not null;
create index requests_task on requests (task) where task <> '';
create index requests_object on requests (object);
create index requests_state on requests (state) where state not in ('Succeeded', 'Failed', 'Cancelled');
create index requests_batch on requests (batch) where batch is not null;

-- Which mail carried which request, also after the request has left it to be sent alone.
create table if not exists batched (
    batch   text not null references batches (id),
    request text not null references requests (id),
    primary key (batch, request)
) strict, without rowid;

-- Renewals that a pass has planned: one for one domain and expiry. What was asked for in
-- another way stands in requests, which forbids a second one in any case.
create table if not exists planned (
    domain     text not null,
    base       text not null,              -- the paid-till to renew from
    planned_at integer not null,
    begun      integer not null default 0,
    primary key (base, domain)
) strict, without rowid;
create index if not exists planned_waiting on planned (base, domain) where begun = 0;

-- What was announced of domains that are renewed by hand.
create table if not exists announcements (
    domain       text not null,
    paid_till    text not null,
    threshold    integer not null,         -- days before paid-till; -1 = expired
    announced_at integer not null,
    primary key (domain, paid_till, threshold)
) strict, without rowid;

create index if not exists domains_expiry on domains (renewal, paid_till, name, status) where status in ('Registered', 'Expired');
create index if not exists domains_expired on domains (paid_till) where status = 'Expired';
create index if not exists attempts_claimed on attempts (claimed_at);

-- Breaks the CHECK, and with it the migration, when a reference leads nowhere.
create temp table dangling (n integer not null check (n = 0));
insert into dangling select count(*) from pragma_foreign_key_check;
drop table dangling;
commit;
pragma foreign_keys = on;
