-- A move of a request that leaves it open rewrites as little as possible: the indexes that tell only whether
-- it is open, or void, go by a column of their own and not by the state.

-- +goose Up

-- 0 = open; 1 = it is over; 2 = it is over and void: refused, or withdrawn before it was ever sent.
alter table requests add column closed integer not null default 0;
update requests set closed = case when state = 'Failed' or state = 'Cancelled' and attempt = 0 then 2 else 1 end
    where state in ('Succeeded', 'Failed', 'Cancelled');

-- The CHECK comes once the rows keep it: its text is edited in place.
pragma writable_schema = on;
update sqlite_schema set sql = replace(sql, 'closed integer not null default 0',
        'closed integer not null default 0 check (closed in (0, 1, 2) and (closed > 0) = (state in (''Succeeded'', ''Failed'', ''Cancelled'')))')
    where type = 'table' and name = 'requests';
pragma writable_schema = reset;

drop index requests_open;
create unique index requests_open on requests (agreement, kind, object) where closed = 0;
drop index requests_year;
create unique index requests_year on requests (agreement, object, (base_day / 340)) where kind = 'prolong' and closed < 2;
drop index requests_year_between;
create unique index requests_year_between on requests (agreement, object, ((base_day + 170) / 340)) where kind = 'prolong' and closed < 2;
drop index requests_state;
create index requests_state on requests (state) where closed = 0;
drop index requests_batch; -- it answered nothing: a batch knows its requests

-- Tables that are all key need no second tree for it.
create table new_steps (
    operation text not null references operations (id),
    number    integer not null,
    at        integer not null,
    state     text not null,
    message   text not null,
    actor     text not null,
    evidence  text not null default '' check (evidence in ('', 'reply', 'relay', 'copy', 'registry', 'person')),
    mail      text not null default '',
    primary key (operation, number)
) strict, without rowid;
insert into new_steps select operation, number, at, state, message, actor, evidence, mail from steps;
drop table steps;
alter table new_steps rename to steps;

create table new_attempts (
    request     text not null references requests (id),
    attempt     integer not null,
    claimed_at  integer not null,
    finished_at integer,
    outcome     text check (outcome in ('accepted', 'refused', 'deferred', 'unknown')),
    response    text not null default '',
    primary key (request, attempt)
) strict, without rowid;
insert into new_attempts select request, attempt, claimed_at, finished_at, outcome, response from attempts;
drop table attempts;
alter table new_attempts rename to attempts;
create index attempts_claimed on attempts (claimed_at);
