-- What the registrar has of the contacts of a domain that is held, masked: see registrar.DataClass.Masked.
-- The values themselves are nowhere once an order has ended.

-- +goose Up
create table contacts (
    domain text primary key,
    sealed blob not null -- JSON registrar.Contacts, under 'contacts|' || domain
) strict;
