-- +goose Up

-- Who may call the panel, beside the users of its socket. 0 = never.
create table credentials (
    name       text primary key,
    digest     text not null unique, -- of the token, which is kept nowhere
    rights     text not null,        -- separated by blanks
    created_at integer not null,
    created_by text not null,
    expires_at integer not null,
    revoked_at integer not null,
    last_used  integer not null
) strict;
