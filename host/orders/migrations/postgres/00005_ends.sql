-- What 00005 of the other directory does by building tables anew; here a CHECK can be changed.

-- +goose Up

alter table orders drop constraint orders_check;
alter table orders drop constraint orders_check1;
alter table orders drop constraint orders_check2;
alter table orders add column attempt integer not null default 1 check (attempt >= 1);
alter table orders add column submission text not null default '';     -- the ID by which the plugin knows this attempt
alter table orders add column begun_at integer;                        -- when this attempt could be submitted
alter table orders add column operation_state text not null default '' check (operation_state in ('', 'Queued', 'Sending', 'Sent', 'Accepted', 'NeedsAction', 'Uncertain', 'Succeeded', 'Failed', 'Cancelled'));
alter table orders add column outcome text not null default '' check (outcome in ('', 'succeeded', 'failed', 'cancelled')); -- '' = it is not concluded, or the plugin is still to be asked
alter table orders add column reason text not null default '';         -- why it ended so, or stands still
alter table orders add column waits_for text not null default '';      -- as the plugin last told
alter table orders add column waits_until integer;
alter table orders add column expires_at integer;                      -- unpaid: when it ends by itself
alter table orders add column refunded_at integer;                     -- the payment was given back
alter table orders add column dismissed_at integer;                    -- failed, and needs nobody any more
update orders set submission = id, begun_at = paid_at, reason = refusal,
    outcome = case when state = 'cancelled' then 'cancelled' when refusal <> '' then 'failed' else '' end;
alter table orders add constraint orders_submission unique (submission);
alter table orders add constraint orders_of_unpaid check (state <> 'unpaid' or outcome = '' and operation = '' and refusal = '');
alter table orders add constraint orders_of_cancelled check (state <> 'cancelled' or outcome in ('failed', 'cancelled') and closed_at is not null);
alter table orders add constraint orders_of_outcome check (outcome = '' or closed_at is not null);
alter table orders add constraint orders_of_refusal check (refusal = '' or outcome = 'failed');
alter table orders add constraint orders_of_refund check (refunded_at is null or state = 'cancelled' and paid_at is not null);
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

alter table log drop constraint log_event_check;
alter table log add constraint log_event_check
    check (event in ('operation', 'mail-sent', 'mail-received', 'domain', 'alarm', 'alarm-cleared', 'review', 'notice', 'decision',
                     'order-placed', 'order-paid', 'order-cancelled', 'order-submitted', 'order-refused',
                     'order-expired', 'order-retried', 'order-refunded', 'order-dismissed'));
alter table log add column operation_state text not null default '' check (operation_state in ('', 'Queued', 'Sending', 'Sent', 'Accepted', 'NeedsAction', 'Uncertain', 'Succeeded', 'Failed', 'Cancelled'));
alter table log add column outcome text not null default '' check (outcome in ('', 'succeeded', 'failed', 'cancelled'));
alter table log add column reason text not null default '';
create index log_outcome on log (outcome, id) where outcome <> '';
