import type { Format } from '../types.ts'
import type { Reader } from './reader.ts'

/** The reader of a format. Only that one is loaded: a process that reads one file should start in no time. */
export async function readerOf(format: Format): Promise<Reader> {
  if (format === 'json') return (await import('./json.ts')).readJson
  if (format === 'jsonl') return (await import('./jsonl.ts')).readJsonl
  if (format === 'csv') return (await import('./csv.ts')).readCsv
  return (await import('./xlsx.ts')).readXlsx
}
