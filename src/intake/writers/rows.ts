import type { Row } from '../../kernel/field.ts'
import { writeCell } from '../cells.ts'
import type { Cell, FileColumn } from '../types.ts'

/** What is known of the columns before the first document. */
type Plan = {
  columns: FileColumn[]
  /** lists of objects that are spread over rows. */
  lists: string[]
  /** members that have a column, and the columns that may hold the members that have none. */
  members: Set<string>
  rest: number[]
}

/**
 * Makes the rows of a document: one for each item of its lists of objects (the longest decides, at least one), the record's own cells
 * repeated. `group` reads them back. Members without a column go, as JSON, into the `json` column that the document has no value for.
 */
export function rowsBy(columns: FileColumn[]): (document: Row) => Cell[][] {
  const plan = planOf(columns)
  return (document) => {
    const own = ownCells(document, plan)
    const height = Math.max(1, ...plan.lists.map((name) => itemsOf(document, name).length))
    return Array.from({ length: height }, (_, row) =>
      columns.map((column, index) => (column.item ? itemCell(document, column, row) : own[index])),
    )
  }
}

function planOf(columns: FileColumn[]): Plan {
  const lists = [...new Set(columns.flatMap(({ item }) => item ?? []))]
  const own = columns.filter(({ item }) => item === undefined)
  const rest = columns.flatMap(({ item, kind }, index) =>
    item === undefined && kind === 'json' ? [index] : [],
  )
  return { columns, lists, members: new Set([...lists, ...own.map(({ path }) => path[0])]), rest }
}

function ownCells(document: Row, plan: Plan): Cell[] {
  const cells = plan.columns.map((column) =>
    column.item ? null : writeCell(valueAt(document, column.path), column),
  )
  const free = plan.rest.find((index) => !Object.hasOwn(document, plan.columns[index].path[0]))
  const unnamed = free === undefined ? [] : Object.keys(document).filter((name) => !plan.members.has(name))
  if (free !== undefined && unnamed.length > 0)
    cells[free] = JSON.stringify(Object.fromEntries(unnamed.map((name) => [name, document[name]])))
  return cells
}

function itemCell(document: Row, column: FileColumn, row: number): Cell {
  const item = itemsOf(document, column.item as string)[row]
  return item === undefined ? null : writeCell(valueAt(item, column.path), column)
}

function itemsOf(document: Row, name: string): Row[] {
  const items = document[name]
  return Array.isArray(items) ? items : []
}

function valueAt(document: Row, path: string[]): unknown {
  return path.reduce<unknown>((value, name) => (value as Row | null | undefined)?.[name], document)
}
