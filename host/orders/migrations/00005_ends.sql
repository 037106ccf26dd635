-- How orders end, and what becomes of them then. A CHECK can only be changed by building its table
-- anew.

-- +goose Up

create table new_orders (
    id              text primary key,
    kind            text not null check (kind in ('register', 'transfer', 'renew', 'update')),
    domain          text not null,
    customer        text not null,
    registrar       text not null,
    state           text not null check (state in ('unpaid', 'paid', 'cancelled')),
    own             integer not null check (own in (0, 1)),
    nameservers     text not null,
    paid_till       text not null,
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
    dismissed_at    integer,                  -- failed, and needs nobody any more
    check (state <> 'unpaid' or outcome = '' and operation = '' and refusal = ''),
    check (state <> 'cancelled' or outcome in ('failed', 'cancelled') and closed_at is not null),
    check (outcome = '' or closed_at is not null),
    check (refusal = '' or outcome = 'failed'),
    check (refunded_at is null or state = 'cancelled' and paid_at is not null)
) strict;
insert into new_orders (id, kind, domain, customer, registrar, state, own, nameservers, paid_till, sealed_private, operation, refusal,
        created_at, paid_at, closed_at, submission, begun_at, outcome, reason)
    select id, kind, domain, customer, registrar, state, own, nameservers, paid_till, sealed_private, operation, refusal,
        created_at, paid_at, closed_at, id, paid_at,
        case when state = 'cancelled' then 'cancelled' when refusal <> '' then 'failed' else '' end, refusal
    from orders;
drop table orders;
alter table new_orders rename to orders;
-- A domain has at most one order that is not concluded.
create unique index orders_open on orders (domain) where closed_at is null;
create index orders_undispatched on orders (registrar) where state = 'paid' and operation = '' and refusal = '';
create index orders_customer on orders (customer);
create index orders_operation on orders (operation) where operation <> '';
create index orders_unpaid on orders (expires_at) where state = 'unpaid';
create index orders_untold on orders (registrar, id) where closed_at is not null and outcome = '';
create index orders_outcome on orders (outcome, created_at, id);

-- Earlier attempts at an order that was tried again.
create table attempts (
    submission text primary key, -- the ID by which the plugin knows it
    "order"    text not null,
    number     integer not null,
    operation  text not null,
    outcome    text not null check (outcome in ('failed', 'cancelled')),
    reason     text not null,
    ended_at   integer not null,
    unique ("order", number)
) strict;

alter table domains add column operation_state text not null default '' check (operation_state in ('', 'Queued', 'Sending', 'Sent', 'Accepted', 'NeedsAction', 'Uncertain', 'Succeeded', 'Failed', 'Cancelled'));
alter table domains add column outcome text not null default '' check (outcome in ('', 'succeeded', 'failed', 'cancelled')); -- of the last operation or order that has ended
alter table domains add column reason text not null default '';
create index domains_outcome on domains (outcome, name) where outcome <> '';

create table new_log (
    id              integer primary key autoincrement,
    at              integer not null,
    registrar       text not null,
    domain          text not null,
    actor           text not null,
    level           text not null check (level in ('info', 'warning', 'error')),
    event           text not null check (event in ('operation', 'mail-sent', 'mail-received', 'domain', 'alarm', 'alarm-cleared', 'review', 'notice', 'decision',
                                                   'order-placed', 'order-paid', 'order-cancelled', 'order-submitted', 'order-refused',
                                                   'order-expired', 'order-retried', 'order-refunded', 'order-dismissed')),
    message         text not null,
    "order"         text not null,
    operation       text not null,
    mail            text not null,
    operation_state text not null default '' check (operation_state in ('', 'Queued', 'Sending', 'Sent', 'Accepted', 'NeedsAction', 'Uncertain', 'Succeeded', 'Failed', 'Cancelled')),
    outcome         text not null default '' check (outcome in ('', 'succeeded', 'failed', 'cancelled')),
    reason          text not null default ''
) strict;
insert into new_log (id, at, registrar, domain, actor, level, event, message, "order", operation, mail)
    select id, at, registrar, domain, actor, level, event, message, "order", operation, mail from log;
drop table log;
alter table new_log rename to log;
create index log_domain on log (domain, id);
create index log_outcome on log (outcome, id) where outcome <> '';
