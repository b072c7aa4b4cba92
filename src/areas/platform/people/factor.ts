import type { Action, Effects, NewJob, Tx } from '../../../kernel/action.ts'
import type { Row } from '../../../kernel/field.ts'
import { f } from '../../../kernel/fields/index.ts'
import { conflict, invalid } from '../../../kernel/problem.ts'
import { managedDefaults, resource } from '../../../kernel/resource.ts'
import { any, role, self } from '../../../kernel/rule.ts'
import { uuidv7 } from '../../../kernel/uuid.ts'

export const KINDS = ['totp', 'sms', 'backup', 'passkey'] as const
export type FactorKind = (typeof KINDS)[number]

const PASSKEYS_MAX = 10
/** Time in which an enrolment must be confirmed. */
export const ENROLMENT_MINUTES = 10

const fields = {
  user: f.ref('user'),
  kind: f.choice(KINDS, { facet: true }),
  credential: f.text({ line: true, max: 1_400, description: 'passkey: its id; else a name of its own' }),
  label: f.text({ optional: true, line: true, max: 60, description: 'what its holder calls it' }),
  phone: f.text({ optional: true, line: true, max: 20 }),
  secret: f.secret({ optional: true }),
  last_step: f.number({ optional: true, integer: true, managed: true }),
  counter: f.number({ optional: true, integer: true }),
  codes_left: f.number({ optional: true, integer: true, description: 'backup codes that are left' }),
  transports: f.list(f.text({ line: true, max: 30 }), { optional: true }),
  device_type: f.text({ optional: true, line: true }),
  backed_up: f.boolean({ optional: true }),
  confirmed_at: f.time({ optional: true, managed: true }),
  last_used_at: f.time({ optional: true, managed: true }),
  disabled_at: f.time({ optional: true, managed: true }),
}

const enrol: Action = {
  description: 'Begins a factor; it counts once it is confirmed, within 10 minutes.',
  effect: 'write',
  on: 'collection',
  input: {
    user: fields.user,
    kind: fields.kind,
    credential: fields.credential,
    label: fields.label,
    phone: fields.phone,
    secret: f.text({ optional: true }),
  },
  async run(_rows, { input, now }, tx) {
    const ids = await live(tx, input.user, { kind: String(input.kind), confirmed: false })
    return {
      create: [{ ...blank(), ...input }],
      ...(ids.length ? { patchAll: { ids, patch: removed(now) } } : {}),
    }
  },
}

const confirm: Action = {
  description: 'Puts a factor to use, in the place of an older one of its kind.',
  effect: 'write',
  on: 'records',
  input: {
    credential: { ...fields.credential, optional: true },
    secret: f.text({ optional: true }),
    step: f.number({ optional: true, integer: true }),
    counter: fields.counter,
    transports: fields.transports,
    device_type: fields.device_type,
    backed_up: fields.backed_up,
    backup: f.text({
      optional: true,
      description: 'the set of backup codes that comes with the first factor',
    }),
  },
  async run([row], { input: { backup, step, ...facts }, now }, tx) {
    if (row.confirmed_at || row.disabled_at) throw conflict('state', 'The factor is confirmed already.')
    const given = Object.fromEntries(Object.entries(facts).filter(([, value]) => value != null))
    const older =
      row.kind === 'passkey'
        ? await requireRoom(tx, row.user)
        : await live(tx, row.user, { kind: String(row.kind), confirmed: true })
    return {
      patch: new Map([
        [row.id as string, { ...given, last_step: step, confirmed_at: now, last_used_at: now }],
      ]),
      ...(backup ? { create: [backupSet(row.user, backup, now)] } : {}),
      ...(older.length ? { patchAll: { ids: older, patch: removed(now) } } : {}),
      jobs: [announcement(row.user, `${NAMES[row.kind as FactorKind]} was added`, now)],
    }
  },
}

const use: Action = {
  description: 'Uses a factor. Codes and steps are good once.',
  effect: 'write',
  on: 'records',
  input: {
    step: f.number({ optional: true, integer: true }),
    counter: fields.counter,
    code: f.text({ optional: true, description: 'hash of the backup code' }),
  },
  // With the row locked: of many that use the same code at once, one does.
  async run([row], { input, now }) {
    const patch: Row = { last_used_at: now }
    if (input.step != null) patch.last_step = laterStep(row, input.step as number)
    if (input.counter != null) patch.counter = higherCounter(row, input.counter as number)
    if (input.code != null) Object.assign(patch, withoutCode(row, String(input.code)))
    return { patch: new Map([[row.id as string, patch]]) }
  },
}

const disable: Action = {
  description: 'Takes factors away, and the backup codes with the last one.',
  effect: 'write',
  on: 'records',
  input: {},
  async run(rows, { now }, tx): Promise<Effects> {
    const [{ user }] = rows
    const ids = rows.map((row) => row.id as string)
    const others = await live(tx, user, { confirmed: true })
    const left = others.filter((id) => !ids.includes(id))
    const codes = await live(tx, user, { kind: 'backup', confirmed: true })
    const orphans = left.every((id) => codes.includes(id)) ? codes.filter((id) => !ids.includes(id)) : []
    const kinds = [...new Set(rows.map((row) => NAMES[row.kind as FactorKind]))].join(', ')
    return {
      patch: new Map(ids.map((id) => [id, removed(now)])),
      ...(orphans.length ? { patchAll: { ids: orphans, patch: removed(now) } } : {}),
      jobs: [announcement(user, `${kinds} was removed`, now)],
    }
  },
}

const regenerate: Action = {
  description: 'Replaces all backup codes.',
  effect: 'write',
  on: 'collection',
  input: { user: fields.user, backup: f.text() },
  async run(_rows, { input, now }, tx) {
    const ids = await live(tx, input.user, { kind: 'backup', confirmed: true })
    return {
      create: [backupSet(input.user, input.backup, now)],
      ...(ids.length ? { patchAll: { ids, patch: removed(now) } } : {}),
      jobs: [announcement(input.user, 'The backup codes were replaced', now)],
    }
  },
}

const keepCode: Action = {
  description: 'Keeps what a code that is being sent must match, and voids the one before.',
  effect: 'write',
  on: 'records',
  input: { mac: f.text({ line: true }), minutes: f.number({ integer: true, min: 1, max: 10 }) },
  async run([row], { input }, tx) {
    await tx.query(
      `insert into factor_code (factor, mac, attempts, expires_at) values ($1, $2, 0, now() + make_interval(mins => $3))
on conflict (factor) do update set mac = excluded.mac, attempts = 0, expires_at = excluded.expires_at`,
      [row.id, input.mac, input.minutes],
    )
    return { answer: { phone: row.phone } }
  },
}

const sendCode: Action = {
  description: 'Sends a code to the phone.',
  effect: 'write',
  on: 'records',
  input: {},
  run: async ([row]) => ({ jobs: [{ name: 'send_code', payload: { factor: row.id, nonce: uuidv7() } }] }),
}

const reseal: Action = {
  description: 'Puts a sealed secret under a newer key.',
  effect: 'write',
  on: 'records',
  input: { secret: f.text(), was: f.text() },
  set: (row, { input }) => (row.secret === input.was ? { secret: input.secret } : {}),
}

const system = role('system')

/** What a person proves who they are with, besides the password. */
export const factor = resource('factor', {
  description: 'Second factors of people: authenticator apps, text messages, backup codes, passkeys.',
  fields,
  key: ['user', 'kind', 'credential'],
  without: ['create', 'update'],
  access: {
    read: any(self('user'), role('admin'), system),
    enrol: system,
    confirm: system,
    use: system,
    disable: system,
    regenerate: system,
    reseal: system,
    keep_code: system,
    send_code: system,
  },
  actions: {
    enrol,
    confirm,
    use,
    disable,
    regenerate,
    reseal,
    keep_code: keepCode,
    send_code: sendCode,
  },
})

const NAMES: { readonly [kind in FactorKind]: string } = {
  totp: 'An authenticator app',
  sms: 'A phone for text messages',
  backup: 'A set of backup codes',
  passkey: 'A passkey',
}

/** A letter to all addresses of a person about what happened to the ways in. */
export function announcement(user: unknown, what: string, at: string): NewJob {
  return { name: 'announce', payload: { user, what, at } }
}

function blank(): Row {
  return {
    ...managedDefaults(factor.fields),
    counter: null,
    codes_left: null,
    transports: null,
    device_type: null,
    backed_up: null,
    secret: null,
  }
}

function backupSet(user: unknown, set: unknown, now: string): Row {
  const { codes } = JSON.parse(String(set)) as { codes: string[] }
  return {
    ...blank(),
    user,
    kind: 'backup',
    credential: codes[0].slice(0, 12),
    label: null,
    phone: null,
    secret: set,
    codes_left: codes.length,
    confirmed_at: now,
  }
}

function removed(now: string): Row {
  return { disabled_at: now, secret: null }
}

function laterStep(row: Row, step: number): number {
  if (step <= Number(row.last_step ?? -1)) throw used()
  return step
}

// Authenticators that do not count say 0 for ever; one that counts backwards is a copy.
function higherCounter(row: Row, counter: number): number {
  const known = Number(row.counter ?? 0)
  if ((counter !== 0 || known !== 0) && counter <= known) throw used()
  return counter
}

function withoutCode(row: Row, hash: string): Row {
  const set = JSON.parse(String(row.secret ?? '{"codes":[]}')) as { codes: string[] }
  if (!set.codes.includes(hash)) throw used()
  const codes = set.codes.filter((each) => each !== hash)
  return { secret: JSON.stringify({ ...set, codes }), codes_left: codes.length }
}

function used() {
  return conflict('factor.used', 'The code was used already.')
}

async function live(tx: Tx, user: unknown, only: { kind?: string; confirmed: boolean }): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `select id from factor where "user" = $1 and disabled_at is null and ($2::text is null or kind = $2)
and (confirmed_at is not null) = $3 order by id for update`,
    [user, only.kind ?? null, only.confirmed],
  )
  return rows.map(({ id }) => id)
}

async function requireRoom(tx: Tx, user: unknown): Promise<string[]> {
  const known = await live(tx, user, { kind: 'passkey', confirmed: true })
  if (known.length >= PASSKEYS_MAX) throw invalid([], `A person has at most ${PASSKEYS_MAX} passkeys.`)
  return []
}
