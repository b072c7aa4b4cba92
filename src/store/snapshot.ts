/** Reading and replacing whole databases: what backups, restores and comparisons are made of. */
export { loadRows, type Measure, meter, readRows } from './snapshot/copy.ts'
export { diffTable, type TableDiff } from './snapshot/diff.ts'
export { adapt, lighten, refill } from './snapshot/load.ts'
export { lockTables, raiseSequences, readOrigin, replaceRows } from './snapshot/replace.ts'
export { withScratch } from './snapshot/scratch.ts'
export { describeError, inTransaction, withSession } from './snapshot/session.ts'
export {
  readSequences,
  readTables,
  type SequenceState,
  type SnapshotColumn,
  type TableShape,
} from './snapshot/shape.ts'
