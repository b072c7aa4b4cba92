import { type ZipEntry, zip } from './zip.ts'

/** Parts of a workbook with one sheet called `Products`. Everything is raw XML, so that it can be wrong on purpose. */
export type WorkbookParts = {
  /** the rows: `<row r="1">…</row>`. */
  rows: string
  /** the items of the shared strings: `<si>…</si>`; without it the workbook has no such part. */
  strings?: string
  /** written before the root element of the sheet: a document type, say. */
  prolog?: string
  /** attributes of `workbookPr`. */
  properties?: string
  /** entries that are not part of a workbook. */
  extra?: ZipEntry[]
}

/** Columns A to E of every crafted sheet. */
export const HEADER = ['product_id', 'product_name', 'inclusions', 'tier_name', 'price']
/** Column letters of {@link HEADER}, and one more for dates. */
const LETTERS = ['A', 'B', 'C', 'D', 'E', 'F']

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006'
const DOCUMENT = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const PART = 'application/vnd.openxmlformats-officedocument.spreadsheetml'

/** An XLSX file (ECMA-376) of the given parts, as bytes. */
export function workbook(parts: WorkbookParts): Buffer {
  return zip(workbookEntries(parts))
}

/** The entries of {@link workbook}, for archives that are to be spoilt. */
export function workbookEntries(parts: WorkbookParts): ZipEntry[] {
  const sheet = `${XML}${parts.prolog ?? ''}<worksheet xmlns="${MAIN}"><sheetData>${parts.rows}</sheetData></worksheet>`
  const strings = `${XML}<sst xmlns="${MAIN}">${parts.strings ?? ''}</sst>`
  const kinds = ['styles', ...(parts.strings === undefined ? [] : ['sharedStrings'])]
  const targets = kinds.map((kind): [string, string] => [kind, `${kind}.xml`])
  return [
    { name: '[Content_Types].xml', data: contentTypes(kinds) },
    { name: '_rels/.rels', data: relations([['officeDocument', 'xl/workbook.xml']]) },
    { name: 'xl/workbook.xml', data: workbookXml(parts.properties ?? '') },
    {
      name: 'xl/_rels/workbook.xml.rels',
      data: relations([['worksheet', 'worksheets/sheet1.xml'], ...targets]),
    },
    { name: 'xl/styles.xml', data: styles() },
    ...(parts.strings === undefined ? [] : [{ name: 'xl/sharedStrings.xml', data: strings }]),
    { name: 'xl/worksheets/sheet1.xml', data: sheet },
    ...(parts.extra ?? []),
  ]
}

/** A header row and one good product row whose price cell (E2) is the given XML; `more` goes into F1 and F2. */
export function productRows(priceCell: string, more?: { header: string; cell: string }): string {
  const header = more ? [...HEADER, more.header] : HEADER
  const cells = ['Dubai_AbraCrossing', 'Creek Crossing by Abra', 'Crossing', 'Adult'].map((value, index) =>
    text(index, 2, value),
  )
  return `${row(1, header.map((value, index) => text(index, 1, value)).join(''))}${row(2, cells.join('') + priceCell + (more?.cell ?? ''))}`
}

/** `<row>` number `number` with the given cells. */
export function row(number: number, cells: string): string {
  return `<row r="${number}">${cells}</row>`
}

/** An inline text cell. `column` counts from 0. */
export function text(column: number, number: number, value: string): string {
  return `<c r="${LETTERS[column]}${number}" t="inlineStr"><is><t xml:space="preserve">${value}</t></is></c>`
}

/** Style 0 is General, style 1 a date (number format 14). The fonts, fills and borders are the fewest a program accepts. */
function styles(): string {
  const parts = '<fonts><font/></fonts><fills><fill/></fills><borders><border/></borders>'
  const formats = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs>'
  return `${XML}<styleSheet xmlns="${MAIN}">${parts}<cellStyleXfs><xf/></cellStyleXfs>${formats}</styleSheet>`
}

function workbookXml(properties: string): string {
  return `${XML}<workbook xmlns="${MAIN}" xmlns:r="${DOCUMENT}"><workbookPr ${properties}/><sheets><sheet name="Products" sheetId="1" r:id="rId1"/></sheets></workbook>`
}

function relations(targets: [string, string][]): string {
  const items = targets.map(
    ([kind, target], index) =>
      `<Relationship Id="rId${index + 1}" Type="${DOCUMENT}/${kind}" Target="${target}"/>`,
  )
  return `${XML}<Relationships xmlns="${PACKAGE}/relationships">${items.join('')}</Relationships>`
}

function contentTypes(kinds: string[]): string {
  const parts = [
    ['workbook', 'sheet.main'],
    ['worksheets/sheet1', 'worksheet'],
    ...kinds.map((kind) => [kind, kind]),
  ]
  const overrides = parts.map(
    ([name, kind]) => `<Override PartName="/xl/${name}.xml" ContentType="${PART}.${kind}+xml"/>`,
  )
  const rels =
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
  const xml = '<Default Extension="xml" ContentType="application/xml"/>'
  return `${XML}<Types xmlns="${PACKAGE}/content-types">${rels}${xml}${overrides.join('')}</Types>`
}
