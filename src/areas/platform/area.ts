import type { Area } from '../../kernel/area.ts'
import { accessAliases } from './access/aliases.ts'
import { currentActor } from './access/current.ts'
import { grant } from './access/grant.ts'
import { accessRequest } from './access/request.ts'
import { grantSource } from './access/source.ts'
import { client } from './clients/client.ts'
import { clientKey } from './clients/client-key.ts'
import { clientToken } from './clients/client-token.ts'
import { importTemplate, importView } from './imports.ts'
import { job } from './jobs.ts'
import { factor } from './people/factor.ts'
import { link } from './people/link.ts'
import { membership } from './people/membership.ts'
import { role } from './people/role.ts'
import { session } from './people/session.ts'
import { user } from './people/user.ts'
import { importSource } from './sources.ts'
import { token } from './token.ts'
import { ruleSource, validationRule } from './validation.ts'
import { savedView } from './views.ts'

/** What lies under every line of business: tokens, people and their roles, imports and their sources, jobs, the rules and the views that people write. */
export const platform: Area = {
  name: 'platform',
  resources: [
    token,
    importView,
    importTemplate,
    importSource,
    job,
    validationRule,
    savedView,
    user,
    role,
    membership,
    session,
    factor,
    link,
    grant,
    accessRequest,
    client,
    clientKey,
    clientToken,
  ],
  grants: grantSource,
  current: currentActor,
  aliases: accessAliases,
  rules: ruleSource,
  views: savedView,
  jobs: [
    {
      name: 'access.lapse',
      run: async (_payload, { perform }) =>
        void (await perform({ resource: 'access_request', action: 'lapse' })),
    },
  ],
  schedules: [{ job: 'access.lapse', cron: '*/15 * * * *' }],
}
