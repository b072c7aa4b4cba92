-- Up Migration
-- Saved import sources, and what records remember of them.

alter table product
  add column locked_fields jsonb check (jsonb_typeof(locked_fields) = 'array'),
  add column brought_by text,
  add column field_sources jsonb check (jsonb_typeof(field_sources) = 'object');

create table import_source (
  id uuid primary key,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  name text not null,
  resource text not null,
  kind text not null check (kind in ('folder', 'https')),
  location text not null,
  pattern text,
  file_format text,
  encoding text,
  delimiter text,
  decimal text,
  sheet text,
  template text,
  strict boolean not null default false,
  mode text,
  on_error text not null default 'abort',
  max_removal_share numeric check (max_removal_share between 0 and 1),
  precedence bigint not null default 0,
  every_minutes bigint check (every_minutes between 1 and 44640),
  cron text,
  time_zone text not null default 'UTC',
  jitter_seconds bigint not null default 30 check (jitter_seconds between 0 and 3600),
  alert_after bigint not null default 1 check (alert_after between 1 and 1000),
  headers jsonb,
  auth_header text,
  enabled boolean not null default true,
  failing_since timestamptz,
  next_run_at timestamptz,
  last_run_at timestamptz,
  last_outcome text,
  last_error text,
  last_import text,
  last_check jsonb,
  failures bigint,
  constraint import_source_one_schedule check (every_minutes is null or cron is null)
);
create unique index import_source_name_key on import_source (name);
comment on index import_source_name_key is 'A source with this name exists already; choose another name.';
comment on constraint import_source_one_schedule on import_source is 'A source runs every so many minutes or by a cron line, not both.';

-- What a run keeps for the next one, and who is at it. A lease ends by itself; its token tells an overtaken run so.
create table import_source_state (
  source uuid primary key references import_source (id) on delete cascade,
  lease_token uuid,
  lease_until timestamptz,
  content text,
  etag text,
  last_modified text
);

-- Files of folders in which nothing can be moved, so that they are not read again.
create table import_source_file (
  source uuid not null references import_source (id) on delete cascade,
  name text not null,
  size bigint not null,
  modified_ms bigint not null,
  outcome text not null,
  seen_at timestamptz not null default now(),
  primary key (source, name)
);

-- A source that was changed by a person forgets what it knew: it is due anew, and fetches the whole file again.
create function import_source_forget() returns trigger language plpgsql as $$
begin
  new.next_run_at = null;
  update import_source_state set content = null, etag = null, last_modified = null where source = new.id;
  return new;
end $$;
create trigger import_source_forget before update on import_source for each row
  when (new.version <> old.version and new.failing_since is not distinct from old.failing_since) execute function import_source_forget();
select serai_track('import_source', '{name}', '{auth_header}');

-- Down Migration
drop table import_source_file, import_source_state, import_source;
drop function import_source_forget();
alter table product drop column field_sources, drop column brought_by, drop column locked_fields;
