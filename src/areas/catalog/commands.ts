import type { AreaCommand } from '../../kernel/command.ts'
import type { Row } from '../../kernel/field.ts'
import { Problem } from '../../kernel/problem.ts'
import { humanBytes } from '../../kernel/text.ts'

const WORD = 'CONFIRM'
const UNDO_DAYS = 7

type Share = { name: string; count: number; percent: number }

/** `serai stats`: the numbers of the catalog. */
export const statsCommand: AreaCommand = {
  name: 'stats',
  description: 'Shows the numbers of the catalog: products by state, category, destination and supplier.',
  example: 'serai stats --json',
  options: [{ flags: '--as-of <time>', description: 'as they stood then, such as 2026-01-31T09:30:00Z' }],
  async run({ perform, backups, options }) {
    const asOf = options.asOf ? { asOf: String(options.asOf) } : {}
    const { answer } = await perform({ resource: 'product', action: 'stats', ...asOf })
    const { last_updated, ...numbers } = answer as Row
    if (last_updated === null)
      throw new Problem(
        404,
        'catalog.missing',
        'No catalog',
        'There is no catalog yet: nothing was ever written to this database. Begin with: serai ingest --file samples/catalog/products.jsonl',
      )
    const json = { ...numbers, backups: await backups(), last_updated }
    return { json, text: statsText(json as unknown as Stats) }
  },
}

/** `serai nuke`: empties the catalog after a proven backup; undo brings it back. */
export const nukeCommand: AreaCommand = {
  name: 'nuke',
  description: `Archives the whole catalog and frees its ids, after a verified backup. Asks for the word ${WORD}. Backups are kept.`,
  example: 'serai nuke',
  options: [{ flags: '--yes', description: `do not ask for the word ${WORD}` }],
  async run({ perform, backup, prompt, options }) {
    const { answer } = await perform({ resource: 'product', action: 'stats' })
    const total = (answer as Row).total as number
    if (total === 0)
      return {
        json: { archived: 0, change: null, backup: null },
        text: 'INFO: there is nothing to delete; the catalog is empty.',
      }
    if (!options.yes) await requireWord(prompt, total)
    const { name } = await backup('before nuke')
    const done = await perform({ resource: 'product', action: 'nuke', reason: 'nuke' })
    const text = `Archived ${total} products; their ids are free again. Backup: ${name}\nTo bring them back (within ${UNDO_DAYS} days, while nothing else took their ids): serai undo ${done.change}`
    return { json: { ...done.answer, change: done.change, backup: name }, text }
  },
}

async function requireWord(
  prompt: (question: string) => Promise<string | null>,
  total: number,
): Promise<void> {
  const typed = await prompt(`This archives all ${total} products. Type ${WORD} to go on: `)
  if (typed === null)
    throw new Problem(
      400,
      'nuke.unconfirmed',
      'Not confirmed',
      'Nobody can be asked here (no terminal). Nothing was deleted; say --yes if it is meant.',
    )
  if (typed !== WORD)
    throw new Problem(
      400,
      'nuke.unconfirmed',
      'Not confirmed',
      `The word was not ${WORD}. Nothing was deleted.`,
    )
}

type Stats = {
  total: number
  last_updated: string
  size_bytes: number
  active: number
  inactive: number
  by_category: Share[]
  by_destination: Share[]
  top_suppliers: Share[]
  backups: number
}

function statsText(stats: Stats): string {
  return [
    `Total Products:    ${stats.total}`,
    `Last Updated:      ${stats.last_updated.slice(0, 19).replace('T', ' ')}`,
    `Database Size:     ${humanBytes(stats.size_bytes)}`,
    `Active Products:   ${stats.active}`,
    `Inactive Products: ${stats.inactive}`,
    ...section('By Category:', stats.by_category),
    ...section('By Destination:', stats.by_destination),
    ...section('Top Suppliers:', stats.top_suppliers),
    `Backups Available: ${stats.backups}`,
  ].join('\n')
}

function section(title: string, shares: Share[]): string[] {
  const widest = Math.max(0, ...shares.map((share) => share.name.length))
  return [
    title,
    ...shares.map(
      ({ name, count, percent }) =>
        `  ${name.padEnd(widest)}  ${String(count).padStart(5)}  (${percent.toFixed(1)} %)`,
    ),
  ]
}
