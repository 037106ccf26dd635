-- +goose Up

-- Erasures that a person demanded and that are not through: whose data, and who has yet to remove
-- them, a registrar or, as '', the book itself.
create table erasures (
    customer  text not null,
    registrar text not null,
    actor     text not null,
    asked_at  integer not null,
    primary key (customer, registrar)
) strict;
