-- Times are integer Unix milliseconds, UTC. Dates are YYYY-MM-DD, '' = not known.

-- +goose Up

-- What customers asked for, and the provider itself.
create table orders (
    id             text primary key,
    kind           text not null check (kind in ('register', 'transfer', 'renew', 'update')),
    domain         text not null,
    customer       text not null,
    registrar      text not null,
    state          text not null check (state in ('unpaid', 'paid', 'cancelled')),
    own            integer not null check (own in (0, 1)),
    nameservers    text not null,
    paid_till      text not null,
    sealed_private blob not null,            -- contact and transfer code
    operation      text not null default '', -- the plugin's, once it has taken the order
    refusal        text not null default '', -- why the plugin will not take it
    created_at     integer not null,
    paid_at        integer,
    closed_at      integer,                  -- cancelled, refused, or its operation is final
    check (state <> 'cancelled' or closed_at is not null),
    check (operation = '' or state = 'paid'),
    check (refusal = '' or state = 'paid' and closed_at is not null)
) strict;
-- A domain has at most one order that is not concluded.
create unique index orders_open on orders (domain) where closed_at is null;
create index orders_undispatched on orders (registrar) where state = 'paid' and operation = '' and refusal = '';
create index orders_customer on orders (customer);

-- The domain list: what the panel decided before an operation exists, and afterwards what
-- the registrar's last event said.
create table domains (
    name        text primary key,
    customer    text not null,
    registrar   text not null,
    status      text not null check (status in ('Pending', 'Registering', 'Registered', 'Transferring', 'Error', 'Expired', 'Deleted', 'TransferredAway')),
    handle      text not null default '',
    paid_till   text not null default '',
    renewal     text not null default '' check (renewal in ('', 'auto', 'manual')),
    nameservers text not null default '[]',
    operation   text not null default 'null',
    alarms      text not null default '[]'
) strict;
create index domains_status on domains (status);
create index domains_customer on domains (customer);

-- The Action Log.
create table log (
    id        integer primary key autoincrement,
    at        integer not null,
    registrar text not null,
    domain    text not null,
    actor     text not null,
    level     text not null check (level in ('info', 'warning', 'error')),
    event     text not null check (event in ('operation', 'mail-sent', 'mail-received', 'domain', 'alarm', 'alarm-cleared', 'review', 'notice', 'decision',
                                             'order-placed', 'order-paid', 'order-cancelled', 'order-submitted', 'order-refused')),
    message   text not null,
    "order"   text not null,
    operation text not null,
    mail      text not null
) strict;
create index log_domain on log (domain, id);

-- Which registrar an operation is with.
create table operations (
    id        text not null,
    registrar text not null,
    primary key (id, registrar)
) strict;

-- How far each registrar's events have been applied.
create table followed (
    registrar text primary key,
    cursor    integer not null,
    gap       integer not null default 0 -- the cursor that came too early, once told; 0 = none
) strict;
