/** Flags that stand for a setting, in the order in which later ones win. */
const SETTINGS = { '--database': 'DATABASE_URL', '--db-path': 'SERAI_HOME', '--home': 'SERAI_HOME' } as const

/**
 * What `--database`, `--home` and `--db-path` say, wherever they stand on the line, as the environment that the settings are read
 * from: `{ DATABASE_URL?, SERAI_HOME? }`. A flag beats the environment; CATALOG_DB_PATH counts where SERAI_HOME is not set.
 */
export function globalEnvironment(argv: string[], env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const said: NodeJS.ProcessEnv = {}
  if (env.CATALOG_DB_PATH && !env.SERAI_HOME) said.SERAI_HOME = env.CATALOG_DB_PATH
  for (const [flag, variable] of Object.entries(SETTINGS)) {
    const value = valueOf(argv, flag)
    if (value !== undefined) said[variable] = value
  }
  return said
}

/** The value of the last occurrence, as commander reads it: `--flag value` or `--flag=value`, up to `--`. */
function valueOf(argv: string[], flag: string): string | undefined {
  const end = argv.indexOf('--')
  const words = end < 0 ? argv : argv.slice(0, end)
  const at = words.findLastIndex((word) => word === flag || word.startsWith(`${flag}=`))
  if (at < 0) return undefined
  return words[at] === flag ? words[at + 1] : words[at].slice(flag.length + 1)
}
