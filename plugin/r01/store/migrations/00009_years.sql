-- A day is no year: what may exist once for a domain and the expiry that it is renewed from
-- exists once for a paid year, however many days apart two sources write its expiry. And what
-- was computed is told from what was said.

-- +goose Up

-- prolong: base as year * 372 + month * 31 + day, by which expiries of one year are near each
-- other; null = another request for the year was sent before that was forbidden.
alter table requests add column base_day integer;
update requests set base_day = cast(substr(base, 1, 4) as integer) * 372 + cast(substr(base, 6, 2) as integer) * 31 + cast(substr(base, 9, 2) as integer)
    where kind = 'prolong' and base <> '';
update requests set base_day = null where kind = 'prolong' and exists (select 1 from requests later
    where later.kind = 'prolong' and later.agreement = requests.agreement and later.object = requests.object
        and later.base_day between requests.base_day - 340 and requests.base_day + 340
        and later.state <> 'Failed' and not (later.state = 'Cancelled' and later.attempt = 0)
        and (later.created_at > requests.created_at or later.created_at = requests.created_at and later.id > requests.id))
    and state <> 'Failed' and not (state = 'Cancelled' and attempt = 0);
-- Two bases at most 170 apart are in one part of one of these two divisions; two a year apart
-- are in none. r01-mail 4.3
create unique index requests_year on requests (agreement, object, (base_day / 340))
    where kind = 'prolong' and state <> 'Failed' and not (state = 'Cancelled' and attempt = 0);
create unique index requests_year_between on requests (agreement, object, ((base_day + 170) / 340))
    where kind = 'prolong' and state <> 'Failed' and not (state = 'Cancelled' and attempt = 0);

-- When R01 said of a renewal that it came too early; null = it did not. If that was a refusal, the
-- schedule asks again.
alter table requests add column early_at integer;
create index requests_early on requests (early_at) where early_at is not null;

-- The expiry was computed by us, because R01 named none.
alter table domains add column guessed integer not null default 0;

-- An update, which costs nothing, does not keep a renewal from being begun.
drop index operations_open;
create unique index operations_open on operations (domain) where finished_at is null and kind <> 'update';
create unique index operations_update on operations (domain) where finished_at is null and kind = 'update';
