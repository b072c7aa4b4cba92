import type { Action } from '../../kernel/action.ts'
import type { Row } from '../../kernel/field.ts'

const TOP = 5

/** Numbers of the catalog, as `serai stats` prints them. */
export const stats: Action = {
  description: 'Counts the catalog by state, category, destination and supplier.',
  effect: 'read',
  on: 'collection',
  input: {},
  async run(_rows, _call, tx) {
    const [totals] =
      await tx.query<Row>(`select count(*) as total, count(*) filter (where active) as active, count(*) filter (where not active) as inactive,
  (select max(time) from event where resource = 'product') as last_updated, pg_total_relation_size('product') as size_bytes
from product where archived_at is null`)
    return {
      answer: {
        ...totals,
        by_category: await share(tx.query, 'category', 'Uncategorized'),
        by_destination: (await share(tx.query, 'destination_city', 'Unknown')).slice(0, TOP),
        top_suppliers: (await share(tx.query, 'supplier_name', 'Unknown')).slice(0, TOP),
      },
    }
  },
}

/** Archives the whole catalog and frees its ids. The way back is to undo the change. */
export const nuke: Action = {
  description: 'Archives every product and frees their ids. Undo brings them back.',
  stepUp: true,
  effect: 'write',
  on: 'collection',
  input: {},
  async run(_rows, { actor, now, reason }, tx) {
    const rows = await tx.query<{ id: string }>(
      'select id from product where archived_at is null order by id for update',
    )
    const away = {
      archived_at: now,
      archived_by: actor.id,
      archive_reason: reason ?? 'nuke',
      key_released: true,
    }
    return { patchAll: { ids: rows.map((row) => row.id), patch: away }, answer: { archived: rows.length } }
  },
}

/** Looks again at the prices that begin or end by today; `price_from` is derived, so nothing is logged. */
export const reprice: Action = {
  description: 'Computes price_from again where a tier began or ended.',
  effect: 'write',
  on: 'collection',
  input: {},
  async run(_rows, _call, tx) {
    const rows = await tx.query(
      `update product set price_from = product_price_from(pricing, current_date), price_changes_on = product_price_changes_on(pricing, current_date)
where price_changes_on <= current_date returning id`,
    )
    return { answer: { repriced: rows.length } }
  },
}

async function share(
  query: <Result extends Row>(text: string) => Promise<Result[]>,
  field: string,
  missing: string,
): Promise<Row[]> {
  const rows = await query<{ name: string; count: number; of: number }>(
    `select name, count(*) as count, sum(count(*)) over () as of
from (select coalesce(nullif(trim(${field}), ''), '${missing}') as name from product where archived_at is null) named
group by name order by count(*) desc, name collate "C"`,
  )
  return rows.map(({ name, count, of }) => ({
    name,
    count,
    percent: Math.round((count / Number(of)) * 1000) / 10,
  }))
}
