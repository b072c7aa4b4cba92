import { createHash } from 'node:crypto'
import { type Fault, fault } from '../kernel/fault.ts'
import { nearest } from '../kernel/nearest.ts'
import { ERRORS_COLUMN, plainName } from './names.ts'
import type { FileColumn, Mapping, Transform } from './types.ts'

/** A header that no column takes. Its values stay in the record under the header itself, unless it is mapped to null. */
export type UnknownHeader = { header: string; reason: string; nearest?: string }

/**
 * What the headers of a file probably mean. `mapping` has the headers that were recognised, and null for those that must be left
 * out; `missing` are the required columns that nothing gives a value.
 */
export type Suggestion = { mapping: Mapping; unknown: UnknownHeader[]; missing: string[] }

/** Columns by plain name: their own names first, then their aliases. A name with several columns is ambiguous. */
type Index = { names: Map<string, FileColumn[]>; aliases: Map<string, FileColumn[]> }

/** Who gives a column its values. */
type Taken = Map<string, string>

/**
 * SHA-256 of the plain headers, by which a file's mapping is remembered. The order counts: a file whose columns moved comes from a
 * program that changed, and a person should look at it again. The errors column of a mended rejects file does not count.
 */
export function fingerprint(header: string[]): string {
  const names = header.filter((each) => each !== ERRORS_COLUMN).map((each) => plainName(each) || each)
  return createHash('sha256').update(JSON.stringify(names)).digest('hex')
}

/**
 * Guesses the column of each header: by name, else by an alias; `given` decides first, and is completed. Nothing is mapped by
 * likeness: a probable slip is only named in `unknown`. Of two headers for one column the first stands, the other is left out.
 */
export function suggestMapping(
  header: string[],
  columns: FileColumn[],
  given: Mapping = { columns: {} },
): Suggestion {
  const index = indexOf(columns)
  const taken: Taken = new Map(Object.keys(given.constants ?? {}).map((name) => [name, 'a constant']))
  const decided = new Map<string, string | null>()
  for (const each of header) decide(each, givenColumn(each, header, given), decided, taken)
  for (const known of [index.names, index.aliases])
    for (const each of header) {
      const [column, ...others] = known.get(plainName(each)) ?? []
      if (column && others.length === 0 && !decided.has(each) && !taken.has(column.name))
        decide(each, column.name, decided, taken)
    }
  const unknown = header
    .filter((each) => !decided.has(each))
    .map((each) => explain(each, columns, index, taken))
  for (const { header: each, left } of unknown) if (left) decided.set(each, null)
  return {
    mapping: { ...given, columns: { ...unmatched(given, header), ...Object.fromEntries(decided) } },
    unknown: unknown.map(({ left, ...rest }) => rest),
    missing: missing(columns, taken, new Set(decided.values())),
  }
}

/** What is wrong with a mapping: unknown names, two headers for one column, a key without a column. Empty when it can be used. */
export function checkMapping(mapping: Mapping, header: string[], columns: FileColumn[]): Fault[] {
  const known = new Set(columns.map((column) => column.name))
  const headers = new Set(header.map(plainName))
  const chosen = Object.entries(mapping.columns).filter((each): each is [string, string] => each[1] !== null)
  const constants = Object.keys(mapping.constants ?? {})
  return [
    ...chosen.flatMap(([each]) => (headers.has(plainName(each)) ? [] : [absentHeader(each, header)])),
    ...[...chosen.map(([, name]) => name), ...constants, ...Object.keys(mapping.transforms ?? {})].flatMap(
      (name) => (known.has(name) ? [] : [unknownColumn(name, columns)]),
    ),
    ...twice(
      chosen.filter(([each]) => headers.has(plainName(each))),
      constants,
    ),
    ...columns.flatMap((column) => checkTransforms(column, mapping.transforms?.[column.name] ?? [])),
    ...missingKey(mapping, header, columns),
  ]
}

/** One warning for each header that no column takes. */
export function unknownHeaders(unknown: UnknownHeader[]): Fault[] {
  return unknown.map((each) =>
    fault(
      each.header,
      'field.unknown',
      `the column "${each.header}" ${each.reason}`,
      undefined,
      each.nearest,
    ),
  )
}

function indexOf(columns: FileColumn[]): Index {
  const index: Index = { names: new Map(), aliases: new Map() }
  for (const column of columns) add(index.names, column.name, column)
  for (const column of columns) for (const alias of column.aliases) add(index.aliases, alias, column)
  return index
}

function add(known: Map<string, FileColumn[]>, name: string, column: FileColumn): void {
  const plain = plainName(name)
  const already = known.get(plain) ?? []
  if (!already.includes(column)) known.set(plain, [...already, column])
}

function givenColumn(header: string, headers: string[], { columns }: Mapping): string | null | undefined {
  if (header === ERRORS_COLUMN) return null
  if (Object.hasOwn(columns, header)) return columns[header]
  const plain = plainName(header)
  return Object.entries(columns).find(([each]) => plainName(each) === plain && !headers.includes(each))?.[1]
}

/** What the given mapping says of headers that the file does not have; `checkMapping` tells the person. */
function unmatched({ columns }: Mapping, header: string[]): Mapping['columns'] {
  const headers = new Set(header.map(plainName))
  return Object.fromEntries(Object.entries(columns).filter(([each]) => !headers.has(plainName(each))))
}

function decide(
  header: string,
  column: string | null | undefined,
  decided: Map<string, string | null>,
  taken: Taken,
): void {
  if (column === undefined) return
  decided.set(header, column)
  if (column !== null && !taken.has(column)) taken.set(column, `the column "${header}"`)
}

function explain(
  header: string,
  columns: FileColumn[],
  index: Index,
  taken: Taken,
): UnknownHeader & { left: boolean } {
  const plain = plainName(header)
  const meant = index.names.get(plain) ?? index.aliases.get(plain) ?? []
  if (meant.length > 1)
    return {
      header,
      reason: `could mean ${meant.map((column) => column.name).join(' or ')}; say which`,
      left: meant.some((column) => column.path[0] === header),
    }
  if (meant.length === 1)
    return {
      header,
      reason: `is left out: ${meant[0].name} comes from ${taken.get(meant[0].name)}`,
      left: true,
    }
  const spread = columns.filter((column) => column.item === header && taken.has(column.name))
  if (spread.length > 0)
    return {
      header,
      reason: `is left out: ${header} is read from ${spread.map((column) => column.name).join(', ')}`,
      left: true,
    }
  const near = nearest(plain, [...index.names.keys(), ...index.aliases.keys()]) ?? ''
  const [column] = index.names.get(near) ?? index.aliases.get(near) ?? []
  const hint = column ? `; did you mean ${column.name}?` : ''
  return {
    header,
    reason: `is not a known field${hint} (kept as it is)`,
    ...(column ? { nearest: column.name } : {}),
    left: false,
  }
}

/** Required columns without values. Of a list of objects only when the file has any column of the list. */
function missing(columns: FileColumn[], taken: Taken, mapped: Set<string | null>): string[] {
  const lists = new Set(columns.flatMap(({ name, item }) => (item && mapped.has(name) ? [item] : [])))
  return columns
    .filter(
      ({ name, item, required, key }) => (required || key) && !taken.has(name) && (!item || lists.has(item)),
    )
    .map(({ name }) => name)
}

function absentHeader(header: string, headers: string[]): Fault {
  const meant = nearest(header, headers)
  const hint = meant ? `; did you mean "${meant}"?` : `; it has: ${headers.join(', ')}`
  return fault(
    '',
    'mapping.header',
    `the mapping names the column "${header}", which the file does not have${hint}`,
    header,
    meant,
  )
}

function unknownColumn(name: string, columns: FileColumn[]): Fault {
  const known = columns.map((column) => column.name)
  const meant = nearest(name, known)
  const hint = meant ? `; did you mean ${meant}?` : `; known are: ${known.join(', ')}`
  return fault(
    name,
    'mapping.column',
    `the mapping names the field ${name}, which does not exist${hint}`,
    name,
    meant,
  )
}

function twice(chosen: [string, string][], constants: string[]): Fault[] {
  const sources = new Map<string, string[]>(constants.map((name) => [name, ['a constant']]))
  for (const [header, name] of chosen)
    sources.set(name, [...(sources.get(name) ?? []), `the column "${header}"`])
  return [...sources].flatMap(([name, from]) =>
    from.length < 2
      ? []
      : [
          fault(
            name,
            'mapping.twice',
            `${name} has more than one source: ${from.join(' and ')}; keep one and leave the others out`,
          ),
        ],
  )
}

function checkTransforms(column: FileColumn, transforms: Transform[]): Fault[] {
  return transforms.flatMap((transform) => {
    if (transform.kind !== 'split') return []
    if (!column.list)
      return [fault(column.name, 'mapping.split', `${column.name} is no list, so its cells cannot be split`)]
    return transform.separator === ''
      ? [fault(column.name, 'mapping.split', `the separator that splits ${column.name} is empty`)]
      : []
  })
}

function missingKey(mapping: Mapping, header: string[], columns: FileColumn[]): Fault[] {
  const given = new Set([...Object.values(mapping.columns), ...Object.keys(mapping.constants ?? {})])
  return columns
    .filter((column) => column.key && column.required && !given.has(column.name))
    .map(({ name }) =>
      fault(
        name,
        'mapping.key',
        `no column of the file gives ${name}, which identifies a record; it has: ${header.join(', ')}`,
      ),
    )
}
