import { userInfo } from 'node:os'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import { catalog } from './areas/catalog/area.ts'
import { nukeCommand, statsCommand } from './areas/catalog/commands.ts'
import { platform } from './areas/platform/area.ts'
import { tokenAuthenticator } from './areas/platform/authenticate.ts'
import { clientAuthenticator, isOfClient } from './areas/platform/clients/authenticate.ts'
import { oauthService } from './areas/platform/clients/oauth.ts'
import { linkByHand } from './areas/platform/people/by-hand.ts'
import { firstOwnerLink } from './areas/platform/people/first-owner.ts'
import { peopleJobs } from './areas/platform/people/jobs.ts'
import { resealAll } from './areas/platform/people/reseal.ts'
import { createPeople } from './areas/platform/people/service.ts'
import { briefing, loadSamples, welcome } from './demo.ts'
import { doctor } from './doctor.ts'
import { globalEnvironment, type Host, type Io, runCli } from './doors/cli.ts'
import { oauthRoutes } from './doors/oauth.ts'
import { perform } from './engine/perform.ts'
import { type House, openHouse, upgrade, VERSION } from './house.ts'
import { type Actor, systemActor } from './kernel/actor.ts'
import type { Area } from './kernel/area.ts'
import {
  eitherAuthenticator,
  keyFile,
  keyringOfHouse,
  messagesOfHouse,
  originOfHouse,
  peopleContext,
} from './people.ts'
import { addKey } from './ports/keyring-file.ts'
import { openPromotion } from './promotion.ts'
import { startServing, startWorking } from './serve.ts'
import { readSettings, type Settings } from './settings.ts'
import { migrateDown, migrationStatus } from './store/migrate.ts'
import { SettingsError } from './store/target.ts'

const PROJECT = fileURLToPath(new URL('..', import.meta.url))

/** The lines of business. An area is a folder, and its name here. */
const AREAS = [platform, catalog]

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort(signal))

const argv = process.argv.slice(2)
const env = { ...process.env, ...globalEnvironment(argv, process.env) }
const io: Io = {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  isTerminal: Boolean(process.stdin.isTTY && process.stderr.isTTY),
  env,
  signal: interrupted.signal,
  prompt: ask,
}

const host: Host = {
  version: VERSION,
  defaultResource: 'product',
  tokenResource: 'token',
  accessResources: { grant: 'grant', client: 'client', key: 'client_key' },
  areas: [statsCommand, nukeCommand],
  async open(options) {
    const house = await open(options)
    return {
      services: house.services,
      actor: person(),
      people: peopleByHand(house, readSettings(env, PROJECT)),
      promotion: (place) => openPromotion(house, AREAS, person(), place, readSettings(env, PROJECT).home),
      close: () => house.close(),
    }
  },
  serve: ({ demo, work: works, port, host: address }) =>
    serve({ demo, works, ...(port === undefined ? {} : { port }), ...(address ? { host: address } : {}) }),
  work,
  migrate: {
    status: () => withHouse({ migrate: false }, ({ cluster }) => migrationStatus(cluster.connection)),
    up: () => withHouse({ migrate: false }, ({ cluster, backups }) => upgrade(cluster, backups)),
    down: (count) =>
      withHouse({ migrate: false }, async ({ cluster, backups }) => {
        const { name } = await backups.take(`before migrate down ${count}`)
        return { ran: await migrateDown(cluster.connection, count), backup: name }
      }),
  },
  doctor: () => withHouse({ migrate: false }, (house) => doctor(house, AREAS, readSettings(env, PROJECT))),
}

process.exitCode = await runCli(argv, host, io)
// What was under way when Ctrl-C came is rolled back; nothing is waited for.
if (interrupted.signal.aborted) process.exit()

function open(options: { migrate?: boolean; onProgress?(message: string): void }): Promise<House> {
  return openHouse(readSettings(env, PROJECT), AREAS, { ...options, signal: interrupted.signal })
}

async function withHouse<Result>(
  options: { migrate: boolean },
  work: (house: House) => Promise<Result>,
): Promise<Result> {
  const house = await open({ ...options, onProgress: note })
  try {
    return await work(house)
  } finally {
    await house.close()
  }
}

async function serve(options: {
  demo: boolean
  works: boolean
  port?: number
  host?: string
}): Promise<void> {
  const settings = {
    ...readSettings(env, PROJECT),
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.host ? { host: options.host } : {}),
  }
  const house = await openHouse(settings, AREAS, { onProgress: note, signal: interrupted.signal })
  try {
    const demo = options.demo ? await loadSamples(house, person(), PROJECT, settings.importFolders[0]) : null
    const context = peopleContext(house.engine, settings, keyringOfHouse(settings))
    const onError = (error: Error) => note(`A sign-in could not be written down: ${error.message}`)
    const people = createPeople({ ...context, onError })
    house.services.people = people
    const persons = eitherAuthenticator(people, tokenAuthenticator(context.query))
    const clients = clientAuthenticator(context.query)
    house.engine.access.onChange(clients.forget)
    const oauth = oauthService(
      context.query,
      (action) => perform(house.engine, { ...action, actor: systemActor('oauth') }),
      clients,
    )
    const running = await startServing(
      house,
      options.works ? working(settings) : null,
      settings,
      (secret, address) => (isOfClient(secret) ? clients.authenticate(secret, address) : persons(secret)),
      (app) => oauthRoutes(app, oauth),
    )
    io.stdout.write(
      demo
        ? briefing(running.url!, demo)
        : `Serai ${VERSION} is ready at ${running.url} (${settings.environment}, ${house.services.database})\n`,
    )
    io.stdout.write(welcome(running.url!, await firstOwnerLink(context)))
    await untilInterrupted()
    await running.stop()
    await people.settled()
    await clients.close()
  } finally {
    await house.close()
  }
}

async function work(): Promise<void> {
  const settings = readSettings(env, PROJECT)
  const house = await openHouse(settings, AREAS, { onProgress: note, signal: interrupted.signal })
  try {
    const running = await startWorking(house, working(settings), settings)
    io.stdout.write(`Serai ${VERSION} works (${settings.environment}, ${house.services.database})\n`)
    await untilInterrupted()
    await running.stop()
  } finally {
    await house.close()
  }
}

/** The areas with the work that needs ports: messages to people. */
function working(settings: Settings): Area[] {
  const { business } = settings
  const [keys, origin] = [keyringOfHouse(settings), originOfHouse(settings)]
  const jobs = peopleJobs({ ...messagesOfHouse(settings), keys, business, origin })
  return AREAS.map((area) => (area === platform ? { ...area, jobs: [...(area.jobs ?? []), ...jobs] } : area))
}

function peopleByHand(house: House, settings: Settings) {
  const context = () => peopleContext(house.engine, settings, keyringOfHouse(settings))
  return {
    async link(login: string) {
      const found = await linkByHand(context(), login)
      return found && { url: `${originOfHouse(settings)}/#/link/${found.token}`, minutes: found.minutes }
    },
    async rotateKeys() {
      if (settings.keys)
        throw new SettingsError(
          'setting_invalid',
          'The keys come from SERAI_KEYS: put a new one in front of them there.',
        )
      const key = addKey(keyFile(settings))
      return { key, resealed: await resealAll(context()) }
    },
  }
}

function untilInterrupted(): Promise<void> {
  const { signal } = interrupted
  return new Promise((resolve) =>
    signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
  )
}

/** Whoever can run the command line on this machine can read the database's files: they are its owner. */
function person(): Actor {
  const { username } = userInfo()
  return { id: `cli:${username}`, name: username, roles: ['owner'] }
}

function note(message: string): void {
  io.stderr.write(`${message}\n`)
}

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await lines.question(question, { signal: interrupted.signal })
  } finally {
    lines.close()
  }
}
