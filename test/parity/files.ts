import type { Services } from '../../src/doors/services.ts'
import type { Fault } from '../../src/kernel/fault.ts'
import type { Row } from '../../src/kernel/field.ts'
import { faultTexts, outcome, refusal, run, type Said } from './cli.ts'
import { type How, type Outcome, rowText, undoOutcome, type Way } from './way.ts'

/** Files and reports at the command line, which have verbs of their own. What they have no verb for is undefined. */
export function filesWay(services: Services): Way {
  const serai = (how: How, args: string[], stdin = '') => run(services, how, args, stdin)
  const options = ({ dryRun, reason }: How) => [
    ...(dryRun ? ['--dry-run'] : []),
    ...(reason ? ['--reason', reason] : []),
  ]
  return {
    create: (input, how) => ingest(serai, how, 'create', [input].flat()),
    update: (id, patch, how) =>
      how.ifVersion === undefined ? ingest(serai, how, 'merge', [{ product_id: id, ...patch }]) : undefined,
    act: (name, _ids, _input, how) =>
      name === 'nuke' ? outcome(serai(how, ['nuke', '--yes', '--json']), nuked) : undefined,
    ask: (name, how) =>
      outcome(serai(how, [name, '--json']), ({ backups: _, ...answer }: Row) => ({ answer })),
    list({ sort, limit, cursor, facets, count, ...asked }, how) {
      if (asked.archived === 'with' || sort || limit || cursor || facets || count) return undefined
      const flags = Object.entries(asked).flatMap(([name, value]) => [`--${name.replace('_', '-')}`, value])
      return listed(serai(how, ['export', 'products', ...flags, '--json']), asked.archived === 'only')
    },
    get: () => undefined,
    history: (id, how) =>
      outcome(serai(how, ['history', id, '--json']), (events: { action: string; version: number }[]) => ({
        history: events.map(({ action, version }) => `${action} ${version}`),
      })),
    undo: (change, how) => outcome(serai(how, ['undo', change, ...options(how), '--json']), undoOutcome),
    redo: (change, how) => outcome(serai(how, ['redo', change, ...options(how), '--json']), undoOutcome),
  }
}

function nuked({ archived, change }: { archived: number; change: string }): Outcome {
  return { answer: { archived }, change }
}

type Serai = (how: How, args: string[], stdin?: string) => Promise<Said>
type Ingested = { change: string | null; errors: Fault[] }

/** Rows as a file on standard input. */
async function ingest(serai: Serai, how: How, mode: string, rows: Row[]): Promise<Outcome> {
  const flags = [
    '--mode',
    mode,
    '--format',
    'jsonl',
    '--strict',
    '--json',
    ...(how.dryRun ? ['--dry-run'] : []),
  ]
  const reason = how.reason ? ['--reason', how.reason] : []
  const file = rows.map((row) => `${JSON.stringify(fileRow(row))}\n`).join('')
  const said = outcome(serai(how, ['ingest', '-', ...flags, ...reason], file), taken)
  const { faults, problem, change } = await said
  if (faults || problem || how.dryRun) return said
  // What it says is the plan's, counts and faults; the records are read for the comparison.
  const keys = JSON.stringify(rows.map(({ product_id }) => product_id))
  const flag = ['--filter', `product_id in ${keys}`]
  return { ...(await listed(serai(how, ['export', 'products', ...flag]), false)), change: change ?? null }
}

// Files name the amount of a price `price_aed`.
function taken({ change, errors }: Ingested): Outcome {
  return errors.length
    ? { faults: faultTexts(errors).map((each) => each.replace('/price_aed ', '/price ')) }
    : { change }
}

/** Files spell a price `price_aed` and `currency`. */
function fileRow({ pricing, ...row }: Row): Row {
  const tiers = pricing as { price: { amount: number; currency: string } }[] | undefined
  return tiers === undefined
    ? row
    : {
        ...row,
        pricing: tiers.map(({ price, ...tier }) => ({
          ...tier,
          price_aed: price.amount / 100,
          currency: price.currency,
        })),
      }
}

/** The lines of a file, which does not say whether a record is archived. */
async function listed(said: Promise<Said>, archived: boolean): Promise<Outcome> {
  const { code, stdout } = await said
  const rows = stdout.split('\n').flatMap((line) => (line ? [JSON.parse(line)] : []))
  return code === 0
    ? { rows: rows.map((row) => rowText({ ...row, archived_at: archived })) }
    : refusal(rows[0])
}
