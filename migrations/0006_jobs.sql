-- Up Migration
-- The queue as a resource, and the trace of a call in the log.

-- The `traceparent` (W3C Trace Context) under which an event was written. Only calls that came with one have it.
alter table event add column trace text;
create index event_trace_idx on event (substr(trace, 4, 32)) where trace is not null;

-- The queue's own tables belong to graphile-worker, which makes and upgrades them on its own: functions, unlike
-- views, are bound late, so that they may be written before those tables exist and never hold up their upgrade.
set local check_function_bodies = off;

create function serai_jobs() returns table (
  id uuid, version bigint, created_at timestamptz, updated_at timestamptz, number text, task text, state text,
  run_at timestamptz, attempts bigint, attempts_max bigint, last_error text, payload jsonb, job_key text,
  worker text, started_at timestamptz
) language sql stable as $$
  select j.uuid, 1 + j.revision + (select count(*) from event e where e.record = j.uuid), j.created_at, j.updated_at, j.id::text, t.identifier,
    case when j.locked_at is not null then 'running'
      when j.attempts >= j.max_attempts then 'dead'
      when j.attempts > 0 then 'failed'
      when j.run_at > now() then 'scheduled'
      else 'waiting' end,
    j.run_at, j.attempts::bigint, j.max_attempts::bigint, j.last_error, j.payload::jsonb, j.key, j.locked_by, j.locked_at
  from (
    -- A number as the tail of a UUIDv7 of time zero: the same job is the same record everywhere, in the order of arrival.
    select ('00000000-0000-7000-8000-' || lpad(to_hex(id), 12, '0'))::uuid as uuid, * from graphile_worker._private_jobs
  ) j join graphile_worker._private_tasks t on t.id = j.task_id
$$;
create view job as select * from serai_jobs();

-- What the actions of the resource may write, by the functions that graphile-worker documents. They leave a job alone that is
-- running; then nothing was written, and the action says so.
create function serai_job_write() returns trigger language plpgsql as $$
declare
  touched int;
begin
  if new.state = 'waiting' then
    select count(*) into touched from graphile_worker.reschedule_jobs(array[old.number::bigint], run_at := now(), attempts := 0);
  elsif new.state = 'removed' then
    select count(*) into touched from graphile_worker.complete_jobs(array[old.number::bigint]);
  else
    raise exception 'A job cannot be made %.', new.state;
  end if;
  if touched = 0 then return null; end if;
  new.version := old.version + 1;
  return new;
end $$;
create trigger job_write instead of update on job for each row execute function serai_job_write();

-- Down Migration
drop view job;
drop function serai_job_write();
drop function serai_jobs();
drop index event_trace_idx;
alter table event drop column trace;
