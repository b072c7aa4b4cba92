-- Up Migration
-- People: who signs in, and which roles they hold.

create table "user" (
  id uuid primary key,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  login text not null,
  email text,
  phone text,
  name text not null,
  locale text,
  zone text,
  status text not null check (status in ('invited', 'active', 'suspended')),
  password text,
  password_set_at timestamptz,
  -- What memberships make of a person; the triggers below keep it.
  sessions_from timestamptz,
  level bigint default 0,
  factor_required_since timestamptz,
  last_sign_in_at timestamptz,
  archived_at timestamptz,
  archived_by text,
  archive_reason text,
  key_released boolean not null default false,
  constraint user_login_check check (login = coalesce(email, phone))
);
create unique index user_login_key on "user" (login) where not key_released;
comment on index user_login_key is 'Somebody is known by this address already.';
create unique index user_email_key on "user" (email) where not key_released;
comment on index user_email_key is 'Somebody has this e-mail address already.';
create unique index user_phone_key on "user" (phone) where not key_released;
comment on index user_phone_key is 'Somebody has this phone already.';

create table role (
  id uuid primary key,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  name text not null,
  level bigint not null check (level between 0 and 5),
  description text,
  require_factor boolean not null,
  shipped boolean not null,
  archived_at timestamptz,
  archived_by text,
  archive_reason text,
  key_released boolean not null default false
);
create unique index role_name_key on role (name) where not key_released;
comment on index role_name_key is 'A role with this name exists already; choose another name.';

insert into role (id, name, level, require_factor, shipped, description) values
  ('00000000-0000-7000-9000-000000000001', 'owner', 5, true, true, 'May do everything, and give it on.'),
  ('00000000-0000-7000-9000-000000000002', 'admin', 4, true, true, 'Runs the house: people below, settings, channels, all records. No refunds, no restoring.'),
  ('00000000-0000-7000-9000-000000000003', 'manager', 3, false, true, 'Runs the business: catalog, bookings, tasks, orders, reports.'),
  ('00000000-0000-7000-9000-000000000004', 'staff', 2, false, true, 'Reads the records of the business and works on its tasks.'),
  ('00000000-0000-7000-9000-000000000005', 'viewer', 1, false, true, 'Reads catalog, bookings, tasks and reports, without contacts and payments.'),
  ('00000000-0000-7000-9000-000000000006', 'customer', 1, false, true, 'Buys, and sees what is theirs.'),
  ('00000000-0000-7000-9000-000000000007', 'cashier', 2, false, true, 'Sells at the counter: orders and payments, no refunds.'),
  ('00000000-0000-7000-9000-000000000008', 'rider', 2, false, true, 'Brings deliveries that are theirs.'),
  ('00000000-0000-7000-9000-000000000009', 'cleaner', 2, false, true, 'Does tasks that are theirs.');

create table membership (
  id uuid primary key,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  "user" uuid not null references "user",
  role uuid not null references role,
  "from" timestamptz not null,
  until timestamptz,
  by text not null,
  reason text not null,
  constraint membership_period_check check (until is null or until >= "from"),
  constraint membership_once_excl exclude using gist ("user" with =, role with =, tstzrange("from", until) with &&)
);
comment on constraint membership_period_check on membership is 'must not end before it begins';
comment on constraint membership_once_excl on membership is 'The person holds this role already in that time.';
create index membership_role_idx on membership (role);

-- What a person's memberships say of them. Those to come count already, and one that lapsed counts until something changes:
-- either way the person is protected as for the higher level.
create function serai_user_standing(people uuid[], anew boolean) returns void language sql as $$
  update "user" u set level = coalesce(s.level, 0),
    factor_required_since = case when s.requires then coalesce(u.factor_required_since, now()) end,
    sessions_from = case when anew then now() else u.sessions_from end
  from unnest(people) person left join lateral (
    select max(r.level) as level, bool_or(r.require_factor) as requires
    from membership m join role r on r.id = m.role
    where m."user" = person and (m.until is null or m.until > now()) and r.archived_at is null
  ) s on true
  where u.id = person
$$;

create function serai_membership_changed() returns trigger language plpgsql as $$
begin
  perform serai_user_standing(array[coalesce(new."user", old."user")], true);
  return null;
end $$;
create trigger membership_standing after insert or update or delete on membership
  for each row execute function serai_membership_changed();

create function serai_role_changed() returns trigger language plpgsql as $$
begin
  perform serai_user_standing(array(select "user" from membership where role = new.id), false);
  return null;
end $$;
create trigger role_standing after update of level, require_factor, archived_at on role
  for each row execute function serai_role_changed();

-- A new password ends every session that was begun with the old one.
create function serai_password_changed() returns trigger language plpgsql as $$
begin
  new.sessions_from := now();
  return new;
end $$;
create trigger user_password before update of password_set_at on "user" for each row
  when (old.password_set_at is distinct from new.password_set_at) execute function serai_password_changed();

-- Somebody must be left who may do everything. The lock makes two owners who leave at the same moment wait for each other.
create function serai_keep_owner() returns trigger language plpgsql as $$
declare
  person uuid := case tg_table_name when 'user' then to_jsonb(old) ->> 'id' else to_jsonb(old) ->> 'user' end;
  owner_role uuid := (select id from role where name = 'owner' and not key_released);
begin
  if tg_table_name = 'membership' and (to_jsonb(old) ->> 'role')::uuid <> owner_role then return null; end if;
  perform pg_advisory_xact_lock(hashtext('serai.owner'));
  if tg_table_name = 'membership' and not exists (select from "user" where id = person and status = 'active' and archived_at is null)
    or tg_table_name = 'user' and not exists (select from membership where "user" = person and role = owner_role and until is null)
    or exists (select from membership m join "user" u on u.id = m."user"
      where m.role = owner_role and m.until is null and u.status = 'active' and u.archived_at is null)
  then return null; end if;
  raise exception 'Nobody else is an owner. Make somebody else an owner first.'
    using errcode = 'SERAI', constraint = 'user.last_owner';
end $$;
create trigger membership_keep_owner after update of until on membership for each row
  when (old.until is null and new.until is not null) execute function serai_keep_owner();
create trigger membership_keep_owner_row after delete on membership for each row
  when (old.until is null) execute function serai_keep_owner();
create trigger user_keep_owner after update of status, archived_at on "user" for each row
  when (old.status = 'active' and old.archived_at is null and (new.status <> 'active' or new.archived_at is not null))
  execute function serai_keep_owner();
create trigger user_keep_owner_row after delete on "user" for each row
  when (old.status = 'active' and old.archived_at is null) execute function serai_keep_owner();

select serai_track('"user"', '{login}', '{password,sessions_from,level,factor_required_since}');
select serai_track('role', '{name}');
select serai_track('membership', '{user,role}');

-- Down Migration
drop table membership, role, "user";
drop function serai_keep_owner();
drop function serai_password_changed();
drop function serai_role_changed();
drop function serai_membership_changed();
drop function serai_user_standing(uuid[], boolean);
