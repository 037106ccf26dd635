-- What 00014 of the other directory does, but for the tables that it makes anew: here a key is a tree beside
-- its table in any case.

-- +goose Up

-- 0 = open; 1 = it is over; 2 = it is over and void: refused, or withdrawn before it was ever sent.
alter table requests add column closed integer not null default 0;
update requests set closed = case when state = 'Failed' or state = 'Cancelled' and attempt = 0 then 2 else 1 end
    where state in ('Succeeded', 'Failed', 'Cancelled');
alter table requests add constraint requests_closed_check
    check (closed in (0, 1, 2) and (closed > 0) = (state in ('Succeeded', 'Failed', 'Cancelled')));

drop index requests_open;
create unique index requests_open on requests (agreement, kind, object) where closed = 0;
drop index requests_year;
create unique index requests_year on requests (agreement, object, (base_day / 340)) where kind = 'prolong' and closed < 2;
drop index requests_year_between;
create unique index requests_year_between on requests (agreement, object, ((base_day + 170) / 340)) where kind = 'prolong' and closed < 2;
drop index requests_state;
create index requests_state on requests (state) where closed = 0;
drop index requests_batch; -- it answered nothing: a batch knows its requests
