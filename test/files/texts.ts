import iconv from 'iconv-lite'

const HUGE_CELL_CHARACTERS = 2 * 1024 * 1024
const BOM = '\ufeff'
const HEADER = 'product_id,product_name,inclusions,tier_name,price'

/** Where the deliberate mistakes stand: lines and columns counted from 1, bytes from 0. */
export const PLACES = {
  'syntax-error.json': { line: 3, column: 9 },
  'bad-line-7.jsonl': { line: 7, column: 22 },
  'duplicate-key.json': { line: 4, column: 4, key: 'product_name' },
  'lone-surrogate.json': { line: 3 },
  'nul.json': { line: 3 },
  'number-1e400.json': { line: 4 },
  'invalid-utf8.json': { line: 2, byte: 44 },
  'ragged.csv': { short: 3, long: 4 },
  'duplicate-headers.csv': { header: 'price', columns: [5, 6] },
} as const

/** JSON and JSON Lines, by file name. */
export const JSON_FILES: Record<string, () => Buffer | string> = {
  'empty.json': () => '',
  'blank.json': () => ' \n\n\t \r\n',
  'invalid-utf8.json': () =>
    Buffer.concat([
      Buffer.from('[\n {"product_id": "Dubai_Cafe", "name": "Caf'),
      Buffer.from([0xe9]),
      Buffer.from('"}\n]\n'),
    ]),
  'deep-100.json': () =>
    JSON.stringify([{ ...product('Deep_100'), notes: 'DEEP' }]).replace('"DEEP"', nest(100)),
  'deep-100000.json': () => nest(100_000),
  'duplicate-key.json': () =>
    '[\n {"product_id": "Dubai_Twice",\n   "product_name": "First",\n   "product_name": "Second",\n   "pricing": [], "inclusions": [], "active": false}\n]\n',
  'syntax-error.json': () => '[\n{"product_id": "Dubai_Comma",\n  "a":1 "b":2}\n]\n',
  'lines.json': () => jsonLines(3, '\n'),
  'lone-surrogate.json': () =>
    '[\n {"product_id": "Dubai_Half",\n  "product_name": "Half \\ud83d of a camel", "pricing": [], "inclusions": [], "active": false}\n]\n',
  'nul.json': () =>
    '[\n {"product_id": "Dubai_Nul",\n  "product_name": "Nul \\u0000 inside", "pricing": [], "inclusions": [], "active": false}\n]\n',
  'number-1e400.json': () =>
    '[\n {"product_id": "Dubai_Huge",\n  "product_name": "Huge", "inclusions": [],\n  "pricing": [{"tier_name": "Adult", "price_aed": 1e400}]}\n]\n',
  'bad-line-7.jsonl': badLineSeven,
  'odd-lines.jsonl': oddLines,
  'array.jsonl': () => `${JSON.stringify([product('Array_1'), product('Array_2')], null, 2)}\n`,
}

/** Column files in text, by file name. */
export const COLUMN_FILES: Record<string, () => Buffer | string> = {
  'html.xlsx': () =>
    '<!DOCTYPE html>\n<html><head><title>Prices</title></head><body><table><tr><td>product_id</td></tr></table></body></html>\n',
  'legacy.xls': () => Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(1_528)]),
  'picture.csv': () => Buffer.from(PNG, 'base64'),
  'utf-16le.csv': () =>
    iconv.encode(`${BOM}${HEADER}\nDubai_Cafe,جولة المقهى – Café Tour,Coffee,Adult,95.50\n`, 'utf-16le', {
      addBOM: false,
    }),
  'windows-1256.csv': () => iconv.encode(arabic(), 'windows-1256'),
  'windows-1252.csv': () => iconv.encode(german(), 'windows-1252'),
  'tabs.tsv': () => table('\t', '149.50'),
  'pipes.csv': () => table('|', '149.50'),
  'semicolons.csv': () => table(';', '149,50'),
  'thousands.csv': () => table(';', '1.149,50'),
  'ragged.csv': () =>
    `${HEADER}\n${line('Ragged_1', '10')}\nRagged_2,Too short,Guide\n${line('Ragged_3', '30')},left over,more\n${line('Ragged_4', '40')}\n`,
  'huge-cell.csv': () =>
    `${HEADER}\nHuge_1,${'x'.repeat(HUGE_CELL_CHARACTERS)},Guide,Adult,10\n${line('Huge_2', '20')}\n`,
  'header-only.csv': () => `${HEADER}\n`,
  'duplicate-headers.csv': () => `${HEADER},Price\n${line('Twice_1', '10')},12\n`,
  'formula-text.csv': () => `${HEADER}\nFormula_1,=1+1,"=cmd|' /C calc'!A0",Adult,10\n`,
}

/** One grey pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=='

function product(id: string) {
  const pricing = [
    { tier_name: 'Adult', price_aed: 149.5, currency: 'AED', validity_start: null, validity_end: null },
  ]
  return { product_id: id, product_name: `Walk ${id}`, pricing, inclusions: ['Guide'] }
}

function nest(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth)
}

function jsonLines(count: number, end: string): string {
  return Array.from({ length: count }, (_, index) => JSON.stringify(product(`Line_${index + 1}`)) + end).join(
    '',
  )
}

/** Line 7 stops after a comma, at column 22; the lines around it are good. */
function badLineSeven(): string {
  return `${jsonLines(6, '\n')}{"product_id": "Bad",\n${JSON.stringify(product('Line_8'))}\n`
}

/** Three products on lines 3, 5 and 8, with everything that may stand between them. */
function oddLines(): string {
  const [first, second, third] = ['Odd_3', 'Odd_5', 'Odd_8'].map((id) => JSON.stringify(product(id)))
  return `${BOM}# a comment\r\n\r\n${first}\r\n   # an indented comment\r\n${second}\r\n\r\n \t \r\n${third}`
}

function line(id: string, price: string): string {
  return `${id},Walk ${id},Guide,Adult,${price}`
}

function table(delimiter: string, price: string): string {
  const rows = ['Table_1', 'Table_2', 'Table_3'].map((id) =>
    line(id, 'PRICE').split(',').join(delimiter).replace('PRICE', price),
  )
  return `${HEADER.split(',').join(delimiter)}\n${rows.join('\n')}\n`
}

/** Enough running text for a detector to tell windows-1256 from its neighbours. */
function arabic(): string {
  return `${HEADER}
Dubai_OldTown,جولة في دبي القديمة,مرشد سياحي يتحدث العربية,بالغ,120
Sharjah_Heritage,جولة قلب الشارقة التراثية,دخول المتاحف والقهوة العربية,بالغ,95
AlAin_Oasis,رحلة إلى واحة العين وقصر المويجعي,النقل من الفندق والعودة,طفل,180
AbuDhabi_Mosque,زيارة جامع الشيخ زايد الكبير,الدخول مجاني,بالغ,0
`
}

/** What a spreadsheet program set to German writes: semicolons, decimal commas, CRLF, windows-1252. */
function german(): string {
  return `${HEADER.replaceAll(',', ';')}
Dubai_Wueste;Wüstenfalke – Abendsafari;Abholung im Hotel;Erwachsene;249,50
Dubai_Creperie;Café & Crêperie „Zum Souk“;Crêpe und Kaffee;Kinder (3–11 Jahre);85,00
Dubai_Haefen;Häfen und Märkte à la carte;Führung auf Deutsch;Erwachsene;1120,75
`.replaceAll('\n', '\r\n')
}
