import type { Action, NewJob } from '../../../kernel/action.ts'
import type { Row } from '../../../kernel/field.ts'
import { f } from '../../../kernel/fields/index.ts'
import { conflict } from '../../../kernel/problem.ts'
import { managedDefaults } from '../../../kernel/resource.ts'
import { uuidv7 } from '../../../kernel/uuid.ts'
import { archivable } from '../../../traits/archivable.ts'
import { announcement } from './factor.ts'
import { levelOf, requireAbove } from './levels.ts'
import type { LinkPurpose } from './link.ts'
import { email, loginOf, phone, profile, userFields } from './user-fields.ts'

const invite: Action = {
  description: 'Makes a person who is sent a link to set a password and sign in.',
  effect: 'write',
  on: 'collection',
  input: { ...profile, email, phone },
  async run(_rows, { input }) {
    const id = uuidv7()
    const person = {
      ...managedDefaults({ ...userFields, ...archivable.fields }),
      ...input,
      id,
      login: loginOf(input),
      status: 'invited',
    }
    return { create: [person], jobs: [linkJob('invite', id)] }
  },
}

const enter: Action = {
  description: 'Makes the first person of the house.',
  effect: 'write',
  on: 'collection',
  input: { ...profile, email },
  make: ({ input }) => ({
    ...managedDefaults({ ...userFields, ...archivable.fields }),
    phone: null,
    ...input,
    login: loginOf(input),
    status: 'invited',
  }),
}

const resetPassword: Action = {
  description: 'Sends the people a link to choose a new password.',
  stepUp: true,
  effect: 'write',
  on: 'records',
  input: {},
  run: async (rows) => ({
    jobs: rows.map((row) => linkJob(row.status === 'invited' ? 'invite' : 'reset', row.id)),
  }),
}

const recover: Action = {
  description:
    'Sends people who lost their second factors a way around them, a day later: whoever still has one and uses it cancels it.',
  stepUp: true,
  effect: 'write',
  on: 'records',
  input: {},
  async run(rows, { actor, now }, tx) {
    const level = await levelOf(actor, tx)
    for (const row of rows) requireAbove(actor, level, row.level as number, 'recover this person')
    return { jobs: rows.flatMap((row) => recoveryJobs(row.id, now)) }
  },
}

const requestEmail: Action = {
  description: 'Sends a link to a new address; it counts when the link is opened.',
  effect: 'write',
  on: 'records',
  input: { email: { ...email, optional: false } },
  run: async ([row], { input }) => ({ jobs: [linkJob('email_change', row.id, input.email)] }),
}

const setPassword: Action = {
  description: 'Keeps a new password (its hash); every session begun with the old one is over.',
  effect: 'write',
  on: 'records',
  input: { password: f.text() },
  async run([row], { input, now }) {
    if (row.status === 'suspended') throw conflict('state', `${row.login} is suspended.`)
    const patch = { password: input.password, password_set_at: now, status: 'active' }
    const again = row.password_set_at !== null
    return {
      patch: new Map([[row.id as string, patch]]),
      jobs: again
        ? [
            { name: 'end_sessions', payload: { user: row.id, why: 'password changed' } },
            announcement(row.id, 'The password was changed', now),
          ]
        : [],
    }
  },
}

const rehash: Action = {
  description: 'Keeps the same password under stronger parameters.',
  effect: 'write',
  on: 'records',
  input: { password: f.text(), was: f.text() },
  set: (row, { input }) => (row.password === input.was ? { password: input.password } : {}),
}

const changeEmail: Action = {
  description: 'Takes a new address, once its mailbox was proved.',
  effect: 'write',
  on: 'records',
  input: { email: { ...email, optional: false } },
  async run([row], { input, now }) {
    const patch = { email: input.email, login: input.email }
    const told = announcement(row.id, `The e-mail address was changed to ${input.email}`, now)
    return {
      patch: new Map([[row.id as string, patch]]),
      jobs: [{ ...told, payload: { ...told.payload, also: row.email } }],
    }
  },
}

const refuse: Action = {
  description: 'Notes a sign-in that was refused, and why.',
  effect: 'write',
  on: 'records',
  input: {},
  set: (_row, { now }) => ({ last_refused_at: now }),
}

const contact: Action = {
  description: 'How a person is reached.',
  effect: 'read',
  on: 'records',
  input: {},
  run: async ([{ name, email: to, phone: number }]) => ({ answer: { name, email: to, phone: number } }),
}

const suspend: Action = {
  description: 'Shuts the people out at once; their sessions end.',
  effect: 'write',
  on: 'records',
  input: {},
  set: (row) => move(row, ['invited', 'active'], 'suspended', 'suspend'),
}

const resume: Action = {
  description: 'Lets suspended people in again.',
  effect: 'write',
  on: 'records',
  input: {},
  set: (row) => move(row, ['suspended'], row.password_set_at ? 'active' : 'invited', 'resume'),
}

/** What happens to people. All but the first five are Serai's own, in the name of whoever proved who they are. */
export const userActions = {
  invite,
  suspend,
  resume,
  recover,
  reset_password: resetPassword,
  enter,
  request_email: requestEmail,
  set_password: setPassword,
  rehash,
  change_email: changeEmail,
  refuse,
  contact,
}

/**
 * A link by mail or text message; one that is still to be sent is sent once. The nonce is what its token is made of, with a key
 * that lies outside the database.
 */
function linkJob(purpose: LinkPurpose, person: unknown, address: unknown = null): NewJob {
  return {
    name: 'send_link',
    key: `send_link:${purpose}:${person}`,
    payload: { purpose, user: person, email: address, nonce: uuidv7() },
  }
}

const RECOVERY_HOURS = 24

/** The letter that warns goes at once, the link in a day. */
function recoveryJobs(person: unknown, now: string): NewJob[] {
  const sent = new Date(Date.parse(now) + RECOVERY_HOURS * 3_600_000).toISOString()
  const told = `A way around the second factors was asked for. The link comes in ${RECOVERY_HOURS} hours; sign in with a factor to cancel it`
  const job = linkJob('recovery', person)
  return [
    announcement(person, told, now),
    { ...job, runAt: sent, payload: { ...job.payload, asked_at: now } },
  ]
}

function move(row: Row, from: readonly string[], to: string, verb: string): Row {
  if (from.includes(String(row.status))) return { status: to }
  throw conflict('state', `${row.login} is ${row.status}; ${verb} needs ${from.join(' or ')}.`)
}
