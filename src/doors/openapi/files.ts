import type { JsonSchema } from '../../kernel/field.ts'
import { MODES, VERDICTS } from '../../kernel/proposal.ts'
import type { Resource } from '../../kernel/resource.ts'
import type { Operation, Parameter } from '../http/route.ts'
import { json, jsonBody, read, WRITE_HEADERS, WRITE_PROBLEMS } from './answers.ts'
import { pascal, schemaRef } from './names.ts'
import {
  dryRunParameter,
  idParameter,
  ifNoneMatchParameter,
  keyParameter,
  limitParameter,
  query,
  selectionParameters,
  writeParameters,
} from './parameters.ts'
import { object } from './shapes.ts'

const TAG = 'imports'
const record: JsonSchema = {
  type: 'object',
  description: 'the import: state, counts, warnings, head, mapping',
}
const which: Parameter = {
  ...idParameter,
  description: 'The id of the import.',
  schema: { type: 'string', format: 'uuid' },
}

/** Media types of files, by format. */
export const FILE_TYPES = {
  csv: 'text/csv; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  json: 'application/json',
  jsonl: 'application/jsonl',
} as const

/** What the documentation says of an export. */
export function download(resource: Resource): Operation {
  return {
    id: `export${pascal(resource.plural)}`,
    summary: `All matching ${resource.plural} as a file, from one snapshot. A file that breaks off was not finished: the connection is cut.`,
    tag: resource.plural,
    parameters: [
      { ...query('format', 'Kind of file.', { enum: Object.keys(FILE_TYPES) }), required: true },
      query('profile', 'spreadsheet: no text becomes a formula; raw: exact, for programs.', {
        enum: ['spreadsheet', 'raw'],
        default: 'spreadsheet',
      }),
      ...selectionParameters(resource),
    ],
    answers: {
      200: {
        description: 'The file.',
        types: Object.values(FILE_TYPES),
        schema: { description: 'json: a list of documents' },
        headers: ['Content-Disposition'],
      },
    },
    problems: [404, 409],
  }
}

const IMPORT_PARAMETERS: readonly Parameter[] = [
  query('resource', 'What the records of the file are.'),
  query('name', 'Name of the file, when the body is the file itself.'),
  query('mode', 'How the file meets what is there.', { enum: MODES }),
  query('format', 'When the guess is wrong.', { enum: ['json', 'jsonl', 'csv', 'xlsx'] }),
  query('encoding', 'Of a text file, when the guess is wrong.'),
  query('delimiter', 'Of a column file, when the guess is wrong; `tab` for the tab.'),
  query('decimal', 'Decimal sign of a column file.', { enum: ['.', ','] }),
  query('sheet', 'Which sheet of a workbook.'),
  query('template', 'Name of a saved mapping.'),
  query('columns', 'A mapping: a JSON object from header to column, or null to leave it out.'),
  query('strict', 'Refuses columns and members that no field names.', { type: 'boolean' }),
  query('on_error', 'abort (nothing is written), skip (the good rows are), stop-after=N.', {
    type: 'string',
    pattern: '^(abort|skip|stop-after=\\d+)$',
    default: 'abort',
  }),
  query('max_removal_share', 'snapshot: largest share of the records that may be archived.', {
    type: 'number',
    minimum: 0,
    maximum: 1,
  }),
  { ...dryRunParameter, description: 'Makes no difference: an upload is only planned, never applied.' },
]

/** Of the upload. The form's fields are the parameters, and stand before the file. */
export const upload: Operation = {
  id: 'createImport',
  summary:
    'Takes a file and plans it: nothing is changed until the plan is applied. The same bytes again are the same import.',
  tag: TAG,
  parameters: [...IMPORT_PARAMETERS, keyParameter],
  body: {
    types: ['multipart/form-data', 'application/octet-stream'],
    schema: {
      type: 'object',
      properties: {
        ...Object.fromEntries(IMPORT_PARAMETERS.map(({ name, schema }) => [name, schema])),
        file: { type: 'string', contentMediaType: 'application/octet-stream' },
      },
    },
    required: true,
  },
  answers: {
    200: json('The same file came before: its import.', record, ['Location']),
    201: json('The import, planned.', record, ['Location']),
    202: json('The import; it is being planned. Look again at its Location.', record, ['Location']),
  },
  problems: [404, ...WRITE_PROBLEMS],
}

export const rows: Operation = {
  id: 'listImportRows',
  summary: 'The rows of the plan in the order of the file, each with its verdict.',
  tag: TAG,
  parameters: [
    which,
    query('verdict', 'Only rows with this verdict.', { enum: VERDICTS }),
    query('after', 'Where the page before ended: its `next`.', { type: 'integer' }),
    limitParameter,
    ifNoneMatchParameter,
  ],
  answers: read(
    'A page of rows.',
    object({ items: { type: 'array', items: schemaRef('PlannedRow') }, next: { type: ['integer', 'null'] } }),
    ['Link'],
  ),
  problems: [404],
}

export const apply: Operation = {
  id: 'applyImport',
  summary:
    'Does exactly what the plan says, after a backup. Rows that changed since are held. A dry run answers with the plan.',
  tag: TAG,
  parameters: [
    which,
    ...writeParameters,
    keyParameter,
    query('wait_seconds', 'How long to wait for another import of the same resource.', {
      type: 'integer',
      minimum: 0,
      maximum: 300,
      default: 30,
    }),
  ],
  body: jsonBody({ type: 'object', maxProperties: 0 }, false),
  answers: { 200: json('The import, applied.', record, WRITE_HEADERS) },
  problems: [404, ...WRITE_PROBLEMS],
}

export const undoImport: Operation = {
  id: 'undoImport',
  summary: 'Restores every value that the import wrote and nobody changed since, and lists the rest.',
  tag: TAG,
  parameters: [which, ...writeParameters, keyParameter],
  body: jsonBody({ type: 'object', maxProperties: 0 }, false),
  answers: { 200: json('What was put back.', schemaRef('Undo'), WRITE_HEADERS) },
  problems: [404, ...WRITE_PROBLEMS],
}

export const redoImport: Operation = {
  ...undoImport,
  id: 'redoImport',
  summary: 'Takes the undo of an import back: what it wrote comes again.',
}

export const cancel: Operation = {
  id: 'cancelImport',
  summary: 'Gives up an import that is not applied.',
  tag: TAG,
  parameters: [which, ...writeParameters, keyParameter],
  body: jsonBody({ type: 'object', maxProperties: 0 }, false),
  answers: { 200: json('The import, cancelled.', record, WRITE_HEADERS) },
  problems: [404, ...WRITE_PROBLEMS],
}

export const rejects: Operation = {
  id: 'downloadRejects',
  summary:
    'The refused rows in the format they came in, each with its reasons. Mend them and import the file.',
  tag: TAG,
  parameters: [which],
  answers: {
    200: {
      description: 'The file.',
      types: Object.values(FILE_TYPES),
      schema: { description: 'json: a list of documents' },
      headers: ['Content-Disposition'],
    },
  },
  problems: [404],
}
