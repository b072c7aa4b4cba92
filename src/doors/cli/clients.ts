import type { Command } from 'commander'
import { perform } from '../../engine/perform.ts'
import { parseQuery } from '../../engine/query.ts'
import { read, readOne } from '../../engine/read.ts'
import type { Engine } from '../../engine/types.ts'
import type { Actor } from '../../kernel/actor.ts'
import type { Row } from '../../kernel/field.ts'
import { type Context, type Opened, print, table, withServices } from './context.ts'
import { usage, wholeNumber } from './house.ts'
import type { Register } from './register.ts'

const SHOWN_MAX = 500

type Options = { [name: string]: string | undefined }
type Work = (context: Context, opened: Opened, options: Options, name?: string) => Promise<undefined>

/** `serai clients`: programs that use the house, what they may do, and their keys. */
export function clientCommands(register: Register): void {
  register(
    'clients',
    'Lists programs that use the house, makes one with its key, gives it another key, or shuts it out.',
    [
      'serai clients create till-1 --kind pos --may product:read --reason "the new till"',
      'serai clients key till-1 --scopes product:read --expires 90d',
      'serai clients rotate srk_live_8fJ2 --overlap 48',
      'serai clients revoke srk_live_8fJ2',
      'serai clients deactivate till-1',
    ].join('\n  '),
    shape,
    (context, options, what, name) => {
      const work = Object.hasOwn(WORKS, what) ? WORKS[what] : undefined
      if (!work) throw usage(`clients takes ${Object.keys(WORKS).join(', ')}, not "${what}"`)
      return withServices(context, (opened) => work(context, opened, options as Options, name))
    },
  )
}

function shape(command: Command): Command {
  return command
    .argument('[list|create|key|rotate|revoke|activate|deactivate]', 'what to do', 'list')
    .argument('[client-or-key]', 'the name of the client; rotate, revoke: how the key begins')
    .option('--kind <kind>', 'create: such as pos, website, partner')
    .option('--may <permissions>', 'create: what is granted to it, such as product:read,product:export')
    .option('--addresses <ranges>', 'create: from where it may call, such as 192.0.2.0/24')
    .option('--scopes <permissions>', 'create, key: narrows it to these')
    .option('--expires <days>', 'key: how long it lives, such as 90d; a year unless it is said')
    .option('--overlap <hours>', 'rotate: how long the old key goes on (24)')
    .option('--reason <text>', 'why; kept in the history')
}

const list: Work = async (context, { services: { engine }, actor }) => {
  const { client, key } = context.host.accessResources
  const limit = String(SHOWN_MAX)
  const [clients, keys] = await Promise.all([
    read(engine, actor, client, parseQuery(engine, client, { sort: 'name', limit })),
    read(
      engine,
      actor,
      key,
      parseQuery(engine, key, { filter: 'revoked_at == null', sort: 'prefix', limit }),
    ),
  ])
  const of = (id: unknown) => keys.items.filter((each) => each.client === id)
  const documents = clients.items.map((each): Row => ({ ...each, keys: of(each.id) }))
  const rows = clients.items.map((each) => [
    String(each.name),
    String(each.kind ?? ''),
    each.active ? 'active' : 'shut out',
    of(each.id)
      .map((one) => `${one.prefix}…`)
      .join(' '),
    String(
      of(each.id)
        .map((one) => one.last_used_at)
        .filter(Boolean)
        .sort()
        .at(-1) ?? 'never',
    ),
  ])
  print(
    context,
    documents,
    rows.length ? table(['Client', 'Kind', 'State', 'Keys', 'Last used'], rows) : 'There are no clients yet.',
  )
  return undefined
}

const create: Work = async (context, { services: { engine }, actor }, options, name) => {
  if (!name) throw usage('clients create needs a name, such as till-1')
  if (!options.reason) throw usage('clients create needs a --reason: why is it let in?')
  const may = names(options.may) ?? []
  const { records, answer } = await perform(engine, {
    actor,
    resource: context.host.accessResources.client,
    action: 'admit',
    input: {
      name,
      kind: options.kind ?? null,
      scopes: names(options.scopes),
      allowed_addresses: names(options.addresses),
      may,
      reason: options.reason,
    },
    reason: options.reason,
  })
  const words = may.length
    ? `It may ${may.join(', ')}.`
    : `It may do nothing yet: serai grants give product:read --client ${name} --reason …`
  print(
    context,
    { ...records[0], key: answer?.key },
    `${answer?.key}\n\nThe key of ${name}, shown only this once. ${words}`,
  )
  return undefined
}

const key: Work = async (context, { services: { engine }, actor }, options, name) => {
  if (!name) throw usage('clients key needs the name of the client')
  const { client, key: resource } = context.host.accessResources
  const { id } = await readOne(engine, actor, client, name)
  const input = { client: id, scopes: names(options.scopes), expires_at: expiryOf(options.expires) }
  const { records, answer } = await perform(engine, { actor, resource, action: 'create', input })
  print(
    context,
    { ...records[0], key: answer?.key },
    `${answer?.key}\n\nAnother key of ${name}, shown only this once. It lives until ${records[0].expires_at}.`,
  )
  return undefined
}

const rotate: Work = async (context, { services: { engine }, actor }, options, prefix) => {
  const resource = context.host.accessResources.key
  const target = prefixOf(prefix, 'rotate')
  const hours =
    options.overlap === undefined ? {} : { overlap_hours: wholeNumber('--overlap', options.overlap) }
  const { records, answer } = await perform(engine, {
    actor,
    resource,
    action: 'rotate',
    targets: [target],
    input: hours,
  })
  const old = records.find((each) => each.prefix === target)
  print(
    context,
    { records, key: answer?.key },
    `${answer?.key}\n\nThe new key, shown only this once. ${target}… goes on until ${old?.expires_at}.`,
  )
  return undefined
}

const revoke: Work = async (context, { services: { engine }, actor }, _options, prefix) => {
  const target = prefixOf(prefix, 'revoke')
  const record = await call(engine, actor, context.host.accessResources.key, 'revoke', {}, target)
  print(context, record, `Revoked the key ${target}…; it is refused from now on, on every process.`)
  return undefined
}

function switchTo(action: 'activate' | 'deactivate', words: string): Work {
  return async (context, { services: { engine }, actor }, _options, name) => {
    if (!name) throw usage(`clients ${action} needs the name of the client`)
    const record = await call(engine, actor, context.host.accessResources.client, action, {}, name)
    print(context, record, `${name} ${words}`)
    return undefined
  }
}

const WORKS: { [what: string]: Work } = {
  list,
  create,
  key,
  rotate,
  revoke,
  activate: switchTo('activate', 'may come in again, with the keys that it has.'),
  deactivate: switchTo('deactivate', 'is shut out from now on, with all its keys and tokens.'),
}

async function call(
  engine: Engine,
  actor: Actor,
  resource: string,
  action: string,
  input: Row,
  target?: string,
): Promise<Row> {
  const targets = target === undefined ? [] : [target]
  const { records } = await perform(engine, { actor, resource, action, targets, input })
  return records[0]
}

function prefixOf(prefix: string | undefined, what: string): string {
  if (!prefix) throw usage(`clients ${what} needs the key, by how it begins; "serai clients" lists them`)
  return prefix.replace(/…$/, '')
}

function names(text: string | undefined): string[] | null {
  return text === undefined ? null : text.split(',').map((each) => each.trim())
}

function expiryOf(text: string | undefined): string | null {
  if (text === undefined) return null
  const days = /^(\d{1,5})d$/.exec(text)?.[1]
  if (!days) throw usage(`--expires is "${text}"; say a number of days, such as 90d`)
  return new Date(Date.now() + Number(days) * 86_400_000).toISOString()
}
