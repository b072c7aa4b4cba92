/** File beside postgresql.conf that Serai writes at every start. */
export const CONFIGURATION_FILE = 'serai.conf'

/** What a small machine needs; figures measured on 2 cores, idle, PostgreSQL 18. */
const SETTINGS: readonly (readonly [name: string, value: string, why: string])[] = [
  ['shared_buffers', "'96MB'", 'enough for the indexes of a small business; the system caches the rest'],
  ['work_mem', "'8MB'", ''],
  ['maintenance_work_mem', "'64MB'", ''],
  ['effective_cache_size', "'512MB'", ''],
  ['max_connections', '100', ''],
  [
    'io_method',
    "'sync'",
    'no I/O worker processes: 16 MB less, and the files are in the cache of the system',
  ],
  ['max_logical_replication_workers', '0', 'one process less'],
  ['wal_level', "'minimal'", 'nobody replicates from here; a bulk load into a new table needs no log'],
  ['max_wal_senders', '0', ''],
  ['wal_compression', 'off', 'compressing whole pages made a bulk update 1.4 times as slow'],
  ['max_wal_size', "'2GB'", 'imports run into a checkpoint less often'],
  ['checkpoint_timeout', "'15min'", ''],
  ['jit', 'off', 'compiling costs more than the queries of this product take'],
  ['random_page_cost', '1.1', 'solid-state disks'],
  ['timezone', "'UTC'", ''],
  ['log_timezone', "'UTC'", ''],
  ['lc_messages', "'C'", ''],
  [
    'log_min_messages',
    'log',
    'errors of statements go to whoever sent them; their texts hold data of people',
  ],
  ['log_checkpoints', 'off', ''],
  ['cluster_name', "'serai'", ''],
]

/** The text of {@link CONFIGURATION_FILE}. */
export function configuration(): string {
  const lines = SETTINGS.map(([name, value, why]) => `${name} = ${value}${why ? `  # ${why}` : ''}`)
  return [
    '# Written by Serai at every start; changes are lost.',
    '# Your own settings go below the include line in postgresql.conf, or into ALTER SYSTEM.',
    ...lines,
    '',
  ].join('\n')
}

/** How postgresql.conf names the file; later lines win. */
export const INCLUDE_LINES = `\n# Settings below this line win over those of Serai.\ninclude = '${CONFIGURATION_FILE}'\n`
