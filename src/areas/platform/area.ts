import type { Area } from '../../kernel/area.ts'
import { importTemplate, importView } from './imports.ts'
import { token } from './token.ts'
import { ruleSource, validationRule } from './validation.ts'
import { savedView } from './views.ts'

/** What lies under every line of business: tokens, imports, the rules and the views that people write. */
export const platform: Area = {
  name: 'platform',
  resources: [token, importView, importTemplate, validationRule, savedView],
  rules: ruleSource,
  views: savedView,
}
