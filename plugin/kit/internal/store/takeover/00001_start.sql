-- Times are integer Unix milliseconds, UTC. sealed_order is an encrypted JSON registrar.Order.

-- +goose Up
create table operations (
    number      integer primary key,
    order_id    text not null unique,
    kind        text not null check (kind in ('register', 'transfer', 'renew', 'update')),
    domain      text not null,
    state       text not null check (state in ('NeedsAction', 'Succeeded', 'Failed')),
    sealed_order blob not null,
    error       text not null default '',
    decided_by  text not null default '',
    created_at  integer not null,
    finished_at integer,
    check ((state = 'NeedsAction') = (finished_at is null))
) strict;
create unique index operations_open on operations (domain) where finished_at is null;

create table domains (
    name      text primary key,
    record    text not null -- JSON registrar.Domain, without operation and alarms
) strict;

create table events (
    cursor integer primary key,
    event  text not null -- JSON registrar.Event
) strict;
