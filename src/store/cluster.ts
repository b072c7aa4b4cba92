import type { Cluster, JoinOptions } from './cluster/contract.ts'
import { joinEmbedded } from './cluster/embedded.ts'
import { joinGiven } from './cluster/given.ts'
import type { Target } from './target.ts'

export type { Cluster, JoinOptions } from './cluster/contract.ts'

/**
 * Joins the database server that the target names. The embedded one is made and started by whoever comes first, joined
 * by the others, stopped by the last one out, and recovered after a crash. Throws ClusterError: its message says what
 * to do.
 */
export async function joinCluster(target: Target, options: JoinOptions = {}): Promise<Cluster> {
  return target.kind === 'given' ? joinGiven(target.url) : joinEmbedded(target.home, options)
}
