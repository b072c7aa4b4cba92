import type { Area } from '../../kernel/area.ts'
import { product } from './product.ts'

/** The tour catalog. */
export const catalog: Area = {
  name: 'catalog',
  resources: [product],
  jobs: [
    {
      name: 'catalog.reprice',
      run: async (_payload, { perform }) => void (await perform({ resource: 'product', action: 'reprice' })),
    },
  ],
  // Just after midnight in the Emirates (UTC+4), and hourly for whoever slept through it.
  schedules: [{ job: 'catalog.reprice', cron: '1 * * * *' }],
}
