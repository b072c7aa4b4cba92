import type { Action } from '../../kernel/action.ts'
import { f } from '../../kernel/fields/index.ts'
import { MODES } from '../../kernel/proposal.ts'
import { resource } from '../../kernel/resource.ts'
import { role } from '../../kernel/rule.ts'
import { checkSource } from './source-checks.ts'

const FORMATS = ['json', 'jsonl', 'csv', 'xlsx'] as const
const MINUTES_MAX = 31 * 24 * 60

const run: Action = {
  description:
    'Runs the sources now, whatever their schedule. force reads them again although nothing changed.',
  effect: 'write',
  on: 'records',
  input: { force: f.boolean({ default: false }) },
  async run(rows, { input }) {
    const jobs = rows.map(({ id }) => ({
      name: 'sources.run',
      payload: { source: id, force: input.force },
      key: `source:${id}:now`,
    }))
    return { jobs, answer: { queued: jobs.length } }
  },
}

const check: Action = {
  description:
    'Fetches and plans, and writes nothing; what was found is in last_check and in the plan of its import.',
  effect: 'write',
  on: 'records',
  input: {},
  async run(rows) {
    const jobs = rows.map(({ id }) => ({
      name: 'sources.check',
      payload: { source: id },
      key: `source:${id}:check`,
    }))
    return { jobs, answer: { queued: jobs.length } }
  },
}

const enable: Action = {
  description: 'Lets the sources run by their schedule.',
  effect: 'write',
  on: 'records',
  input: {},
  set: () => ({ enabled: true }),
}

const disable: Action = {
  description: 'Stops the schedule of the sources; run still works.',
  effect: 'write',
  on: 'records',
  input: {},
  set: () => ({ enabled: false }),
}

// The two facts that people are told of: that a source began to fail, and that it works again.
const alarm: Action = {
  description: 'A source has begun to fail; the reason says why.',
  effect: 'write',
  on: 'records',
  input: {},
  set: (row, { now }) => ({ failing_since: row.failing_since ?? now }),
}

const recover: Action = {
  description: 'A source that failed works again.',
  effect: 'write',
  on: 'records',
  input: {},
  set: () => ({ failing_since: null }),
}

/** Where records come from again and again: a folder or an HTTPS address, how its files are read, and when. */
export const importSource = resource('import_source', {
  description: 'Saved import sources: where records come from, how they are read, and when.',
  fields: {
    name: f.text({
      min: 1,
      max: 60,
      line: true,
      immutable: true,
      pattern: /^[a-z0-9][a-z0-9._-]*$/,
      patternHint: 'small letters, digits, ".", "_" and "-"',
    }),
    resource: f.text({ min: 1, max: 40, line: true, immutable: true, description: 'what the records are' }),
    kind: f.choice(['folder', 'https'], { immutable: true }),
    location: f.text({ min: 1, max: 2_000, line: true, description: 'a folder, or an https address' }),
    pattern: f.text({ optional: true, max: 200, line: true, description: 'folder: such as *.csv' }),
    file_format: f.choice(FORMATS, { optional: true, description: 'when the file does not tell' }),
    encoding: f.text({ optional: true, max: 40, line: true }),
    delimiter: f.text({ optional: true, max: 1 }),
    decimal: f.choice(['.', ','], { optional: true }),
    sheet: f.text({ optional: true, max: 100, line: true }),
    template: f.text({ optional: true, max: 100, line: true, description: 'a saved mapping of columns' }),
    strict: f.boolean({ default: false, description: 'unknown columns are errors' }),
    mode: f.choice(MODES, { optional: true, description: 'snapshot archives what the source no longer has' }),
    on_error: f.text({
      default: 'abort',
      line: true,
      max: 30,
      pattern: /^(abort|skip|stop-after=\d{1,9})$/,
      patternHint: 'abort, skip or stop-after=N',
    }),
    max_removal_share: f.number({ optional: true, min: 0, max: 1, description: 'snapshot: 0.1 unless said' }),
    precedence: f.number({
      integer: true,
      min: 0,
      max: 1_000_000,
      default: 0,
      description: 'a source does not overwrite what one of a higher precedence wrote',
    }),
    every_minutes: f.number({ optional: true, integer: true, min: 1, max: MINUTES_MAX }),
    cron: f.text({ optional: true, max: 100, line: true, description: 'five fields, such as 30 3 * * *' }),
    time_zone: f.text({ default: 'UTC', max: 60, line: true, description: 'of the cron line' }),
    jitter_seconds: f.number({
      integer: true,
      min: 0,
      max: 3_600,
      default: 30,
      description: 'runs begin up to so much later, so that they do not all begin at once',
    }),
    alert_after: f.number({
      integer: true,
      min: 1,
      max: 1_000,
      default: 1,
      description: 'failures in a row before people are told',
    }),
    headers: f.json({ optional: true, description: 'https: further request headers; no secrets' }),
    auth_header: f.secret({ optional: true, description: 'https: the Authorization header' }),
    enabled: f.boolean({ managed: true, default: true, facet: true }),
    failing_since: f.time({ optional: true, managed: true }),
    next_run_at: f.time({ optional: true, derived: true }),
    last_run_at: f.time({ optional: true, derived: true }),
    last_outcome: f.text({
      optional: true,
      derived: true,
      description: 'applied, unchanged, refused or failed',
    }),
    last_error: f.text({ optional: true, derived: true }),
    last_import: f.text({ optional: true, derived: true }),
    last_check: f.json({ optional: true, derived: true }),
    failures: f.number({ optional: true, integer: true, derived: true, description: 'in a row' }),
  },
  key: ['name'],
  checks: [checkSource],
  access: {
    read: role('manager', 'admin', 'system'),
    write: role('manager', 'admin'),
    alarm: role('system'),
    recover: role('system'),
  },
  actions: { run, check, enable, disable, alarm, recover },
})
