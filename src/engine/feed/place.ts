import { badRequest } from '../../kernel/problem.ts'
import type { LogCursor } from '../../store/log.ts'

/** A place in the log: that of an event, or the beginning (0, 0). */
export type Place = { readonly transaction: bigint; readonly position: number }

/** The transactions that a database snapshot sees (`pg_snapshot`, as text `xmin:xmax:running,…`). */
export type Sight = { text: string; xmax: bigint; sees(transaction: bigint): boolean }

/**
 * Where a subscription begins: behind this place. `seen` holds the transactions above it that the subscriber knows
 * already, from its snapshot; they may lie among others that were still running when it was taken.
 */
export type Start = { place: Place; seen: Sight | null }

const ID_CHARACTERS_MAX = 4_096
const ID = /^(\d{1,20})\.(\d{1,15})(?:\.(\d{1,20}:\d{1,20}:[\d,]*))?$/

/** A cursor of the store as a place. */
export function placeOf({ transaction, position }: LogCursor): Place {
  return { transaction: BigInt(transaction), position }
}

export function cursorOf({ transaction, position }: Place): LogCursor {
  return { transaction: String(transaction), position }
}

/** True when `left` comes before `right` in the log. */
export function isBefore(left: Place, right: Place): boolean {
  return left.transaction === right.transaction
    ? left.position < right.position
    : left.transaction < right.transaction
}

/** What a snapshot sees, from PostgreSQL's text of it. */
export function sightOf(text: string): Sight {
  const [xmin, xmax, running] = text.split(':')
  const [first, last] = [BigInt(xmin), BigInt(xmax)]
  const open = new Set(running.split(',').filter(Boolean).map(BigInt))
  return {
    text,
    xmax: last,
    sees: (transaction) => transaction < first || (transaction < last && !open.has(transaction)),
  }
}

/** Id of a message: its place, and what was seen ahead of it as long as that matters. */
export function encodeId({ place, seen }: Start): string {
  const ahead = seen && place.transaction < seen.xmax ? `.${seen.text}` : ''
  return Buffer.from(`${place.transaction}.${place.position}${ahead}`).toString('base64url')
}

/** The start that an id names; 400 when it is none. */
export function decodeId(id: string): Start {
  const text = id.length <= ID_CHARACTERS_MAX ? Buffer.from(id, 'base64url').toString('latin1') : ''
  const match = ID.exec(text)
  if (!match)
    throw badRequest(
      'cursor',
      'after is not the id of a message. Give the last one that was received as it was, or leave it out.',
    )
  const [, transaction, position, seen] = match
  return {
    place: { transaction: BigInt(transaction), position: Number(position) },
    seen: seen ? sightOf(seen) : null,
  }
}
