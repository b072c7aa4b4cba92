import { effectiveAccess, explainAccess } from '../../engine/access/explain.ts'
import type { Engine } from '../../engine/types.ts'
import { badRequest } from '../../kernel/problem.ts'
import { sendRead } from '../http/conditional.ts'
import { onlyParameters } from '../http/parameters.ts'
import type { Route } from '../http/route.ts'
import { actorOf } from '../identity.ts'
import * as operations from '../openapi/access.ts'
import { objectOf } from './call.ts'

const SUBJECT = ['user', 'client', 'role'] as const

/** Who may do what, and why. */
export function accessRoutes(engine: Engine): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/access/explain',
      operation: operations.explain,
      async handle(request, reply) {
        const { permission, ...rest } = onlyParameters(request, ['permission', 'record', ...SUBJECT])
        if (!permission)
          throw badRequest('parameter', 'Say which permission, such as permission=product:update.')
        return sendRead(
          request,
          reply,
          await explainAccess(engine, actorOf(request), { permission, ...rest }),
        )
      },
    },
    {
      method: 'POST',
      path: '/api/access/check',
      operation: operations.check,
      async handle(request, reply) {
        const asked = objectOf(request.body)
        for (const [name, value] of Object.entries(asked))
          if (!(['permission', 'record', ...SUBJECT] as string[]).includes(name) || typeof value !== 'string')
            throw badRequest('body', `"${name.slice(0, 80)}" is not taken here, or is no text.`)
        const { permission, ...rest } = asked as { [name: string]: string }
        if (!permission)
          throw badRequest('body', 'Say which permission, such as {"permission": "product:update"}.')
        return reply.send(await explainAccess(engine, actorOf(request), { permission, ...rest }))
      },
    },
    {
      method: 'GET',
      path: '/api/access/permissions',
      operation: operations.permissions,
      async handle(request, reply) {
        const subject = onlyParameters(request, SUBJECT)
        return sendRead(request, reply, await effectiveAccess(engine, actorOf(request), subject))
      },
    },
  ]
}
