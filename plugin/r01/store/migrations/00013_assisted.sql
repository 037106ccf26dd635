-- What R01 has no mail for and a person carries out there.

-- +goose Up

-- The transfer code that an operation has brought; null = none, empty = it was erased.
alter table operations add column sealed_code blob;

-- The CHECKs alone change, not what lies in the tables, so their texts are edited in place.
pragma writable_schema = on;
update sqlite_schema set sql = replace(sql, '''update-client'', ''transfer''))', '''update-client'', ''transfer'', ''auth-code'', ''trade'', ''delete''))')
    where type = 'table' and name = 'requests';
update sqlite_schema set sql = replace(sql, '''renew'', ''update''))', '''renew'', ''update'', ''auth-code'', ''trade'', ''delete''))')
    where type = 'table' and name = 'operations';
pragma writable_schema = reset;
