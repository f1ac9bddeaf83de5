// Preloaded (`--import`): the program's modules are loaded without the types that they were written with, which are taken out once and for
// all. What Node has for that (WebAssembly) would stay in memory for as long as the process lives, some 15 MB, and take half of the time
// to start. Node's own cache (NODE_COMPILE_CACHE) does without it as well, but keeps all that it has read in memory.
// Run by itself it takes the types out of all modules: for where the program cannot write later.
import { createHash, randomUUID } from 'node:crypto'
import { globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dependencies = join(root, 'node_modules', sep)
const folder = join(root, '.cache', 'plain-modules')

registerHooks({
  load(url, context, next) {
    const path = url.startsWith('file:') && url.endsWith('.ts') ? fileURLToPath(url) : ''
    const source = path.startsWith(root) && !path.startsWith(dependencies) ? plain(path) : undefined
    return source === undefined ? next(url, context) : { format: 'module', source, shortCircuit: true }
  },
})

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const path of globSync('*/**/*.ts', { cwd: root, exclude: ['node_modules'] })) plain(join(root, path))

/** The text of a module without its types, every position as it was; undefined where it is not right, of which Node says more. */
function plain(path) {
  const written = readFileSync(path)
  const kept = join(folder, `${relative(root, path).replaceAll(sep, '%')}.js`)
  // One file for each module, which ends with what it was made of and by whom: the cache does not grow, and is never stale.
  const mark = `\n// ${process.version} ${createHash('sha256').update(written).digest('hex')}\n`
  const before = read(kept)
  if (before?.endsWith(mark)) return before
  const text = stripped(written.toString())
  if (text === undefined) return undefined
  const source = text + mark
  try {
    mkdirSync(folder, { recursive: true })
    // Several processes may start at once; none may read what another has half written.
    const fresh = `${kept}.${randomUUID()}`
    writeFileSync(fresh, source)
    renameSync(fresh, kept)
  } catch {
    // Where nothing can be written, each start takes them out anew.
  }
  return source
}

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function stripped(text) {
  const { emitWarning } = process
  // Node does by itself what it calls experimental as a function: nobody has to be warned.
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(text)
  } catch {
    return undefined
  } finally {
    process.emitWarning = emitWarning
  }
}
