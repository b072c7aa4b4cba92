import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sniff } from './sniff.ts'
import { type Format, IntakeError, type ReadOptions } from './types.ts'

const FORMATS: [name: string, bytes: string | Buffer, format: Format, options?: ReadOptions][] = [
  ['a.xlsx', '[{"a":1}]', 'json'],
  ['a.txt', ' \n\ufeff{"a":1}', 'json'],
  ['a.JSONL', '{"a":1}', 'jsonl'],
  ['a.ndjson', '# comment', 'jsonl'],
  ['a.json', 'not json', 'json'],
  ['a.csv', 'a,b', 'csv'],
  ['a.xls', 'a\tb', 'csv'],
  ['a.csv', 'PK\x03\x04', 'xlsx'],
  ['a', '{"a":1}', 'jsonl', { format: 'jsonl' }],
  ['a.csv', '<b>,<i>', 'csv'],
  ['a.csv', '<html>,b', 'csv', { format: 'csv' }],
  ['a.csv', Buffer.from('a,b', 'utf16le'), 'csv'],
  ['a.csv', Buffer.from('\ufeffa,b', 'utf16le'), 'csv'],
  ['a.csv', Buffer.from('a,b', 'utf16le').swap16(), 'csv'],
  ['a.csv', 'a\0b,c', 'csv', { encoding: 'utf-8' }],
]
for (const [name, bytes, format, options = {}] of FORMATS)
  test(`${name} with ${JSON.stringify(bytes.toString()).slice(0, 30)} is ${format}`, () =>
    assert.equal(sniff(Buffer.from(bytes as string), name, options), format))

/** An OLE container whose directory has these names. */
function container(...names: string[]): Buffer {
  const bytes = Buffer.alloc(1_536)
  bytes.write('d0cf11e0a1b11ae1', 'hex')
  bytes.writeUInt16LE(9, 30)
  bytes.writeUInt32LE(1, 48)
  for (const [index, name] of names.entries()) {
    bytes.write(name, 1_024 + index * 128, 'utf16le')
    bytes.writeUInt16LE(name.length * 2 + 2, 1_024 + index * 128 + 64)
  }
  return bytes
}

const REFUSED: [name: string, bytes: string | Buffer, code: string, found: RegExp, options?: ReadOptions][] =
  [
    ['a.csv', '', 'file.empty', /^a\.csv is empty/],
    ['a.csv', '\ufeff\n', 'file.empty', /only blanks/],
    ['a.xls', container('Root Entry', 'Workbook'), 'file.kind', /old Excel workbook/],
    ['a.xlsx', container('Root Entry', 'EncryptedPackage'), 'file.encrypted', /password/],
    ['a.xls', container('Root Entry', 'WordDocument'), 'file.kind', /old Office file/],
    ['a.xls', Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'file.kind', /old Office file/],
    ['a.csv', '%PDF-1.7', 'file.kind', /a PDF document/],
    ['a.csv', Buffer.from('1f8b0800', 'hex'), 'file.kind', /gzip/],
    ['a.csv', Buffer.from([1, 2, 0, 3, 4, 5, 6]), 'file.kind', /binary data/],
    ['a.xls', ' \n<table><tr>', 'file.html', /web page/],
    ['a.xls', '<?xml version="1.0"?><html>', 'file.html', /web page/],
    ['a.xls', '<?xml version="1.0"?><Workbook>', 'file.kind', /XML file/],
    ['a.csv', 'a,b', 'file.kind', /text, not an XLSX/, { format: 'xlsx' }],
    ['a.xlsx', 'PK\x03\x04', 'file.kind', /not JSONL/, { format: 'jsonl' }],
  ]
for (const [name, bytes, code, found, options = {}] of REFUSED)
  test(`${name} with ${JSON.stringify(bytes.toString('latin1' as never)).slice(0, 30)} is refused: ${found.source}`, () => {
    assert.throws(
      () => sniff(Buffer.from(bytes as string), name, options),
      (error) =>
        error instanceof IntakeError &&
        error.code === code &&
        found.test(error.message) &&
        error.message.includes(name),
    )
  })
