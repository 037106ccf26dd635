-- What 00003 of the other directory does by building a table anew; here a CHECK can be changed.

-- +goose Up

-- One mail that carries several requests. Its Message-ID and token stand for those of its
-- requests, which keep theirs for the case that one is sent alone.
create table if not exists batches (
    id         text primary key,
    message_id text not null unique,
    token      text not null unique,
    created_at integer not null
) strict;

alter table requests drop constraint requests_hold_check;
alter table requests add constraint requests_hold_check
    check (hold in ('', 'auth_failed', 'no_funds', 'not_delegated', 'no_result', 'no_answer', 'fate_unknown', 'by_hand', 'to_verify'));
alter table requests add column batch text references batches (id); -- goes out in one mail with others; null = alone
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
