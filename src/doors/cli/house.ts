import type { Command } from 'commander'
import { perform } from '../../engine/perform.ts'
import { parseQuery } from '../../engine/query.ts'
import { read } from '../../engine/read.ts'
import { badRequest } from '../../kernel/problem.ts'
import { type Context, print, table, withServices } from './context.ts'
import type { Register } from './register.ts'

/** serve, demo, work, migrate, token, doctor: the house itself. */
export function houseCommands(register: Register): void {
  for (const [name, demo, words] of [
    ['serve', false, 'Serves the API and does the work behind it, until Ctrl-C.'],
    ['demo', true, 'Loads the sample business, serves it, and prints a token and what to try.'],
  ] as const)
    register(
      name,
      words,
      `serai ${name} --port 7700`,
      (command) =>
        command
          .option('--port <port>', 'port to serve on (PORT, 7700)')
          .option('--host <host>', 'address to serve on (HOST, 127.0.0.1)')
          .option('--no-work', 'only open the doors; jobs run where "serai work" does'),
      async ({ host }, options) => {
        await host.serve({
          demo,
          work: options.work !== false,
          ...(options.port === undefined ? {} : { port: wholeNumber('--port', String(options.port)) }),
          ...(options.host ? { host: String(options.host) } : {}),
        })
      },
    )
  register(
    'work',
    'Does the work behind the doors (jobs, schedules, followers) without serving, until Ctrl-C.',
    'serai work',
    (command) => command,
    async ({ host }) => {
      await host.work()
      return undefined
    },
  )
  register(
    'migrate',
    'Brings the database to this release (up), takes steps back (down), or says where it stands (status).',
    'serai migrate down 1',
    (command) =>
      command.argument('<up|down|status>', 'what to do').argument('[count]', 'down: how many steps', '1'),
    migrate,
  )
  register(
    'token',
    'Makes, lists and revokes tokens for programs. A new token is shown once.',
    'serai token create --role owner --name laptop --expires 90d',
    tokenOptions,
    token,
  )
  register(
    'doctor',
    'Looks at everything that could be wrong with the house, and says what to do.',
    'serai doctor',
    (command) => command,
    doctor,
  )
}

function tokenOptions(command: Command): Command {
  return command
    .argument('<create|list|revoke>', 'what to do')
    .argument('[name]', 'revoke: the name of the token')
    .option('--role <role>', 'owner, manager, staff or viewer')
    .option('--name <name>', 'a name to know it by')
    .option('--expires <days>', 'how long it lives, such as 30d')
}

async function migrate(
  context: Context,
  _options: unknown,
  what: string,
  count: string,
): Promise<number | undefined> {
  const { host } = context
  if (what === 'status') {
    const states = await host.migrate.status()
    print(
      context,
      states,
      table(
        ['Migration', 'Applied'],
        states.map((state) => [state.name, state.applied_at ?? 'pending']),
      ),
    )
    return undefined
  }
  if (what !== 'up' && what !== 'down') throw usage(`migrate takes up, down or status, not "${what}"`)
  const done = what === 'up' ? await host.migrate.up() : await host.migrate.down(wholeNumber('count', count))
  const backup = done.backup ? ` Backup before: ${done.backup}` : ''
  print(
    context,
    done,
    done.ran.length
      ? `Migrated ${what}: ${done.ran.join(', ')}.${backup}`
      : 'Nothing to do: the database is as this release wants it.',
  )
  return undefined
}

async function token(
  context: Context,
  options: Record<string, unknown>,
  what: string,
  name?: string,
): Promise<number | undefined> {
  return withServices(context, async ({ services: { engine }, actor }) => {
    const resource = context.host.tokenResource
    if (what === 'create') return createToken(context, engine, actor, options)
    if (what === 'list') {
      const { items } = await read(engine, actor, resource, parseQuery(engine, resource, { limit: '500' }))
      print(
        context,
        items,
        table(
          ['Name', 'Role', 'Begins', 'Created', 'Expires', 'Revoked'],
          items.map((item) =>
            [
              item.name,
              item.role,
              `${item.prefix}…`,
              item.created_at,
              item.expires_at ?? 'never',
              item.revoked_at ?? '',
            ].map(String),
          ),
        ),
      )
      return undefined
    }
    if (what !== 'revoke') throw usage(`token takes create, list or revoke, not "${what}"`)
    const target = name ?? (options.name as string | undefined)
    if (!target) throw usage('token revoke needs the name of the token')
    const { records } = await perform(engine, { actor, resource, action: 'revoke', targets: [target] })
    print(
      context,
      records[0],
      `Revoked the token "${target}". Programs that hold it are refused from now on.`,
    )
    return undefined
  })
}

async function createToken(
  context: Context,
  engine: Parameters<typeof perform>[0],
  actor: Parameters<typeof perform>[1]['actor'],
  options: Record<string, unknown>,
): Promise<undefined> {
  const name = options.name ?? `${options.role ?? 'token'} ${new Date().toISOString()}`
  const input = {
    name,
    role: options.role,
    expires_at: options.expires ? expiry(String(options.expires)) : null,
  }
  const { records, answer } = await perform(engine, {
    actor,
    resource: context.host.tokenResource,
    action: 'create',
    input,
  })
  const [record] = records
  print(
    context,
    {
      token: answer?.token,
      id: record.id,
      name: record.name,
      role: record.role,
      expires_at: record.expires_at,
    },
    `${answer?.token}\n\nThe token "${record.name}" acts as ${record.role}. It is shown only this once.`,
  )
  return undefined
}

async function doctor(context: Context): Promise<number> {
  const findings = await context.host.doctor()
  print(
    context,
    findings,
    table(
      ['', 'Check', 'Finding'],
      findings.map(({ name, ok, detail }) => [ok ? '✔' : '✖', name, detail]),
    ),
  )
  return findings.every((finding) => finding.ok) ? 0 : 1
}

function expiry(text: string): string {
  const days = /^(\d+)d$/.exec(text)?.[1]
  if (!days) throw usage(`--expires is "${text}"; say a number of days, such as 30d`)
  return new Date(Date.now() + Number(days) * 86_400_000).toISOString()
}

/** A wrong usage: exit code 2. */
export function usage(detail: string): Error {
  return badRequest('usage', detail)
}

export function wholeNumber(name: string, text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 0) throw usage(`${name} must be a whole number, got "${text}"`)
  return number
}
