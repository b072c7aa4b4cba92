import { bad, conflict, file, type ProblemTable, problem } from './table.ts'

const AGAIN = 'Open it in a spreadsheet program and save it again.'
const SPLIT = 'Split the file, or save it as CSV.'

/** Imports and exports, and what can be wrong with a file. */
export const fileProblems: ProblemTable = {
  'import.state': conflict(
    'The import is not in the state that this verb needs: a plan is applied, an applied import is undone.',
    'Read the import; its state says what may come next.',
  ),
  'import.rejected': problem(
    422,
    'Rows were rejected',
    'Rows of the file are wrong, so nothing was written.',
    'Mend the rows of the rejects file, or import with on_error=skip.',
  ),
  'import.rules_changed': conflict(
    'Somebody changed the rules of these records after the import was planned.',
    'Plan the file again; the plan then says what the new rules refuse.',
  ),
  'import.empty': conflict('The import changed nothing.', 'There is nothing to undo.'),
  'import.plan_lost': conflict(
    'The plan was lost when the database crashed. Nothing was changed.',
    'Send the file again; it is planned anew.',
  ),
  'catalog.busy': conflict(
    'Another import of the same resource is running.',
    'Wait for it, or raise wait_seconds.',
  ),
  resource: bad(
    'The upload does not say what its records are.',
    'Send ?resource=, or a form field before the file.',
  ),
  columns: bad(
    'The mapping is no JSON object from header to column.',
    'Send {"Header": "column", "Other": null}.',
  ),
  on_error: bad('on_error is none of its words.', 'Send abort, skip or stop-after=N.'),
  max_removal_share: bad('The share is no number from 0 to 1.', 'Send 0.1 for a tenth.'),
  form: bad(
    'The form is malformed, has no file, or holds too much.',
    'Send the fields first and one file last.',
  ),
  'form.order': bad('Something comes after the file.', 'Send the file as the last part of the form.'),
  snapshot: problem(
    [400, 409],
    'Snapshot',
    'Of an import: records of this resource cannot be archived, so a snapshot cannot remove any. Of live messages: snapshot is neither true nor false.',
    'Use replace or merge. Write true or false.',
  ),
  'snapshot.empty': problem(
    422,
    'Empty snapshot',
    'As a snapshot the empty file would archive everything.',
    'Look at the file; archive the records another way if you mean it.',
  ),
  'snapshot.removals': problem(
    422,
    'Too many removals',
    'The snapshot would archive a larger share of the records than was allowed.',
    'Look at the file; raise max_removal_share if it is right.',
  ),
  'mapping.invalid': file('The columns cannot be mapped.', 'Mend the mapping as the detail says.'),
  'file.empty': file('The file is empty.', 'Export it again.', 415),
  'file.kind': file('The file is of a kind that is not read.', 'Send JSON, JSON Lines, CSV or XLSX.', 415),
  'file.html': file('The file is a web page with another name.', 'Save it as XLSX or CSV.', 415),
  'file.encrypted': file('The file is protected with a password.', 'Save it without one.', 415),
  'file.columns': file('The file has too many columns.', 'Leave out those that are not needed.', 415),
  'file.rows': file('The file has too many rows.', 'Split it.', 415),
  'file.size': problem(
    413,
    'File too large',
    'The file is larger than the limit that the detail names.',
    SPLIT,
  ),
  'file.missing': problem(
    [404, 415],
    'No such file',
    'The file is not there.',
    'Look at its name and folder.',
  ),
  'file.forbidden': file('The file may not be read.', 'Give this user leave to read it.', 415),
  'file.place': problem(404, 'Cannot write there', 'The file cannot be written.', 'Choose another place.'),
  'json.size': file('A record or line is too long.', 'Look at the file; a quote or bracket may be missing.'),
  'text.encoding': file(
    'The letters of the file are in no encoding that was recognised.',
    'Save it as UTF-8, or say encoding=.',
  ),
  'csv.delimiter': file(
    'The delimiter is more than one character.',
    'Say delimiter=tab, comma, semicolon or pipe.',
  ),
  'csv.quote': file('A quote is opened and never closed.', 'Close it at the line that the detail names.'),
  'csv.size': file('A row is too long.', 'Look for a missing quote before that line.'),
  'csv.syntax': file('A row cannot be read.', 'Mend the line that the detail names.'),
  'header.duplicate': file('Two columns have the same header.', 'Rename one of them.'),
  'cell.damaged': file('A cell of the header is there twice.', AGAIN),
  'xlsx.damaged': file('The sheet is damaged.', AGAIN),
  'xlsx.empty': file('The sheet has no header.', 'Put the names of the columns into the first row.'),
  'xlsx.sheet': file('There is no such sheet.', 'The detail lists those there are.'),
  'xlsx.styles': file('The workbook has more cell styles than any real one.', 'Save it as CSV.'),
  'zip.damaged': file('The archive inside the workbook is damaged.', AGAIN),
  'zip.doctype': file('The workbook holds what no workbook needs and attacks use.', AGAIN),
  'zip.encoding': file('A part of the workbook is not UTF-8.', AGAIN),
  'zip.encrypted': file('The workbook is encrypted.', 'Save it without a password.'),
  'zip.entries': file('The workbook has too many parts.', AGAIN),
  'zip.method': file('The workbook is packed in an unusual way.', AGAIN),
  'zip.name': file('The workbook holds a part with an unsafe name, or two of one name.', AGAIN),
  'zip.nested': file('The workbook holds another archive.', 'Remove the embedded file and save it again.'),
  'zip.ratio': file('A part of the workbook inflates to far more than an ordinary one.', SPLIT),
  'zip.size': file('The workbook would inflate to more than the limit.', SPLIT),
  'zip.strings': file('The texts of the workbook take too much memory.', SPLIT),
  'reader.cancelled': file('Reading was broken off.', 'Send the file again.'),
  'reader.failed': file(
    'Reading ended for a reason that is not the file’s.',
    'Try again; the log says more.',
  ),
  'reader.memory': file('The file needs too much memory to read.', SPLIT),
  'reader.timeout': file('Reading took too long.', SPLIT),
  'export.cell': problem(
    422,
    'Cell too long',
    'A value is longer than a cell of XLSX can be.',
    'Export CSV or JSON.',
  ),
  'export.rows': problem(
    422,
    'Too many rows',
    'XLSX holds no more rows in a sheet.',
    'Filter, or export CSV or JSON.',
  ),
}
