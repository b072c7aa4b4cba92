import type { Area } from '../../kernel/area.ts'
import { importTemplate, importView } from './imports.ts'
import { job } from './jobs.ts'
import { importSource } from './sources.ts'
import { token } from './token.ts'

/** What lies under every line of business: tokens, imports and their sources, jobs. */
export const platform: Area = {
  name: 'platform',
  resources: [token, importView, importTemplate, importSource, job],
}
