import {
  GraphQLBoolean,
  GraphQLID,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLString,
} from 'graphql'
import {
  type Change,
  getChange,
  type HistoryPage,
  history,
  listChanges,
  listEvents,
} from '../../engine/history.ts'
import type { Engine } from '../../engine/types.ts'
import { redo, undo } from '../../engine/undo.ts'
import type { Event } from '../../kernel/event.ts'
import { reasonText } from '../http/headers.ts'
import { writeArguments } from './actions.ts'
import {
  type Connection,
  connectionOf,
  connectionType,
  firstOf,
  pageArguments,
  pageCost,
} from './connection.ts'
import type { Context, FieldConfig, FieldConfigs } from './context.ts'
import { DateTime, Json, SafeInt } from './scalars.ts'

const required = (type: GraphQLOutputType & { name: string }) => ({ type: new GraphQLNonNull(type) })
const text = { type: GraphQLString }

const EventType = new GraphQLObjectType({
  name: 'Event',
  description: 'The fact that an action left.',
  fields: {
    position: required(SafeInt),
    time: required(DateTime),
    change: required(GraphQLID),
    actor: required(GraphQLString),
    action: required(GraphQLString),
    resource: required(GraphQLString),
    record: required(GraphQLID),
    key: required(GraphQLString),
    version: required(SafeInt),
    before: { type: Json, description: 'Fields that changed, as they were; null for a new record.' },
    after: {
      ...required(Json),
      description: 'Fields that changed, as they became; the whole record for a new one.',
    },
    reason: text,
    request: text,
    cause: text,
    trace: { ...text, description: 'The traceparent of the call, when it came with one.' },
  },
})

const ChangeType = new GraphQLObjectType({
  name: 'Change',
  description: 'One call that changed something: all events that share its id.',
  fields: {
    id: required(GraphQLID),
    time: required(DateTime),
    actor: required(GraphQLString),
    action: required(GraphQLString),
    resource: required(GraphQLString),
    events: required(SafeInt),
    reason: text,
    undoes: { type: GraphQLID, description: 'The change that this one took back.' },
    undone_by: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(GraphQLID))) },
  },
})

const Kept = new GraphQLObjectType({
  name: 'Kept',
  description: 'A value that somebody changed since, which was left alone.',
  fields: {
    resource: required(GraphQLString),
    record: required(GraphQLID),
    key: required(GraphQLString),
    field: { ...text, description: 'Null when the whole record was left alone.' },
    reason: required(GraphQLString),
  },
})

const UndoOutcome = new GraphQLObjectType({
  name: 'UndoOutcome',
  description: 'What an undo did, and what it left alone.',
  fields: {
    change: { type: GraphQLID, description: 'The change that took it back; null when nothing was.' },
    restored: { ...required(SafeInt), description: 'Values and records that were put back.' },
    kept: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(Kept))) },
    dry_run: required(GraphQLBoolean),
  },
})

type Paging = { first?: number | null; after?: string | null }
const id = { type: new GraphQLNonNull(GraphQLID) }

/** Facts and changes of all resources, newest first. */
export function logQueries(engine: Engine): FieldConfigs {
  const events = connectionType(EventType)
  return {
    history: {
      type: events,
      description: 'What happened to one record, newest first.',
      args: { resource: { type: new GraphQLNonNull(GraphQLString) }, id, ...pageArguments },
      extensions: pageCost,
      resolve: async (_, { resource, id: record, ...page }, { actor }: Context) =>
        pageOf(await history(engine, actor, resource, record, backwards(page)), page, positionOf),
    },
    events: {
      type: events,
      description: 'What happened, newest first.',
      args: { resource: text, record: text, change: text, actor: text, action: text, ...pageArguments },
      extensions: pageCost,
      resolve: async (_, { first, after, ...given }, { actor }: Context) => {
        const conditions = Object.fromEntries(Object.entries(given).filter(([, value]) => value != null))
        const found = await listEvents(engine, actor, { ...conditions, ...backwards({ first, after }) })
        return pageOf(found, { after }, positionOf)
      },
    },
    change: {
      type: ChangeType,
      description: 'One change.',
      args: { id },
      resolve: (_, { id: change }, { actor }) => getChange(engine, actor, change),
    },
    changes: {
      type: connectionType(ChangeType),
      description: 'Calls that changed something, newest first.',
      args: pageArguments,
      extensions: pageCost,
      resolve: async (_, page: Paging, { actor }: Context) =>
        pageOf(await listChanges(engine, actor, backwards(page)), page, (change: Change) => change.id),
    },
  }
}

/** The way back, and the way back from there. */
export function undoMutations(engine: Engine): FieldConfigs {
  return {
    undo: wayBack(engine, undo, 'Takes a change back, as a change of its own.'),
    redo: wayBack(engine, redo, 'Takes the last undo of a change back.'),
  }
}

function wayBack(engine: Engine, way: typeof undo, description: string): FieldConfig {
  return {
    type: UndoOutcome,
    description,
    args: { change: id, ...writeArguments },
    async resolve(_, { change, dry_run, reason }, { actor, requestId }: Context) {
      const outcome = await way(engine, {
        actor,
        change,
        dryRun: dry_run ?? false,
        reason: reason == null ? null : reasonText(reason),
        requestId,
      })
      return { ...outcome, dry_run: outcome.dryRun }
    },
  }
}

/** The log is read from its end: what comes after in a list was before in time. */
function backwards({ first, after }: Paging): { limit: number; before?: string } {
  return { limit: firstOf(first), ...(after ? { before: after } : {}) }
}

function pageOf<Item>(
  { items, next }: HistoryPage<Item>,
  { after }: Paging,
  cursorOf: (item: Item) => string,
): Connection {
  return connectionOf(items, items.map(cursorOf), { next, after })
}

function positionOf({ position }: Event): string {
  return String(position)
}
