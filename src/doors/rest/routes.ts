import type { FastifyInstance } from 'fastify'
import { keepsHistory, type Resource } from '../../kernel/resource.ts'
import type { Route } from '../http/route.ts'
import type { Services } from '../services.ts'
import { accessRoutes } from './access.ts'
import { actionRoutes } from './actions.ts'
import { diffRoute } from './diff.ts'
import { exportRoute } from './export.ts'
import { importRoutes } from './imports.ts'
import { historyRoute, logRoutes } from './log.ts'
import { recordRoutes } from './records.ts'

/** First steps of paths that are no resources. */
const TAKEN = ['access', 'events', 'changes', 'describe', 'docs', 'graphql', 'live', 'openapi.json']
/** Second steps that are no records and no actions. */
const TAKEN_ACTIONS = ['export', 'history', 'diff', 'create']

/** The whole of `/api`: the projection of every declaration, and the routes that lie across them. */
export function restRoutes(app: FastifyInstance, services: Services, uploadBytes: number): Route[] {
  const resources = [...services.engine.resources.values()]
  for (const resource of resources) checkNames(resource)
  return [
    ...resources.flatMap((resource) => resourceRoutes(services, resource)),
    ...logRoutes(services.engine),
    ...accessRoutes(services.engine),
    ...importRoutes(app, services, uploadBytes),
  ]
}

function resourceRoutes(services: Services, resource: Resource): Route[] {
  return [
    ...recordRoutes(services.engine, resource),
    ...actionRoutes(services.engine, resource),
    historyRoute(services.engine, resource),
    ...(keepsHistory(resource) ? [diffRoute(services.engine, resource)] : []),
    exportRoute(services.engine, resource),
  ]
}

/** A name that would hide a route is a mistake of the declaration, told at the start. */
function checkNames({ name, plural, actions }: Resource): void {
  if (TAKEN.includes(plural)) throw new Error(`${name}: the plural "${plural}" is a path of its own at /api`)
  for (const [each, action] of Object.entries(actions)) {
    if (each !== 'create' && TAKEN_ACTIONS.includes(each))
      throw new Error(`${name}: the action "${each}" hides a path of every resource`)
    if (action.on === 'records' && 'ids' in action.input)
      throw new Error(`${name}.${each}: the input "ids" names the records of a call on many`)
  }
}
