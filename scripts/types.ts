// npm run types: writes client/types.ts from the declarations. With --check it only says whether the file is up to date.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { catalog } from '../src/areas/catalog/area.ts'
import { platform } from '../src/areas/platform/area.ts'
import { typesOf } from '../src/doors/types.ts'

const FILE = 'client/types.ts'
const path = new URL(`../${FILE}`, import.meta.url)

const resources = [...catalog.resources, ...platform.resources]
const text = formatted(typesOf(new Map(resources.map((resource) => [resource.name, resource]))))
if (!process.argv.includes('--check')) writeFileSync(path, text)
else if (readFileSync(path, 'utf8') !== text) {
  console.error(`${FILE} is not what the declarations say. Run "npm run types".`)
  process.exitCode = 1
}

function formatted(source: string): string {
  const { status, stdout, stderr } = spawnSync('biome', ['format', `--stdin-file-path=${FILE}`], {
    input: source,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`biome could not format the types: ${stderr}`)
  return stdout
}
