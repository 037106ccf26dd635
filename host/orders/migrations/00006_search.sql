-- +goose Up

-- What lists are searched and sorted by.
alter table orders add column reference text not null default ''; -- the caller's own name for it
alter table orders add column digest text not null default '';    -- keyed, of what was asked: by it a repeated order is known
drop index orders_customer;
create index orders_customer on orders (customer, created_at, id);
create index orders_created on orders (created_at, id);
create index orders_domain on orders (domain, created_at, id);
create index orders_state on orders (state, created_at, id);
create index orders_reference on orders (reference, created_at, id) where reference <> '';

alter table domains add column unicode text not null default '';  -- the name for people; '' = not filled in yet
alter table domains add column attention integer not null default 0 check (attention in (0, 1, 2)); -- 1 = an alarm stands, 2 = its operation waits for a person
update domains set unicode = name where name not like '%xn--%';
update domains set attention = case
    when operation like '%"state":"NeedsAction"%' or operation like '%"state":"Uncertain"%' then 2
    when alarms <> '[]' then 1
    else 0 end;
drop index domains_status;
drop index domains_customer;
create index domains_unicode on domains (unicode);
create index domains_status on domains (status, unicode);
create index domains_customer on domains (customer, unicode);
create index domains_registrar on domains (registrar, unicode);
create index domains_handle on domains (handle, unicode) where handle <> '';
create index domains_paid_till on domains (paid_till, unicode);
create index domains_attention on domains (unicode) where attention > 0 or status = 'Error';
create index domains_operation on domains (unicode) where operation <> 'null';

create index log_at on log (at);
create index log_level on log (id) where level <> 'info';
