-- Up Migration
-- Rules that people write, and the questions they save.

-- Under which stamp the rules of a resource stand: a write names the stamp that its rows were judged under. Stamps are
-- random, so that a restored database cannot bring one back that a process knows for other rules.
create table rule_stamp (
  resource text primary key,
  stamp uuid not null
);

alter table import add column rules_stamp text;
alter table import_row add column shadows jsonb;

create table validation_rule (
  id uuid primary key,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  name text not null,
  resource text not null,
  "when" text,
  expression text not null,
  severity text not null check (severity in ('error', 'warning')),
  message text,
  field text,
  examples jsonb not null,
  mode text not null check (mode in ('active', 'shadow', 'off')),
  shadow_since timestamptz,
  shadow_refused bigint,
  archived_at timestamptz,
  archived_by text,
  archive_reason text,
  key_released boolean not null default false
);
create unique index validation_rule_name_key on validation_rule (name) where not key_released;
comment on index validation_rule_name_key is 'A rule with this name exists already; choose another name.';
create index validation_rule_resource_idx on validation_rule (resource) where mode <> 'off' and archived_at is null;

-- A rule that enters the shadow, or means something else there, counts from nothing.
create function validation_rule_shadow() returns trigger language plpgsql as $$
begin
  if new.mode <> 'shadow' then
    new.shadow_since := null;
    new.shadow_refused := null;
  elsif tg_op = 'INSERT' or old.mode <> 'shadow' or old.expression <> new.expression or old."when" is distinct from new."when" then
    new.shadow_since := now();
    new.shadow_refused := 0;
  end if;
  return new;
end $$;
create trigger validation_rule_shadow before insert or update on validation_rule
  for each row execute function validation_rule_shadow();

create function validation_rule_stamp() returns trigger language plpgsql as $$
begin
  insert into rule_stamp (resource, stamp)
  select name, gen_random_uuid() from (select old.resource as name union select new.resource) touched where name is not null
  on conflict (resource) do update set stamp = excluded.stamp;
  return null;
end $$;
-- Counting what a rule in shadow would have refused touches none of these columns, so it moves no stamp.
create trigger validation_rule_stamp
  after insert or delete or update of name, resource, "when", expression, severity, message, field, mode, archived_at on validation_rule
  for each row execute function validation_rule_stamp();

create table saved_view (
  id uuid primary key,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  name text not null,
  resource text not null,
  owner text not null,
  shared boolean not null,
  query jsonb not null,
  description text,
  archived_at timestamptz,
  archived_by text,
  archive_reason text,
  key_released boolean not null default false
);
create unique index saved_view_key on saved_view (resource, name, owner) where not key_released;
comment on index saved_view_key is 'You have a view with this name already; choose another name.';
create unique index saved_view_shared_key on saved_view (resource, name) where shared and archived_at is null;
comment on index saved_view_shared_key is 'A shared view with this name exists already; choose another name.';

select serai_track('validation_rule', '{name}', '{shadow_since,shadow_refused}');
select serai_track('saved_view', '{resource,name,owner}');

-- Down Migration
drop table saved_view, validation_rule, rule_stamp;
drop function validation_rule_stamp();
drop function validation_rule_shadow();
alter table import_row drop column shadows;
alter table import drop column rules_stamp;
