-- Makes of a book as 00001 has it, which the plugin manual kept until it was built with the kit, a store
-- of the kit as ../migrations/00002 leaves it. What needs the key is left to Go: digests, customers, and
-- the words of first steps are empty until then.

-- +goose Up
drop index operations_open;
alter table operations rename to book_operations;
alter table domains rename to book_domains;

create table operations (
    number       integer primary key,
    order_id     text not null unique,
    digest       text not null, -- keyed, of Order.Canonical
    kind         text not null check (kind in ('register', 'transfer', 'renew', 'update')),
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
create unique index operations_open on operations (domain) where finished_at is null;
create index operations_due on operations (due_at) where due_at is not null;
create index operations_sending on operations (number) where state = 'Sending';

create table steps (
    operation integer not null references operations (number),
    number    integer not null, -- from 1, without gaps
    at        integer not null,
    state     text not null,
    message   text not null,
    actor     text not null,
    evidence  text not null default '',
    primary key (operation, number)
) strict;

create table domains (
    name     text primary key,
    customer text not null,
    record   text not null -- JSON registrar.Domain, without operation and alarms
) strict;
create index domains_customer on domains (customer);

create table handles (
    number   integer primary key,
    customer text not null,
    handle   text not null,
    unique (customer, handle)
) strict;

create table settings (
    name  text primary key,
    value text not null
) strict;

insert into operations (number, order_id, digest, kind, domain, customer, state, sealed_order, error, steps, created_at, updated_at, finished_at)
select number, order_id, '', kind, domain, '', state, sealed_order, error, case when finished_at is null then 1 else 2 end,
    created_at, coalesce(finished_at, created_at), finished_at
from book_operations;

insert into steps (operation, number, at, state, message, actor)
select number, 1, created_at, 'NeedsAction', '', 'plugin' from book_operations;

insert into steps (operation, number, at, state, message, actor, evidence)
select number, 2, finished_at, state, 'concluded', decided_by, 'person' from book_operations where finished_at is not null;

insert into domains (name, customer, record)
select name, '', record from book_domains;

insert into settings (name, value) values ('book', 'not read yet');

drop table book_operations;
drop table book_domains;
