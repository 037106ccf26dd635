-- +goose Up

-- Persons whose decisions the panel has passed to a registrar: whom its events may name.
create table deciders (
    registrar text not null,
    name      text not null,
    primary key (registrar, name)
) strict;
insert into deciders (registrar, name) select distinct registrar, actor from log where event = 'decision';
