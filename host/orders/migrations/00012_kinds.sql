-- More kinds of orders, and terms of more than a year. A CHECK can only be changed by building its
-- table anew.

-- +goose Up

create table new_orders (
    id              text primary key,
    kind            text not null check (kind in ('register', 'transfer', 'renew', 'update', 'delete', 'restore', 'lock', 'unlock', 'auth-code', 'trade')),
    domain          text not null,
    customer        text not null,
    registrar       text not null,
    state           text not null check (state in ('unpaid', 'paid', 'cancelled')),
    own             integer not null check (own in (0, 1)),
    nameservers     text not null,
    paid_till       text not null,
    years           integer not null default 0 check (years >= 0), -- 0 = the shortest term
    sealed_private  blob not null,            -- contact and transfer code
    operation       text not null default '', -- the plugin's, once it has taken the order
    refusal         text not null default '', -- why the plugin will not take it
    created_at      integer not null,
    paid_at         integer,
    closed_at       integer,                  -- cancelled, refused, or its operation is final
    attempt         integer not null default 1 check (attempt >= 1),
    submission      text not null unique,     -- the ID by which the plugin knows this attempt
    begun_at        integer,                  -- when this attempt could be submitted
    operation_state text not null default '' check (operation_state in ('', 'Queued', 'Sending', 'Sent', 'Accepted', 'NeedsAction', 'Uncertain', 'Succeeded', 'Failed', 'Cancelled')),
    outcome         text not null default '' check (outcome in ('', 'succeeded', 'failed', 'cancelled')), -- '' = it is not concluded, or the plugin is still to be asked
    reason          text not null default '', -- why it ended so, or stands still
    waits_for       text not null default '', -- as the plugin last told
    waits_until     integer,
    expires_at      integer,                  -- unpaid: when it ends by itself
    refunded_at     integer,                  -- the payment was given back
    dismissed_at    integer,                  -- failed, and needs no person any more
    reference       text not null default '', -- the caller's own name for it
    digest          text not null default '', -- keyed, of what was asked: by it a repeated order is known
    check (state <> 'unpaid' or outcome = '' and operation = '' and refusal = ''),
    check (state <> 'cancelled' or outcome in ('failed', 'cancelled') and closed_at is not null),
    check (outcome = '' or closed_at is not null),
    check (refusal = '' or outcome = 'failed'),
    check (refunded_at is null or state = 'cancelled' and paid_at is not null)
) strict;
insert into new_orders (id, kind, domain, customer, registrar, state, own, nameservers, paid_till, sealed_private, operation, refusal,
        created_at, paid_at, closed_at, attempt, submission, begun_at, operation_state, outcome, reason, waits_for, waits_until, expires_at,
        refunded_at, dismissed_at, reference, digest)
    select id, kind, domain, customer, registrar, state, own, nameservers, paid_till, sealed_private, operation, refusal,
        created_at, paid_at, closed_at, attempt, submission, begun_at, operation_state, outcome, reason, waits_for, waits_until, expires_at,
        refunded_at, dismissed_at, reference, digest
    from orders;
drop table orders;
alter table new_orders rename to orders;
-- A domain has at most one order that is not concluded.
create unique index orders_open on orders (domain) where closed_at is null;
create index orders_undispatched on orders (registrar) where state = 'paid' and operation = '' and refusal = '';
create index orders_operation on orders (operation) where operation <> '';
create index orders_unpaid on orders (expires_at) where state = 'unpaid';
create index orders_untold on orders (registrar, id) where closed_at is not null and outcome = '';
create index orders_outcome on orders (outcome, created_at, id);
create index orders_customer on orders (customer, created_at, id);
create index orders_created on orders (created_at, id);
create index orders_domain on orders (domain, created_at, id);
create index orders_state on orders (state, created_at, id);
create index orders_reference on orders (reference, created_at, id) where reference <> '';

-- Whether the registrar has transfers refused.
alter table domains add column locked integer not null default 0 check (locked in (0, 1));
