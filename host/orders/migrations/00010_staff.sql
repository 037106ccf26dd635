-- +goose Up

-- Who signs in on the panel's pages.
create table staff (
    name       text primary key,
    password   text not null, -- argon2id, as PHC strings are written
    rights     text not null, -- separated by blanks
    created_at integer not null,
    created_by text not null,
    changed_at integer not null -- the password
) strict;

-- Who is signed in. The cookie is kept nowhere.
create table sessions (
    digest     text primary key, -- of the cookie
    name       text not null,
    created_at integer not null,
    seen_at    integer not null,
    address    text not null
) strict;
create index sessions_name on sessions (name);
