import { posix } from 'node:path'
import { IntakeError } from '../../types.ts'
import { damaged, type Part } from '../../zip.ts'
import { attributesOf } from '../xml.ts'
import { builtInKind, type DateKind, formatKind } from './date.ts'
import { type Package, partAt, readPart } from './part.ts'
import { readStrings } from './strings.ts'

/** A workbook's parts (ECMA-376-1, part 18) but for the cells of its sheets. */
export type Workbook = {
  pack: Package
  sheets: Sheet[]
  /** days are counted from 1904, as on old Macs. */
  from1904: boolean
  strings: string[]
  /** what the number format of each cell style makes of a number. */
  dateKinds: (DateKind | undefined)[]
}

/** A sheet with cells; charts are none. */
export type Sheet = { name: string; hidden: boolean; part: Part }

/** Excel's own limit; taking a format apart costs the square of its length at worst. */
const FORMAT_CHARACTERS_MAX = 255

type Relation = { id: string; kind: string; target: string }

/** Reads what is needed to understand cells. Throws `zip.damaged`, `xlsx.styles`. */
export async function readWorkbook(pack: Package): Promise<Workbook> {
  const roots = await readRelations(pack, '')
  const path = roots.find(({ kind }) => kind === 'officeDocument')?.target ?? 'xl/workbook.xml'
  const relations = await readRelations(pack, path)
  const { listed, from1904 } = await readSheetList(pack, path)
  const target = (kind: string) => partAt(pack, relations.find((each) => each.kind === kind)?.target ?? '')
  const sheets = listed.flatMap(({ name, hidden, id }) => {
    const relation = relations.find((each) => each.id === id)
    if (relation && relation.kind !== 'worksheet') return []
    return [{ name, hidden, part: needed(pack, relation?.target ?? `the sheet "${name}"`) }]
  })
  const [strings, styles] = [target('sharedStrings'), target('styles')]
  return {
    pack,
    sheets,
    from1904,
    strings: strings ? await readStrings(pack, strings) : [],
    dateKinds: styles ? await readDateKinds(pack, styles) : [],
  }
}

function needed(pack: Package, path: string): Part {
  const part = partAt(pack, path)
  if (!part) throw damaged(pack.archive.name, new Error(`${path} is missing`))
  return part
}

/** What a part refers to inside the package; what lies outside it is never followed. */
async function readRelations(pack: Package, path: string): Promise<Relation[]> {
  const slash = path.lastIndexOf('/') + 1
  const part = partAt(pack, `${path.slice(0, slash)}_rels/${path.slice(slash)}.rels`)
  const relations: Relation[] = []
  if (!part) return relations
  await readPart(pack, part, {
    open(name, raw) {
      const { Id, Type = '', Target = '', TargetMode } = attributesOf(raw)
      if (name !== 'Relationship' || TargetMode === 'External') return
      relations.push({ id: Id, kind: Type.slice(Type.lastIndexOf('/') + 1), target: resolve(path, Target) })
    },
  })
  return relations
}

/** `worksheets/sheet1.xml` beside `xl/workbook.xml`, or `/xl/worksheets/sheet1.xml`. A step out of the package finds no part. */
function resolve(from: string, target: string): string {
  return posix.join('/', target.startsWith('/') ? '' : posix.dirname(from), target).slice(1)
}

type Listed = { name: string; hidden: boolean; id: string }

async function readSheetList(pack: Package, path: string): Promise<{ listed: Listed[]; from1904: boolean }> {
  const listed: Listed[] = []
  let from1904 = false
  await readPart(pack, needed(pack, path), {
    open(name, raw) {
      if (name === 'workbookPr') from1904 = ['1', 'true'].includes(attributesOf(raw).date1904)
      if (name !== 'sheet') return
      const attributes = attributesOf(raw)
      const id = Object.entries(attributes).find(([key]) => key.endsWith(':id'))?.[1] ?? ''
      listed.push({ name: attributes.name ?? '', hidden: (attributes.state ?? 'visible') !== 'visible', id })
    },
  })
  return { listed, from1904 }
}

async function readDateKinds(pack: Package, part: Part): Promise<(DateKind | undefined)[]> {
  const formats = new Map<number, DateKind | undefined>()
  const kinds: (DateKind | undefined)[] = []
  let inside = false
  await readPart(pack, part, {
    open(name, raw) {
      if (name === 'cellXfs') inside = true
      else if (name === 'numFmt') {
        const { numFmtId, formatCode = '' } = attributesOf(raw)
        formats.set(Number(numFmtId), formatKind(formatCode.slice(0, FORMAT_CHARACTERS_MAX)))
        if (formats.size > pack.limits.styles) throw tooManyStyles(pack)
      } else if (inside && name === 'xf') {
        const id = Number(attributesOf(raw).numFmtId ?? 0)
        kinds.push(formats.has(id) ? formats.get(id) : builtInKind(id))
        if (kinds.length > pack.limits.styles) throw tooManyStyles(pack)
      }
    },
    close(name) {
      if (name === 'cellXfs') inside = false
    },
  })
  return kinds
}

function tooManyStyles(pack: Package): IntakeError {
  const most = pack.limits.styles.toLocaleString('en')
  return new IntakeError(
    'xlsx.styles',
    `${pack.archive.name} has more than ${most} cell styles; save it as CSV instead`,
  )
}
