import type { Command } from 'commander'
import { parseQuery } from '../../engine/query.ts'
import { badRequest } from '../../kernel/problem.ts'
import type { Counts } from '../../kernel/proposal.ts'
import type { Promotion, PromotionPlan } from '../services.ts'
import { type Context, type Opened, print, withServices } from './context.ts'
import { usage } from './house.ts'
import { changeLines, finding, fraction } from './ingest.ts'
import type { Register } from './register.ts'

const WORD = 'PROMOTE'

/** `serai promote`: the records of this environment to another, as a plan there with its differences. */
export function promoteCommand(register: Register): void {
  register(
    'promote',
    'Plans the records of this environment as an import in another and shows what would change there; --apply writes it.',
    'serai promote products --to https://shop.example --token srt_…',
    shape,
    promote,
  )
}

function shape(command: Command): Command {
  return command
    .argument('<resource>', 'what to promote, such as products')
    .requiredOption(
      '--to <place>',
      'the address of a running Serai, or the home folder of one on this machine',
    )
    .option('--token <token>', 'a token of the target (SERAI_PROMOTE_TOKEN, which no process list shows)')
    .option('--to-database <url>', "the database of the target's home, when it is not the embedded one")
    .option('--mode <mode>', 'replace, or snapshot (archives there what is not here)', 'replace')
    .option('--max-removal-share <f>', 'snapshot: the largest share of records it may archive, 0..1 (0.1)')
    .option('--filter <cel>', 'only what fits, such as category == "Family"')
    .option('--apply', 'write it, after showing it')
    .option('--yes', 'do not ask')
    .option('--reason <text>', 'why; kept in the history of the target')
}

async function promote(
  context: Context,
  options: Record<string, unknown>,
  resource: string,
): Promise<number> {
  const { mode, to } = options
  if (mode !== 'replace' && mode !== 'snapshot') throw usage(`--mode is "${mode}"; it is replace or snapshot`)
  const token = (options.token as string | undefined) ?? context.io.env.SERAI_PROMOTE_TOKEN
  return withServices(context, async (opened) => {
    const { engine } = opened.services
    const query = parseQuery(engine, resource, options.filter ? { filter: String(options.filter) } : {})
    const promotion = await opened.promotion({
      to: String(to),
      ...(token ? { token } : {}),
      ...(options.toDatabase ? { database: String(options.toDatabase) } : {}),
    })
    try {
      const share = options.maxRemovalShare
      const plan = await promotion.plan({
        resource,
        query,
        mode,
        ...(share === undefined ? {} : { maxRemovalShare: fraction(String(share)) }),
      })
      return await decide(context, opened, promotion, plan, { ...options, resource })
    } finally {
      await promotion.close()
    }
  })
}

/** Shows the plan; writes it when that was asked for and confirmed. */
async function decide(
  context: Context,
  { services }: Opened,
  promotion: Promotion,
  plan: PromotionPlan,
  options: Record<string, unknown>,
): Promise<number> {
  const id = String(plan.import.id)
  const counts = plan.import.counts as Counts
  const changing = counts.created + counts.updated + counts.removed
  const document = {
    from: services.environment,
    to: { place: promotion.place, environment: promotion.environment },
    resource: options.resource,
    ...counts,
    import: id,
  }
  const text = planText(services.environment, promotion, plan, String(options.resource))
  const writes = Boolean(options.apply) && changing > 0 && counts.rejected === 0
  if (!writes) {
    // Nothing to apply later: the plan would only be in the way.
    if (changing === 0 && counts.rejected === 0) await promotion.cancel(id)
    const changes = plan.changes.map(({ key, verdict, before, after }) => ({ key, verdict, before, after }))
    print(
      context,
      { ...document, applied: false, change: null, changes },
      `${text}\n${advice(promotion, plan)}`,
    )
    return counts.rejected > 0 ? 1 : 0
  }
  if (!context.json) context.io.stdout.write(`${text}\n`)
  if (!options.yes) await confirm(context, promotion, id)
  const reason = String(options.reason ?? `promotion from ${services.environment}`)
  const { change, counts: written } = await promotion.apply(id, reason)
  const { created, updated, removed } = written as Counts
  print(
    context,
    { ...document, ...(written as Counts), applied: true, change },
    `Applied: created ${created}, updated ${updated}, archived ${removed}. To take it back, there: serai undo ${id}`,
  )
  return 0
}

function planText(
  from: string,
  { place, environment }: Promotion,
  plan: PromotionPlan,
  resource: string,
): string {
  const { created, updated, unchanged, removed, rejected, kept, read } = plan.import.counts as Counts
  const lines = plan.changes.flatMap((row) => {
    if (row.verdict === 'rejected') return row.errors.map((fault) => `! ${finding(resource, row, fault)}`)
    return row.verdict === 'removed' ? [`- ${row.key}`] : changeLines(row)
  })
  const more = created + updated + removed + rejected - plan.changes.length
  return [
    `Promotion of ${read} records (${resource}) from ${from} to ${environment ?? 'the house'} at ${place}:`,
    `  created ${created}, updated ${updated}, unchanged ${unchanged}, archived ${removed}, rejected ${rejected}, left alone ${kept}`,
    ...lines,
    ...(more > 0 ? [`  … and ${more} more records`] : []),
  ].join('\n')
}

function advice({ place }: Promotion, plan: PromotionPlan): string {
  const { created, updated, removed, rejected } = plan.import.counts as Counts
  if (rejected > 0) return 'Refused there, so nothing can be applied. Mend these records here.'
  if (created + updated + removed === 0) return 'Nothing to do: the target is as this environment.'
  return `Nothing was written. To write it: the same command with --apply, or at ${place}: serai imports apply ${plan.import.id}`
}

/** Asks for the name of the environment that is about to change, unless it is a development one. */
async function confirm({ io }: Context, { environment, place }: Promotion, id: string): Promise<void> {
  if (environment === 'development') return
  const word = environment ?? WORD
  const left = `The plan is kept there as import ${id}; nothing was written.`
  if (!io.isTerminal)
    throw badRequest(
      'promotion.unconfirmed',
      `Nobody can be asked here (no terminal). ${left} Say --yes if it is meant.`,
    )
  const typed = await io.prompt(
    `This changes ${environment ?? 'the house'} at ${place}. Type ${word} to go on: `,
  )
  if (typed !== word) throw badRequest('promotion.unconfirmed', `The word was not ${word}. ${left}`)
}
