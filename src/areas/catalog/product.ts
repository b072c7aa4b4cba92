import { f } from '../../kernel/fields/index.ts'
import { resource } from '../../kernel/resource.ts'
import { role } from '../../kernel/rule.ts'
import { archivable } from '../../traits/archivable.ts'
import { lockable } from '../../traits/lockable.ts'
import { searchable } from '../../traits/searchable.ts'
import { sourced } from '../../traits/sourced.ts'
import { nuke, reprice, stats } from './actions.ts'
import { lowestPrice, pricedWhenActive, tierFields, validityInOrder } from './tier.ts'

/** A tour, ticket or transfer that the business sells. */
export const product = resource('product', {
  description: 'What the business sells: tours, tickets, transfers, with their price tiers.',
  fields: {
    product_id: f.text({
      min: 1,
      max: 200,
      line: true,
      immutable: true,
      search: 'A',
      aliases: ['id', 'code', 'sku', 'رمز المنتج'],
      description: 'e.g. Dubai_AinDubai',
    }),
    product_name: f.text({
      min: 1,
      max: 500,
      search: 'A',
      aliases: ['name', 'tour_name', 'title', 'اسم المنتج', 'اسم الجولة'],
    }),
    pricing: f.list(tierFields, { max: 500 }),
    inclusions: f.list(f.text({ max: 2_000 }), { search: 'C' }),
    active: f.boolean({ default: true, facet: true }),
    supplier_name: f.text({
      optional: true,
      max: 300,
      facet: true,
      aliases: ['supplier', 'operator', 'المورد'],
    }),
    destination_city: f.text({
      optional: true,
      max: 200,
      facet: true,
      aliases: ['city', 'destination', 'المدينة'],
    }),
    category: f.text({ optional: true, max: 200, facet: true, aliases: ['الفئة'] }),
    description_short: f.text({ optional: true, max: 2_000, search: 'B' }),
    description_long: f.text({ optional: true, max: 50_000, search: 'D' }),
    duration_hours: f.number({
      optional: true,
      above: 0,
      max: 10_000,
      aliases: ['duration', 'duration (h)', 'hours', 'المدة'],
    }),
    exclusions: f.list(f.text({ max: 2_000 }), { optional: true }),
    booking_policy: f.text({ optional: true, max: 20_000 }),
    source_document: f.list(f.text({ max: 500 }), { optional: true }),
    extra: f.json({ optional: true, rest: true, description: 'members of files that no field names' }),
    price_from: f.money({
      optional: true,
      derived: ['pricing'],
      only: 'AED',
      derive: lowestPrice,
      description: 'lowest price that holds today',
    }),
    price_changes_on: f.date({
      optional: true,
      derived: ['pricing'],
      description: 'next day on which a price begins or has ended',
    }),
  },
  key: ['product_id'],
  traits: [archivable, searchable, lockable, sourced],
  checks: [pricedWhenActive, validityInOrder],
  access: {
    read: role('viewer', 'staff', 'cashier', 'manager', 'admin'),
    write: role('manager', 'admin'),
    nuke: role('owner'),
    stats: role('viewer', 'staff', 'manager', 'admin'),
    reprice: role('system'),
  },
  actions: { stats, nuke, reprice },
})
