import type { Command } from 'commander'
import { type Explanation, effectiveAccess, explainAccess } from '../../engine/access/explain.ts'
import { perform } from '../../engine/perform.ts'
import { parseQuery } from '../../engine/query.ts'
import { read } from '../../engine/read.ts'
import { queryOf } from '../../engine/rules.ts'
import type { Engine } from '../../engine/types.ts'
import { type Context, type Opened, print, table, withServices } from './context.ts'
import { usage } from './house.ts'
import type { Register } from './register.ts'

const SHOWN_MAX = 500

type Options = { [name: string]: string | boolean | undefined }
type Work = (context: Context, opened: Opened, options: Options, target?: string) => Promise<undefined>

/** `serai grants` and `serai access`: who may do what, and why. */
export function accessCommands(register: Register): void {
  register(
    'grants',
    'Lists who may do what, gives a right, or takes one away.',
    [
      'serai grants --role manager',
      'serai grants give product:update --role staff --rule "category == \\"Family\\"" --until 30d --reason "season"',
      'serai grants revoke 0193b1c4-… --reason "season is over"',
    ].join('\n  '),
    (command) =>
      subject(command)
        .argument('[list|give|revoke]', 'what to do', 'list')
        .argument('[permission-or-grant]', 'give: resource:verb, with * for all; revoke: the id of the grant')
        .option('--rule <condition>', 'give: only records for which this holds (CEL)')
        .option('--record <id>', 'give: only this record')
        .option('--fields <names>', 'give: only these fields')
        .option('--deny', 'give: a denial, which beats every right')
        .option('--until <time>', 'give: until when, such as 30d or 2027-01-31T00:00:00Z')
        .option('--delegable', 'give: the holder may give it on')
        .option('--reason <text>', 'give, revoke: why'),
    (context, options, what, target) => run(context, { list, give, revoke }, 'grants', what, options, target),
  )
  register(
    'access',
    'Says why somebody may do something, or not (explain), or all that somebody may do (list).',
    [
      'serai access explain product:update --user ana@example.com --record Dubai_AinDubai',
      'serai access list --role staff',
    ].join('\n  '),
    (command) =>
      subject(command)
        .argument('<explain|list>', 'what to do')
        .argument('[permission]', 'explain: resource:verb')
        .option('--record <id>', 'explain: for this record'),
    (context, options, what, target) =>
      run(context, { explain, list: effective }, 'access', what, options, target),
  )
}

function subject(command: Command): Command {
  return command
    .option('--role <name>', 'of whoever holds this role')
    .option('--user <address>', 'of this person: e-mail, phone or id')
    .option('--client <name>', 'of this client')
}

function run(
  context: Context,
  works: { [what: string]: Work },
  name: string,
  what: string,
  options: Record<string, unknown>,
  target: string | undefined,
): Promise<undefined> {
  const work = Object.hasOwn(works, what) ? works[what] : undefined
  if (!work) throw usage(`${name} takes ${Object.keys(works).join(', ')}, not "${what}"`)
  return withServices(context, (opened) => work(context, opened, options as Options, target))
}

const list: Work = async (context, { services: { engine }, actor }, options) => {
  const resource = context.host.accessResources.grant
  const holder = subjectOf(options)
  const conditions = ['revoked_at == null', ...(await holderCondition(engine, holder))]
  const query = parseQuery(engine, resource, {
    filter: conditions.join(' && '),
    sort: 'label',
    limit: String(SHOWN_MAX),
  })
  const { items, next } = await read(engine, actor, resource, query)
  const rows = items.map((item) => [item.label, item.by, item.reason, item.id].map(String))
  const more = next
    ? `\n… and more; only the first ${SHOWN_MAX} are shown. Name a --role, --user or --client.`
    : ''
  print(
    context,
    items,
    rows.length ? table(['Grant', 'By', 'Why', 'Id'], rows) + more : 'Nothing is granted there.',
  )
  return undefined
}

const give: Work = async (context, { services: { engine }, actor }, options, permission) => {
  if (!permission) throw usage('grants give needs a permission, such as product:update')
  if (!options.reason) throw usage('grants give needs a --reason: why is it given?')
  const { records } = await perform(engine, {
    actor,
    resource: context.host.accessResources.grant,
    action: 'create',
    input: {
      ...subjectOf(options),
      effect: options.deny ? 'deny' : 'allow',
      permission,
      rule: options.rule ?? null,
      record: options.record ?? null,
      fields: options.fields ? String(options.fields).split(',') : null,
      until: options.until ? momentOf(String(options.until)) : null,
      delegable: options.delegable === true,
      reason: options.reason,
    },
    reason: String(options.reason),
  })
  print(context, records[0], `Given: ${records[0].label}. It holds from now on, on every process.`)
  return undefined
}

const revoke: Work = async (context, { services: { engine }, actor }, options, id) => {
  if (!id) throw usage('grants revoke needs the id of the grant; "serai grants" lists them')
  const { records } = await perform(engine, {
    actor,
    resource: context.host.accessResources.grant,
    action: 'revoke',
    targets: [id],
    reason: options.reason ? String(options.reason) : null,
  })
  print(context, records[0], `Revoked: ${records[0].label}. It holds no more, on every process.`)
  return undefined
}

const explain: Work = async (context, { services: { engine }, actor }, options, permission) => {
  if (!permission) throw usage('access explain needs a permission, such as product:update')
  const record = options.record ? { record: String(options.record) } : {}
  const said = await explainAccess(engine, actor, { permission, ...record, ...subjectOf(options) })
  print(context, said, [said.because, ...linesOf(said)].join('\n'))
  return undefined
}

const effective: Work = async (context, { services: { engine }, actor }, options) => {
  const found = await effectiveAccess(engine, actor, subjectOf(options))
  const rows = found.permissions.map(({ permission, rule, by }) => [
    permission,
    rule ?? '',
    [...new Set(by.map(({ holder }) => holder))].join(', '),
  ])
  print(context, found, rows.length ? table(['May', 'Where', 'By'], rows) : 'Nothing is granted there.')
  return undefined
}

function linesOf({ by, denied_by }: Explanation): string[] {
  const line = (verb: string) => (each: Explanation['by'][number]) =>
    `  ${verb} ${each.holder}: ${each.permission}${each.rule ? ` where ${each.rule}` : ''}${each.until ? ` until ${each.until}` : ''} (${each.by}: ${each.reason}) ${each.id}`
  return [...by.map(line('allows')), ...denied_by.map(line('denies'))]
}

function subjectOf(options: Options): { role?: string; user?: string; client?: string } {
  const named = (['role', 'user', 'client'] as const).filter((kind) => options[kind])
  return Object.fromEntries(named.map((kind) => [kind, String(options[kind])]))
}

/** Grants hold the ids of their holders. */
async function holderCondition(
  { grants, pool }: Engine,
  holder: ReturnType<typeof subjectOf>,
): Promise<string[]> {
  const [entry] = Object.entries(holder)
  if (!entry) return []
  const [kind, name] = entry as ['role' | 'user' | 'client', string]
  const found = await grants?.holder(queryOf(pool), kind, name)
  if (!found) throw usage(`there is no ${kind} "${name}"`)
  return [`${kind} == ${JSON.stringify(found.id)}`]
}

/** `30d` from now, or a time as it is. */
function momentOf(text: string): string {
  const days = /^(\d{1,5})d$/.exec(text)?.[1]
  return days ? new Date(Date.now() + Number(days) * 86_400_000).toISOString() : text
}
