import type { Parameters } from '../../../engine/query.ts'
import type { ImportOptions } from '../../../engine/types.ts'
import { badRequest } from '../../../kernel/problem.ts'
import { MODES } from '../../../kernel/proposal.ts'
import { flagOf, onlyNames, wordOf } from '../../http/parameters.ts'

const NAMES = [
  'resource',
  'name',
  'mode',
  'format',
  'encoding',
  'delimiter',
  'decimal',
  'sheet',
  'template',
  'columns',
  'strict',
  'on_error',
  'max_removal_share',
  'dry_run',
] as const
const FORMATS = ['json', 'jsonl', 'csv', 'xlsx'] as const
const COLUMNS_MAX = 500
const DELIMITERS: { [name: string]: string } = { tab: '\t', comma: ',', semicolon: ';', pipe: '|' }

/** What a person said about an upload, in parameters or in the fields of a form. */
export type UploadRequest = { resource: string; name: string | undefined; options: ImportOptions }

/** Reads the parameters of an upload; 400 that names the one that is wrong. */
export function uploadRequest(parameters: Parameters): UploadRequest {
  const given = onlyNames(parameters, NAMES, 'import parameter')
  flagOf('dry_run', given.dry_run)
  if (!given.resource)
    throw badRequest(
      'resource',
      'Say what the records of the file are: ?resource=product, or a form field before the file.',
    )
  return { resource: given.resource, name: given.name, options: optionsOf(given) }
}

function optionsOf(given: { [Name in (typeof NAMES)[number]]?: string }): ImportOptions {
  const options: { [Name in keyof ImportOptions]: ImportOptions[Name] | undefined } = {
    mode: wordOf('mode', given.mode, MODES),
    format: wordOf('format', given.format, FORMATS),
    encoding: given.encoding,
    delimiter: given.delimiter === undefined ? undefined : (DELIMITERS[given.delimiter] ?? given.delimiter),
    decimal: wordOf('decimal', given.decimal, ['.', ','] as const),
    sheet: given.sheet,
    template: given.template,
    columns: given.columns === undefined ? undefined : columnsOf(given.columns),
    strict: given.strict === undefined ? undefined : flagOf('strict', given.strict),
    onError: given.on_error === undefined ? undefined : onErrorOf(given.on_error),
    maxRemovalShare: given.max_removal_share === undefined ? undefined : shareOf(given.max_removal_share),
  }
  // What was not said is left out: the options are part of the import's identity.
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

function onErrorOf(value: string): NonNullable<ImportOptions['onError']> {
  if (value === 'abort' || value === 'skip') return value
  const count = /^stop-after=(\d{1,9})$/.exec(value)?.[1]
  if (count !== undefined) return `stop-after=${Number(count)}`
  throw badRequest('on_error', `on_error must be abort, skip or stop-after=N, got "${value.slice(0, 80)}".`)
}

function shareOf(value: string): number {
  const share = value.trim() === '' ? Number.NaN : Number(value)
  if (share >= 0 && share <= 1) return share
  throw badRequest(
    'max_removal_share',
    `max_removal_share must be a number from 0 to 1, got "${value.slice(0, 80)}".`,
  )
}

function columnsOf(text: string): Record<string, string | null> {
  const wrong = () =>
    badRequest(
      'columns',
      'columns must be a JSON object from header to column name, or to null to leave it out.',
    )
  const columns = parse(text)
  if (typeof columns !== 'object' || columns === null || Array.isArray(columns)) throw wrong()
  const entries = Object.entries(columns)
  if (entries.length > COLUMNS_MAX)
    throw badRequest('columns', `columns names more than ${COLUMNS_MAX} headers.`)
  if (!entries.every(([, column]) => column === null || typeof column === 'string')) throw wrong()
  return Object.fromEntries(entries)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // The caller says what is expected.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
