-- What the registry showed. See package registry.

-- +goose Up

-- The edition of each zone list that was read last, whole and believed.
create table zone_lists (
    source   text primary key,
    etag     text not null,
    modified integer,
    size     integer not null,
    lines    integer not null,
    digest   integer not null, -- CRC-32C of the text
    read_at  integer not null
) strict;

-- Domains of which zone lists show what we do not believe yet: one row while it lasts.
create table doubts (
    domain    text primary key references domains (name),
    kind      text not null check (kind in ('absent', 'elsewhere', 'behind')),
    registrar text not null default '', -- elsewhere: with whom
    times     integer not null,         -- lists in a row that showed it
    since     integer not null,
    seen_at   integer not null,
    believed  integer not null default 0 -- the domain's status tells it now
) strict;
create index doubts_times on doubts (times) where believed = 0;

-- What was refused lately, and may have been done all the same.
create index operations_failed on operations (finished_at) where state = 'Failed';

-- A transfer to R01 is a request that no mail carries.
alter table requests drop constraint requests_kind_check;
alter table requests add constraint requests_kind_check
    check (kind in ('new-client', 'new-domain', 'prolong', 'update-domain', 'update-client', 'transfer'));
