-- What is asked of one customer, domain or client looks at no other's.

-- +goose Up
create index clients_customer on clients (customer, id);
create index operations_domain on operations (domain, created_at);
create index requests_client on requests (client) where client is not null;
