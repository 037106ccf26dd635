-- What is asked when personal data are erased: what belongs to a customer, and what still needs them.

-- +goose Up
create index mails_request on mails (request) where request is not null;
create index domains_handle on domains (handle) where handle <> '';
create index operations_customer on operations (customer);
create index operations_client on operations (client) where client is not null and finished_at is null;
create index reviews_about on reviews (request) where request <> '' and resolved_at is not null;
