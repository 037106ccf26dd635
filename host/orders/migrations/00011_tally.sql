-- +goose Up

-- How many domains there are of a status, paid till a day, renewed in a way: what pages count, kept in step
-- by the statement that changes a domain, so that nothing is counted anew.
create table tally (
    status    text not null,
    paid_till text not null,
    renewal   text not null,
    domains   integer not null,
    primary key (status, paid_till, renewal)
) strict;
insert into tally (status, paid_till, renewal, domains) select status, paid_till, renewal, count(*) from domains group by status, paid_till, renewal;

-- +goose StatementBegin
create trigger tally_insert after insert on domains begin
    insert into tally (status, paid_till, renewal, domains) values (new.status, new.paid_till, new.renewal, 1)
        on conflict (status, paid_till, renewal) do update set domains = domains + 1;
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger tally_delete after delete on domains begin
    update tally set domains = domains - 1 where status = old.status and paid_till = old.paid_till and renewal = old.renewal;
    delete from tally where status = old.status and paid_till = old.paid_till and renewal = old.renewal and domains = 0;
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger tally_update after update of status, paid_till, renewal on domains
    when old.status <> new.status or old.paid_till <> new.paid_till or old.renewal <> new.renewal begin
    update tally set domains = domains - 1 where status = old.status and paid_till = old.paid_till and renewal = old.renewal;
    delete from tally where status = old.status and paid_till = old.paid_till and renewal = old.renewal and domains = 0;
    insert into tally (status, paid_till, renewal, domains) values (new.status, new.paid_till, new.renewal, 1)
        on conflict (status, paid_till, renewal) do update set domains = domains + 1;
end;
-- +goose StatementEnd
