import { writeXlsx } from 'hucre/xlsx'
import { HEADER, productRows, row, text, workbook, workbookEntries } from './workbook.ts'
import { deflateRepeated, zip } from './zip.ts'

const PRICE = '<c r="E2"><v>149.5</v></c>'
const GOOD = productRows(PRICE)
const ENCRYPTED = 1
const ENTRIES_OVER_LIMIT = 1_001
const BOMB_CHUNK_BYTES = 1 << 20
const BOMB_CHUNKS = 886
const CELL_CHARACTERS = 32_767
const CLAIMED_BYTES = 1_000

/** Workbooks, broken archives and their like, by file name. */
export const SPREADSHEETS: Record<string, () => Buffer | Promise<Buffer>> = {
  'good.xlsx': () => workbook({ rows: GOOD }),
  'far-cell.xlsx': () => workbook({ rows: row(1, text(0, 1, 'product_id')) + farRow() }),
  'zip-bomb.xlsx': () => bomb(),
  'lying-sizes.xlsx': () => bomb(CLAIMED_BYTES),
  'nested.xlsx': () =>
    workbook({
      rows: GOOD,
      extra: [{ name: 'xl/media/more.zip', data: workbook({ rows: GOOD }), stored: true }],
    }),
  'dot-dot.xlsx': () => workbook({ rows: GOOD, extra: [{ name: '../../evil.txt', data: 'out' }] }),
  'absolute.xlsx': () => workbook({ rows: GOOD, extra: [{ name: '/tmp/evil.txt', data: 'out' }] }),
  'backslash.xlsx': () => workbook({ rows: GOOD, extra: [{ name: '..\\evil.txt', data: 'out' }] }),
  'duplicate-names.xlsx': () =>
    workbook({ rows: GOOD, extra: [{ name: 'xl/worksheets/sheet1.xml', data: '<worksheet/>' }] }),
  'entries-1001.xlsx': manyEntries,
  'encrypted-flag.xlsx': () =>
    zip(workbookEntries({ rows: GOOD }).map((entry) => ({ ...entry, flags: ENCRYPTED }))),
  'encrypted.xlsx': encrypted,
  'truncated.xlsx': async () => {
    const whole = await plain()
    return whole.subarray(0, Math.floor(whole.length / 2))
  },
  'external-entity.xlsx': () => workbook({ rows: entityRow('&file;'), prolog: EXTERNAL_ENTITY }),
  'doctype.xlsx': () => workbook({ rows: GOOD, prolog: '<!DOCTYPE worksheet>' }),
  'doctype-utf16.xlsx': () =>
    workbook({ rows: GOOD, extra: [{ name: 'docProps/core.xml', data: utf16Doctype() }] }),
  'billion-laughs.xlsx': () => workbook({ rows: entityRow('&laugh9;'), prolog: billionLaughs() }),
  'bad-string-index.xlsx': () =>
    workbook({ rows: productRows('<c r="E2" t="s"><v>999</v></c>'), strings: '<si><t>only one</t></si>' }),
  'number-1e309.xlsx': () => workbook({ rows: productRows('<c r="E2"><v>1e309</v></c>') }),
  'formula-without-value.xlsx': () => workbook({ rows: productRows('<c r="E2"><f>1+1</f></c>') }),
  'formula-with-value.xlsx': () =>
    workbook({ rows: productRows('<c r="E2"><f>100+49.5</f><v>149.5</v></c>') }),
  'error-cell.xlsx': () => workbook({ rows: productRows('<c r="E2" t="e"><v>#REF!</v></c>') }),
  'iso-date.xlsx': () => dated('<c r="F2" t="d"><v>2026-10-01</v></c>'),
  'date-1900.xlsx': () => dated('<c r="F2" s="1"><v>46296</v></c>'),
  'date-1904.xlsx': () => dated('<c r="F2" s="1"><v>44834</v></c>', 'date1904="1"'),
  'rich-text.xlsx': () => workbook({ rows: productRows(RICH_TEXT) }),
}

/** Two runs and an escaped carriage return: reads as `149.` + `5` + CR. */
const RICH_TEXT =
  '<c r="E2" t="inlineStr"><is><r><rPr><b/></rPr><t>149.</t></r><r><t>5_x000D_</t></r></is></c>'
const EXTERNAL_ENTITY = '<!DOCTYPE worksheet [<!ENTITY file SYSTEM "file:///etc/passwd">]>'

function dated(cell: string, properties?: string): Buffer {
  return workbook({ rows: productRows(PRICE, { header: 'validity_start', cell }), properties })
}

/** A cell in the last row and column a sheet can have; a reader that fills the grid up to it needs 17 billion cells. */
function farRow(): string {
  return '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
}

/**
 * 900 MB of shared strings in 1.1 MB. Each string is one letter repeated up to the most that a cell may hold: runs of one byte
 * are what deflate packs best.
 */
function bomb(claimedSize?: number): Buffer {
  const item = `<si><t>${'A'.repeat(CELL_CHARACTERS)}</t></si>`
  const chunk = Buffer.from(item.repeat(Math.floor(BOMB_CHUNK_BYTES / item.length)))
  const open = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
  const deflated = deflateRepeated(open, chunk, BOMB_CHUNKS, '</sst>')
  const entries = workbookEntries({ rows: GOOD, strings: '' })
  return zip(
    entries.map((entry) =>
      entry.name === 'xl/sharedStrings.xml' ? { ...entry, deflated, claimedSize } : entry,
    ),
  )
}

function manyEntries(): Buffer {
  const entries = workbookEntries({ rows: GOOD })
  const extra = Array.from({ length: ENTRIES_OVER_LIMIT - entries.length }, (_, index) => ({
    name: `xl/media/image${index}.txt`,
    data: '',
    stored: true,
  }))
  return zip([...entries, ...extra])
}

function entityRow(entity: string): string {
  return row(1, text(0, 1, 'product_id')) + row(2, text(0, 2, entity))
}

function billionLaughs(): string {
  const entities = Array.from({ length: 9 }, (_, level) => {
    return `<!ENTITY laugh${level + 1} "${`&laugh${level};`.repeat(10)}">`
  })
  return `<!DOCTYPE worksheet [<!ENTITY laugh0 "ha">${entities.join('')}]>`
}

/** A search for the ASCII bytes of `<!DOCTYPE` does not find this one. */
function utf16Doctype(): Buffer {
  return Buffer.from(
    '\ufeff<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE core [<!ENTITY a "b">]><core>&a;</core>',
    'utf16le',
  )
}

async function plain(): Promise<Buffer> {
  return Buffer.from(await writeXlsx({ sheets: [{ name: 'Products', rows: [HEADER, ...goodRows()] }] }))
}

/** A workbook with a password: an OLE container (MS-OFFCRYPTO), not a zip. */
async function encrypted(): Promise<Buffer> {
  const sheets = [{ name: 'Products', rows: [HEADER, ...goodRows()] }]
  return Buffer.from(await writeXlsx({ sheets, encryption: { password: 'open sesame', spinCount: 1_000 } }))
}

function goodRows(): (string | number)[][] {
  return Array.from({ length: 50 }, (_, index) => [
    `Dubai_Tour_${index}`,
    `Creek walk number ${index}`,
    'Guide',
    'Adult',
    100 + index / 4,
  ])
}
