import { type Fault, fault } from './fault.ts'
import { type Field, type Fields, type FileMember, isObjectList, type Reading, type Row } from './field.ts'
import { nearest } from './nearest.ts'
import { inputFields, join, readFields, reading, readPatch } from './record.ts'
import type { Resource } from './resource.ts'

/**
 * One column that a resource understands in a column file, or one member of its JSON documents.
 * A list of objects is spread over rows: its columns have `item` set to the list's name (`pricing`).
 */
export type FileColumn = {
  /** the header we write: `price` */
  name: string
  /** where the value belongs in the document: `['product_id']`, or `['price']` inside an item. */
  path: string[]
  /** the list of objects that this column belongs to, when it does. */
  item?: string
  /** other headers that mean the same, in any language. */
  aliases: string[]
  /** kind of the field: text, number, boolean, date, money, list, … */
  kind: string
  /** a list of plain values: one value a line inside the cell. */
  list: boolean
  required: boolean
  /** part of the natural key: rows with equal keys are one record. */
  key: boolean
}

/** How a document is taken: as the whole record, or as the members that it names. */
export type DocumentReading = { lenient: boolean; partial: boolean; strict: boolean }

/** A document as a record (or a patch of one), or the reasons why it is none. */
export type DocumentResult = { row: Row | undefined; faults: Fault[]; warnings: Fault[] }

/**
 * Reads a document of a file: the members of each field are gathered (`price_aed` and `currency` are one amount of money),
 * members that no field names are kept in the resource's `rest` field with a warning, or refused when `strict`.
 */
export function readDocument(
  resource: Resource,
  document: unknown,
  options: DocumentReading,
): DocumentResult {
  const at = reading({ lenient: options.lenient })
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    at.faults.push(fault('', 'row.type', 'must be an object', document))
    return { row: undefined, faults: at.faults, warnings: at.warnings }
  }
  const names = new Map<string, string>()
  const given = gather(resource.fields, document as Row, at, names, options.strict)
  const row = options.partial ? readPatch(resource.fields, given, at) : readFields(resource.fields, given, at)
  return {
    row: at.faults.length ? undefined : row,
    faults: at.faults.map((each) => rename(each, names)),
    warnings: at.warnings,
  }
}

/** A record as the document of a file: every input field in order, nulls included, `rest` members last. */
export function writeDocument(fields: Fields, row: Row): Row {
  const document: Row = {}
  for (const [name, field] of inputFields(fields))
    if (!field.rest && !field.secret) Object.assign(document, spell(name, field, row[name]))
  for (const [name, field] of inputFields(fields)) if (field.rest) Object.assign(document, row[name] ?? {})
  return document
}

/** The columns of a resource in column files, in the order they are written. A list of objects gives one column a member. */
export function fileColumns(resource: Resource): FileColumn[] {
  return inputFields(resource.fields).flatMap(([name, field]) => {
    if (field.secret) return []
    if (!isObjectList(field)) return columnsOf(name, field, { key: resource.key.includes(name) })
    return inputFields(field.item).flatMap(([member, item]) => columnsOf(member, item, { item: name }))
  })
}

function columnsOf(name: string, field: Field, place: { item?: string; key?: boolean }): FileColumn[] {
  return membersOf(name, field).map((member, index) => ({
    name: member.column ?? member.name,
    path: [member.name],
    ...(place.item ? { item: place.item } : {}),
    aliases: [...(member.column ? [member.name] : []), ...member.aliases],
    kind: index === 0 ? field.kind : 'text',
    list: field.kind === 'list',
    required: index === 0 && !field.optional && field.default === undefined,
    key: place.key ?? false,
  }))
}

function membersOf(name: string, field: Field): FileMember[] {
  return field.members?.(name) ?? [{ name, aliases: field.aliases ?? [] }]
}

/** Turns the members of a document into the values that fields read; notes which member a field's faults belong to. */
function gather(
  fields: Fields,
  document: Row,
  at: Reading,
  names: Map<string, string>,
  strict: boolean,
): Row {
  const given: Row = {}
  const taken = new Set<string>()
  for (const [name, field, members] of spelledFields(fields)) {
    const values = members.map((member, index) => {
      const found = spellingIn(document, member)
      // Faults of money are at `price` and `price.currency`; the person writes `price_aed` and `currency`.
      const fieldPath = index === 0 ? name : `${name}.${member.name}`
      if (fieldPath !== (found ?? member.name))
        names.set(join(at.path, fieldPath), join(at.path, found ?? member.name))
      if (found === undefined) return undefined
      taken.add(found)
      return document[found]
    })
    const value = field.unspell ? field.unspell(values, at) : values[0]
    if (value !== undefined)
      given[name] = isObjectList(field) ? gatherItems(name, field.item, value, at, names, strict) : value
  }
  keepRest(fields, document, taken, given, at, strict)
  return given
}

function spellingIn(document: Row, { name, column }: FileMember): string | undefined {
  if (Object.hasOwn(document, name)) return name
  return column !== undefined && Object.hasOwn(document, column) ? column : undefined
}

const spelled = new WeakMap<Fields, readonly [name: string, field: Field, members: FileMember[]][]>()

/** Input fields with the members that they have in a document. Asked for every record and every item of its lists, so it is kept. */
function spelledFields(fields: Fields): readonly [name: string, field: Field, members: FileMember[]][] {
  let known = spelled.get(fields)
  if (!known) {
    known = inputFields(fields).map(([name, field]) => [name, field, membersOf(name, field)])
    if (Object.isFrozen(fields)) spelled.set(fields, known)
  }
  return known
}

function gatherItems(
  name: string,
  fields: Fields,
  value: unknown,
  at: Reading,
  names: Map<string, string>,
  strict: boolean,
): unknown {
  if (!Array.isArray(value)) return value
  return value.map((item, index) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item
    return gather(fields, item as Row, { ...at, path: `${join(at.path, name)}[${index}]` }, names, strict)
  })
}

function keepRest(
  fields: Fields,
  document: Row,
  taken: Set<string>,
  given: Row,
  at: Reading,
  strict: boolean,
): void {
  const unknown = Object.keys(document).filter((name) => !taken.has(name) && document[name] !== undefined)
  if (unknown.length === 0) return
  const rest = Object.entries(fields).find(([, field]) => field.rest)?.[0]
  for (const name of unknown) noteUnknown(name, fields, at, strict || rest === undefined)
  if (rest !== undefined)
    given[rest] = {
      ...(given[rest] as Row | undefined),
      ...Object.fromEntries(unknown.map((name) => [name, document[name]])),
    }
}

function noteUnknown(name: string, fields: Fields, at: Reading, refused: boolean): void {
  const meant = nearest(
    name,
    inputFields(fields).flatMap(([field, kind]) => membersOf(field, kind).map((member) => member.name)),
  )
  const detail = `is not a known field${meant ? `; did you mean ${meant}?` : ''}${refused ? '' : ' (kept as it is)'}`
  const found = fault(join(at.path, name), 'field.unknown', detail, undefined, meant)
  if (refused) at.faults.push(found)
  else at.warnings.push(found)
}

function rename(found: Fault, names: Map<string, string>): Fault {
  const path = names.get(found.path)
  return path ? { ...found, path } : found
}

function spell(name: string, field: Field, value: unknown): Row {
  const members = membersOf(name, field)
  if (value === null || value === undefined)
    return Object.fromEntries(members.map((member) => [member.name, null]))
  if (isObjectList(field)) return { [name]: (value as Row[]).map((item) => writeDocument(field.item, item)) }
  const values = field.spell ? field.spell(value) : [value]
  return Object.fromEntries(members.map((member, index) => [member.name, values[index]]))
}
