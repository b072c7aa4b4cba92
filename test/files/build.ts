import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SPREADSHEETS } from './spreadsheets.ts'
import { COLUMN_FILES, JSON_FILES } from './texts.ts'

/**
 * Makes every hostile and odd file in `folder` (created when missing) and answers their paths by file name:
 * `files['zip-bomb.xlsx']`. They are made, not committed: a scanner on a clone would rightly object to some of them.
 */
export async function makeHostileFiles(folder: string): Promise<Record<string, string>> {
  await mkdir(folder, { recursive: true })
  const paths: Record<string, string> = {}
  for (const [name, make] of Object.entries({ ...JSON_FILES, ...COLUMN_FILES, ...SPREADSHEETS })) {
    paths[name] = join(folder, name)
    await writeFile(paths[name], await make())
  }
  return paths
}
