-- What R01 has no mail for and a person carries out there.

-- +goose Up

-- The transfer code that an operation has brought; null = none, empty = it was erased.
alter table operations add column sealed_code blob;

alter table requests drop constraint requests_kind_check;
alter table requests add constraint requests_kind_check
    check (kind in ('new-client', 'new-domain', 'prolong', 'update-domain', 'update-client', 'transfer', 'auth-code', 'trade', 'delete'));
alter table operations drop constraint operations_kind_check;
alter table operations add constraint operations_kind_check
    check (kind in ('register', 'transfer', 'renew', 'update', 'auth-code', 'trade', 'delete'));
