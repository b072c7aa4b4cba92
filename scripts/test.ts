// npm test [-- FILE…]: starts a throw-away PostgreSQL, then runs the tests on it.
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { TEMPLATE } from '../test/support/database.ts'
import { startServer } from './server.ts'

const CONCURRENCY = 2
const TIMEOUT_MS = 180_000

const files = process.argv.slice(2)
const found = files.length
  ? files
  : globSync([
      'src/**/*.test.ts',
      'client/**/*.test.ts',
      'test/**/*.test.ts',
      'bench/**/*.test.ts',
      'samples/**/*.test.ts',
    ]).sort()
const server = await startServer(TEMPLATE)
let code = 1
try {
  code = await run([
    '--test',
    `--test-concurrency=${CONCURRENCY}`,
    `--test-timeout=${TIMEOUT_MS}`,
    '--test-reporter=spec',
    '--disable-warning=ExperimentalWarning',
    ...found,
  ])
} finally {
  await server.stop()
}
process.exit(code)

function run(args: string[]): Promise<number> {
  const child = spawn(process.execPath, args, {
    stdio: 'inherit',
    env: { ...process.env, SERAI_TEST_DATABASE: server.url },
  })
  return new Promise((resolve) => child.on('exit', (status) => resolve(status ?? 1)))
}
