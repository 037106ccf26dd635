-- More kinds of orders. A CHECK can only be changed by building its table anew, and with it the one
-- that refers to it. sealed_order of an operation that has brought a transfer code holds that.

-- +goose Up
create table new_operations (
    number       integer primary key,
    order_id     text not null unique,
    digest       text not null, -- keyed, of Order.Canonical
    kind         text not null check (kind in ('register', 'transfer', 'renew', 'update', 'delete', 'restore', 'lock', 'unlock', 'auth-code', 'trade')),
    domain       text not null,
    customer     text not null,
    state        text not null check (state in ('Queued', 'Sending', 'Accepted', 'NeedsAction', 'Uncertain', 'Succeeded', 'Failed', 'Cancelled')),
    reference    text not null default '', -- the registrar's name for it
    sealed_order blob not null,
    waits_for    text not null default '',
    error        text not null default '',
    steps        integer not null,           -- of its history
    tries        integer not null default 0, -- in vain, since it has moved
    due_at       integer,                    -- when it is looked at next; null = an event of another kind moves it
    claimed_at   integer,                    -- when it was sent last
    deadline     integer,
    created_at   integer not null,
    updated_at   integer not null,
    finished_at  integer,
    check ((state in ('Succeeded', 'Failed', 'Cancelled')) = (finished_at is not null))
) strict;

create table new_steps (
    operation integer not null references new_operations (number),
    number    integer not null, -- from 1, without gaps
    at        integer not null,
    state     text not null,
    message   text not null,
    actor     text not null,
    evidence  text not null default '',
    primary key (operation, number)
) strict;

insert into new_operations (number, order_id, digest, kind, domain, customer, state, reference, sealed_order, waits_for, error, steps, tries, due_at,
        claimed_at, deadline, created_at, updated_at, finished_at)
    select number, order_id, digest, kind, domain, customer, state, reference, sealed_order, waits_for, error, steps, tries, due_at,
        claimed_at, deadline, created_at, updated_at, finished_at
    from operations;
insert into new_steps (operation, number, at, state, message, actor, evidence) select operation, number, at, state, message, actor, evidence from steps;

drop table steps;
drop table operations;
alter table new_operations rename to operations;
alter table new_steps rename to steps;
create unique index operations_open on operations (domain) where finished_at is null;
create index operations_due on operations (due_at) where due_at is not null;
create index operations_sending on operations (number) where state = 'Sending';
create index operations_brought on operations (customer) where kind = 'auth-code' and state = 'Succeeded';
