import type { Action } from '../../kernel/action.ts'
import { fault } from '../../kernel/fault.ts'
import { f } from '../../kernel/fields/index.ts'
import { invalid } from '../../kernel/problem.ts'
import { resource } from '../../kernel/resource.ts'
import { role } from '../../kernel/rule.ts'

const STATES = ['waiting', 'scheduled', 'running', 'failed', 'dead'] as const

// Both only say what the row becomes; the view hands that to the queue's own functions (migration 0006).
const retry: Action = {
  description:
    'Runs the jobs again at once, with all their attempts: those that failed, and those that are dead.',
  effect: 'write',
  on: 'records',
  input: {},
  from: ['failed', 'dead', 'scheduled'],
  set: (_row, { now }) => ({ state: 'waiting', attempts: 0, run_at: now }),
}

const remove: Action = {
  description:
    'Takes the jobs out of the queue for good, with a reason. What they were to do stays in the log.',
  effect: 'write',
  on: 'records',
  input: {},
  from: ['waiting', 'scheduled', 'failed', 'dead'],
  set(_row, { reason }) {
    if (!reason)
      throw invalid([fault('reason', 'reason.missing', 'is needed: why will these jobs never run?')])
    return { state: 'removed', payload: {}, last_error: null }
  },
}

/** The queue as a view: what waits, runs, failed and is dead. Work that is done leaves it; what it did is in the log. */
export const job = resource('job', {
  description: 'Work for later: what waits, runs, failed, or used up its attempts and waits for a person.',
  view: true,
  fields: {
    number: f.text({ line: true, description: 'number of the job in the queue' }),
    task: f.text({ line: true, description: 'what it does, as the program names it' }),
    state: f.choice([...STATES, 'removed'], { facet: true }),
    run_at: f.time({ description: 'when it is due' }),
    attempts: f.number({ integer: true, description: 'how often it was begun' }),
    attempts_max: f.number({ integer: true, description: 'how often it is begun before it is dead' }),
    last_error: f.text({ optional: true, description: 'why the last attempt failed' }),
    payload: f.json({ description: 'what it was told' }),
    job_key: f.text({ optional: true, description: 'jobs with the same key replace one another' }),
    worker: f.text({ optional: true, description: 'who runs it' }),
    started_at: f.time({ optional: true, description: 'since when it runs' }),
  },
  key: ['number'],
  access: {
    read: role('manager', 'admin', 'operator'),
    retry: role('manager', 'admin', 'operator'),
    remove: role('manager', 'admin', 'operator'),
  },
  actions: { retry, remove },
})
