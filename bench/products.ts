import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'

/** A price tier as product files spell it: a decimal amount in `currency`, dates `YYYY-MM-DD`, both ends inclusive. */
export type TierDocument = {
  tier_name: string
  price_aed: number
  currency: string
  validity_start: string | null
  validity_end: string | null
}

/** A tour product as product files spell it (one JSONL line, about 1 kB). */
export type ProductDocument = {
  product_id: string
  product_name: string
  pricing: TierDocument[]
  inclusions: string[]
  active: boolean
  supplier_name: string | null
  destination_city: string | null
  category: string | null
  description_short: string | null
  description_long: string | null
  duration_hours: number | null
  exclusions: string[] | null
  booking_policy: string | null
  source_document: string[] | null
}

type Kind = { category: string; names: string[]; scenes: string[]; hours: number[]; from: number; to: number }
type Random = () => number

/** One line a category: names · scenes · hours · lowest and highest price in AED. */
const KINDS = `
Adventure · Desert Safari, Dune Buggy Ride, Quad Bike Safari, Canyon Hike, Zipline Flight, Sunrise Balloon Flight · red dunes, a camel farm, a steep wadi, the gravel plains · 0.5, 2, 4, 6, 16 · 95, 1250
Sightseeing · City Tour, Skyline Drive, Tower Observatory Visit, Open Bus Day, Sunset Photo Tour, Mountain Road Tour · the old harbour, a viewing deck, the corniche, the palm-shaped island · 0.75, 1, 4, 5.5, 8 · 45, 690
Family · Theme Park Day, Aquarium Visit, Snow Park Session, Petting Farm Morning, Water Park Day, Flower Garden Visit · shaded play areas, a penguin meeting, slides for every age, a tame falcon · 2, 3, 6, 8 · 60, 480
Cultural · Heritage Walk, Mosque Visit, Fort and Oasis Tour, Museum Pass, Pearl Diving Story, Souk Evening · wind-tower houses, the spice souk, a mud-brick fort, a calligraphy workshop · 1.5, 2, 3, 5 · 0, 390
Luxury · Helicopter Tour, Private Yacht, Royal Desert Retreat, Vintage Car Dinner, Island Villa Day, Private Falconry · a butler on call, a private terrace, the sail-shaped hotel, a private beach · 0.2, 0.5, 3, 5, 10 · 790, 14500
Concierge · Airport Meet and Assist, Private Transfer, Chauffeur Day, Visa Desk, Personal Shopper, Luggage Delivery · the fast-track lane, a bilingual driver, the arrivals lounge, the flight desk · 0.17, 0.75, 5, 10 · 80, 2400
Culinary · Food Walk, Emirati Cooking Class, Coffee Ceremony, Date Farm Tasting, Chef Table Dinner, Ramadan Iftar · machboos and luqaimat, cardamom coffee, the fish market, a family kitchen · 1, 2.5, 3.5, 4 · 90, 980
Water Sports · Jet Ski Ride, Mangrove Kayak, Reef Snorkelling, Discover Scuba Dive, Flyboard Session, Deep Sea Fishing · turtles, flamingos at the shore, a coral garden, the open gulf · 0.33, 0.5, 1.5, 4 · 120, 1600
Cruise · Dhow Dinner Cruise, Fjord Cruise, Marina Cruise, Sunset Sail, Creek Abra Ride, Catamaran Brunch · the lit-up towers, dolphins, a tanoura show, hidden coves · 1, 1.5, 2.5, 8 · 55, 720`
  .trim()
  .split('\n')
  .map(parseKind)
const CITIES = words(
  `Dubai, Dubai, Dubai, Abu Dhabi, Abu Dhabi, Dubai (Desert), Sharjah, Ras Al Khaimah, Fujairah, Ajman, Al Ain, Hatta,
  Umm Al Quwain, Liwa, Dibba / Oman`,
)
const SUPPLIER_FIRST = words(
  'Al Noor, Golden Oryx, Blue Dhow, Hajar, Falcon, Ghaf Tree, Pearl Coast, Liwa Star, Marina, Saffron Gate, Seven Sands, Khor',
)
const SUPPLIER_LAST = words('Tours, Adventures, Travel, Experiences, Leisure')
const ADJECTIVES = words(
  'Classic, Private, Morning, Evening, Premium, Small-Group, Family, Express, Sunset, Full-Day, Guided, Signature',
)
const TIERS = words(
  `Adult, Child (3-11), Adult - Peak Day, Private - up to 6 guests, VIP Majlis (Per Group), Resident, Senior, Group of 10+`,
)
const INCLUSIONS = words(
  `Hotel pick-up and drop-off, English-speaking guide, Arabic-speaking guide, Bottled water, Buffet dinner, Entrance tickets,
  Safety briefing, Arabic coffee and dates, Insurance, Equipment hire, Live show, Soft drinks`,
)
const EXCLUSIONS = words(
  'Gratuities, Personal expenses, Alcoholic drinks, Photos and videos, Travel insurance, Tourism fees',
)
const POLICIES = [
  'Free cancellation up to 24 hours before the start. Later cancellations and no-shows are charged in full.',
  'Bookings close 48 hours ahead. A valid passport copy is needed for every guest. Non-refundable after confirmation.',
  'Weather permitting: the operator may move the departure. A full refund is given when no other date suits.',
]
const OPENINGS = words('Meet your guide, We collect you, The day starts, Check in')
const CLOSINGS = [
  'Back at your hotel in time for dinner.',
  'Ends where it began.',
  'Suitable for all ages.',
  'Bring a hat and sun cream.',
]
const SEASONS: [string | null, string | null][] = [
  [null, null],
  ['2026-10-01', '2027-04-30'],
  ['2027-05-01', '2027-09-30'],
  ['2025-10-01', '2026-04-30'],
  ['2026-01-01', null],
]
const SOURCES = words(
  'price-list-2026-27.pdf, winter-rates.xlsx, supplier-mail-2026-09.txt, contract-2026.pdf',
)
const TIERS_MAX = 4
const CHUNK_PRODUCTS = 500

/**
 * Made-up but believable products, the same ones for the same seed; the first n do not depend on `count`.
 * Ids are unique (`Dubai_DesertSafari_000123`), prices exact with at most two decimals.
 */
export function* generateProducts(count: number, seed = 1): Generator<ProductDocument> {
  for (let index = 0; index < count; index++) yield product(index, randomFrom(seed * 1_000_003 + index))
}

/** Writes `count` generated products as JSON Lines (UTF-8, LF). Memory stays flat. */
export async function writeJsonl(path: string, count: number, seed = 1): Promise<void> {
  const out = createWriteStream(path)
  let lines: string[] = []
  for (const each of generateProducts(count, seed)) {
    lines.push(JSON.stringify(each))
    if (lines.length < CHUNK_PRODUCTS) continue
    if (!out.write(`${lines.join('\n')}\n`)) await once(out, 'drain')
    lines = []
  }
  out.end(lines.length > 0 ? `${lines.join('\n')}\n` : '')
  await finished(out)
}

function product(index: number, random: Random): ProductDocument {
  const kind = pick(KINDS, random)
  const city = pick(CITIES, random)
  const name = pick(kind.names, random)
  const adjective = pick(ADJECTIVES, random)
  const supplier = `${pick(SUPPLIER_FIRST, random)} ${pick(SUPPLIER_LAST, random)}`
  return {
    product_id: `${camel(city)}_${camel(name)}_${String(index + 1).padStart(6, '0')}`,
    product_name: `${adjective} ${name} in ${city}`,
    pricing: tiers(kind, random),
    inclusions: some(INCLUSIONS, 2 + whole(3, random), random),
    active: random() < 0.94,
    supplier_name: supplier,
    destination_city: city,
    category: kind.category,
    description_short: `${adjective} ${name.toLowerCase()} with ${pick(kind.scenes, random)}, run by ${supplier}.`,
    description_long: story(kind, name, city, random),
    duration_hours: pick(kind.hours, random),
    exclusions: random() < 0.8 ? some(EXCLUSIONS, 1 + whole(2, random), random) : null,
    booking_policy: random() < 0.85 ? pick(POLICIES, random) : null,
    source_document: random() < 0.7 ? [pick(SOURCES, random)] : null,
  }
}

/** 1 to 4 tiers, each dearer than the one before. */
function tiers(kind: Kind, random: Random): TierDocument[] {
  const base = kind.from + random() * random() * (kind.to - kind.from)
  return some(TIERS, 1 + whole(TIERS_MAX, random), random).map((tier_name, rank) => {
    const [validity_start, validity_end] = pick(SEASONS, random)
    const amount = price(base * (1 + rank * 0.35), random)
    return { tier_name, price_aed: amount, currency: 'AED', validity_start, validity_end }
  })
}

/** Mostly whole dirhams, sometimes fils, as price lists are. */
function price(about: number, random: Random): number {
  const fils = random() < 0.85 ? Math.round(about) * 100 : Math.round(about * 100)
  return fils / 100
}

function story(kind: Kind, name: string, city: string, random: Random): string {
  const [first, second] = some(kind.scenes, 2, random)
  const start = `${pick(OPENINGS, random)} in ${city} for the ${name.toLowerCase()}.`
  return `${start} On the way you will see ${first} and, when time allows, ${second}. ${pick(CLOSINGS, random)}`
}

/** `size` different values of a list, in random order (a partial Fisher-Yates shuffle). */
function some<T>(list: readonly T[], size: number, random: Random): T[] {
  const pool = [...list]
  for (let index = 0; index < size; index++) {
    const other = index + whole(pool.length - index, random)
    const taken = pool[other]
    pool[other] = pool[index]
    pool[index] = taken
  }
  return pool.slice(0, size)
}

function pick<T>(list: readonly T[], random: Random): T {
  return list[whole(list.length, random)]
}

function whole(below: number, random: Random): number {
  return Math.floor(random() * below)
}

function camel(text: string): string {
  return text.replace(/[^A-Za-z]/g, '')
}

function parseKind(line: string): Kind {
  const [category, names, scenes, hours, prices] = line.split(' · ')
  const [from, to] = words(prices).map(Number)
  return { category, names: words(names), scenes: words(scenes), hours: words(hours).map(Number), from, to }
}

function words(list: string): string[] {
  return list.split(/,\s+/)
}

/** Numbers in [0, 1): the mulberry32 generator, whose whole state is the seed. */
function randomFrom(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

if (import.meta.main) {
  const [count, path] = [Number(process.argv[2]), process.argv[3]]
  if (!Number.isInteger(count) || count < 0 || !path) {
    console.error('Usage: node bench/products.ts COUNT OUT.jsonl')
    process.exit(2)
  }
  await writeJsonl(path, count)
}
