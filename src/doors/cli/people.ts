import type { Command } from 'commander'
import { perform } from '../../engine/perform.ts'
import { parseQuery } from '../../engine/query.ts'
import { read, readOne } from '../../engine/read.ts'
import type { Row } from '../../kernel/field.ts'
import { notFound } from '../../kernel/problem.ts'
import { type Context, type Opened, print, table, withServices } from './context.ts'
import { usage } from './house.ts'
import type { Register } from './register.ts'

const SHOWN_MAX = '500'

type Options = { [name: string]: string | undefined }

/** `serai user`, `serai sessions`, `serai keys`: people, where they are signed in, and the keys of the house. */
export function peopleCommands(register: Register): void {
  register(
    'user',
    'Invites people, lists them, shows a link to hand over, gives and takes roles, shuts people out and lets them in.',
    [
      'serai user invite --name "Ana Lima" --email ana@example.com --role staff',
      'serai user link ana@example.com',
      'serai user grant ana@example.com --role manager --reason "runs the spring season"',
      'serai user suspend ana@example.com --reason "left the company"',
    ].join('\n  '),
    userOptions,
    user,
  )
  register(
    'sessions',
    'Lists where people are signed in, or ends a session.',
    'serai sessions revoke kX81mQ_0aZr2',
    (command) =>
      command
        .argument('[list|revoke]', 'what to do', 'list')
        .argument('[handle]', 'revoke: the session')
        .option('--reason <text>', 'why; kept in the history'),
    sessions,
  )
  register(
    'keys',
    'Replaces the key under which secrets of people are sealed; what was sealed is sealed anew.',
    'serai keys rotate',
    (command) => command.argument('<rotate>', 'what to do'),
    keys,
  )
}

function userOptions(command: Command): Command {
  return command
    .argument('<invite|list|link|grant|revoke|suspend|resume>', 'what to do')
    .argument('[login]', 'the person: e-mail address or phone')
    .option('--name <name>', 'invite: the name')
    .option('--email <address>', 'invite: the e-mail address')
    .option('--phone <number>', 'invite: the phone, such as +971501234567')
    .option('--role <role>', 'invite, grant, revoke: the role')
    .option('--reason <text>', 'why; kept in the history')
}

async function user(
  context: Context,
  options: Record<string, unknown>,
  what: string,
  login?: string,
): Promise<number> {
  const handler = { invite, list, link, grant, revoke, suspend, resume }[what]
  if (!handler) throw usage(`user takes invite, list, link, grant, revoke, suspend or resume, not "${what}"`)
  return withServices(context, (opened) => handler(context, opened, options as Options, login ?? ''))
}

type Handler = (context: Context, opened: Opened, options: Options, login: string) => Promise<number>

const invite: Handler = async (context, opened, options) => {
  const { name, email = null, phone = null, role } = options
  const { records } = await call(opened, 'user', 'invite', { input: { name, email, phone } })
  const [person] = records
  if (role) await giveRole(opened, person, role, options.reason ?? 'invited')
  print(
    context,
    person,
    `Invited ${person.login}${role ? ` as ${role}` : ''}. A link is sent where "serai serve" or "serai work" runs; without a mail server, hand it over: serai user link ${person.login}`,
  )
  return 0
}

const list: Handler = async (context, { services: { engine }, actor }) => {
  const { items } = await read(
    engine,
    actor,
    'user',
    parseQuery(engine, 'user', { limit: SHOWN_MAX, sort: 'login' }),
  )
  const rows = items.map((item) =>
    [item.login, item.name, item.status, item.level, item.last_sign_in_at ?? 'never'].map(String),
  )
  print(
    context,
    items,
    rows.length
      ? table(['Login', 'Name', 'Status', 'Level', 'Last sign-in'], rows)
      : 'INFO: nobody is here yet. "serai serve" prints a link for the first owner.',
  )
  return 0
}

const link: Handler = async (context, opened, _options, login) => {
  const found = await opened.people.link(login)
  if (!found) throw notFound(`Nobody is known by "${login}". "serai user list" shows who is there.`)
  print(
    context,
    found,
    `${found.url}\n\nThe link is good once, for ${found.minutes} minutes. Earlier ones are void.`,
  )
  return 0
}

const grant: Handler = async (context, opened, options, login) => {
  if (!options.role) throw usage('user grant needs --role')
  const person = await personOf(opened, login)
  const membership = await giveRole(opened, person, options.role, options.reason ?? 'by the command line')
  print(context, membership, `${person.login} is ${options.role} now, and has to sign in again.`)
  return 0
}

const revoke: Handler = async (context, opened, options, login) => {
  if (!options.role) throw usage('user revoke needs --role')
  const { services, actor } = opened
  const person = await personOf(opened, login)
  const role = await readOne(services.engine, actor, 'role', options.role)
  const filter = `user == "${person.id}" && role == "${role.id}" && until == null`
  const { items } = await read(
    services.engine,
    actor,
    'membership',
    parseQuery(services.engine, 'membership', { filter }),
  )
  if (items.length === 0) throw notFound(`${person.login} is not ${options.role}.`)
  const targets = items.map(({ id }) => id as string)
  const { records } = await call(opened, 'membership', 'revoke', { targets, reason: options.reason ?? null })
  print(context, records, `${person.login} is no longer ${options.role}.`)
  return 0
}

const suspend: Handler = (context, opened, options, login) =>
  move(context, opened, options, login, 'suspend', 'is shut out')
const resume: Handler = (context, opened, options, login) =>
  move(context, opened, options, login, 'resume', 'may come in again')

async function move(
  context: Context,
  opened: Opened,
  options: Options,
  login: string,
  action: string,
  became: string,
): Promise<number> {
  const { records } = await call(opened, 'user', action, { targets: [login], reason: options.reason ?? null })
  print(context, records[0], `${login} ${became}.`)
  return 0
}

async function sessions(
  context: Context,
  options: Record<string, unknown>,
  what: string,
  handle?: string,
): Promise<number> {
  return withServices(context, async (opened) => {
    const { services, actor } = opened
    if (what === 'revoke') {
      if (!handle) throw usage('sessions revoke needs the handle of a session')
      const reason = options.reason ? String(options.reason) : null
      const { records } = await call(opened, 'session', 'revoke', { targets: [handle], reason })
      print(context, records[0], 'The session is over.')
      return 0
    }
    if (what !== 'list') throw usage(`sessions takes list or revoke, not "${what}"`)
    const asked = { filter: 'ended_at == null', expand: 'user', sort: '-created_at', limit: SHOWN_MAX }
    const { items } = await read(
      services.engine,
      actor,
      'session',
      parseQuery(services.engine, 'session', asked),
    )
    const rows = items.map((item) =>
      [
        item.handle,
        (item.user as Row).login ?? '',
        item.created_at,
        item.address ?? '',
        item.idle_until ?? item.absolute_until,
      ].map(String),
    )
    print(
      context,
      items,
      rows.length
        ? table(['Session', 'Person', 'Since', 'From', 'Until'], rows)
        : 'INFO: nobody is signed in.',
    )
    return 0
  })
}

async function keys(context: Context, _options: unknown, what: string): Promise<number> {
  if (what !== 'rotate') throw usage(`keys takes rotate, not "${what}"`)
  return withServices(context, async ({ people }) => {
    const { key, resealed } = await people.rotateKeys()
    print(
      context,
      { key, resealed },
      `The key is ${key} from now on; ${resealed} secrets were sealed anew. Passwords follow when people sign in: keep the older keys.`,
    )
    return 0
  })
}

async function giveRole(opened: Opened, person: Row, role: string, reason: string): Promise<Row> {
  const { id } = await readOne(opened.services.engine, opened.actor, 'role', role)
  const { records } = await call(opened, 'membership', 'create', {
    input: { user: person.id, role: id, reason },
  })
  return records[0]
}

function personOf({ services, actor }: Opened, login: string): Promise<Row> {
  if (!login) throw usage('Say whom: their e-mail address or phone.')
  return readOne(services.engine, actor, 'user', login)
}

function call(
  { services, actor }: Opened,
  resource: string,
  action: string,
  more: { targets?: string[]; input?: Row; reason?: string | null },
) {
  return perform(services.engine, { actor, resource, action, ...more })
}
