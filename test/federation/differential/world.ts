import type { Random } from './random.ts'

/** A random domain: types, fields, and which subgraph answers what. Values are computed, not stored (see values.ts). */
export interface World {
  seed: number
  subgraphs: string[]
  enums: string[]
  /** Object types, entities and plain values. */
  objects: ObjectSpec[]
  interfaces: InterfaceSpec[]
  unions: { name: string, members: string[] }[]
  queries: FieldSpec[]
  mutations: FieldSpec[]
}

export interface ObjectSpec {
  name: string
  /** Its number; entity ids begin with it, so that an id alone tells the type. */
  index: number
  entity: boolean
  /** Keys by subgraph, for entities: what a subgraph can find it by. */
  keys: Record<string, ('id' | 'code')[]>
  /**
   * Key field sets by subgraph, of a type of which every subgraph has all the fields that keys are made of; undefined
   * for others.
   */
  keySets: Record<string, string[]> | undefined
  fields: FieldSpec[]
  interfaces: string[]
}

export interface InterfaceSpec {
  name: string
  members: string[]
  /** The subgraph that sees it as an interface object, and the one that has the real one. */
  objectIn: string | undefined
  home: string
  /** Fields that the interface object adds to all members. */
  added: FieldSpec[]
}

export interface FieldSpec {
  name: string
  /** As in SDL: `[T1!]!`. */
  type: string
  args: ArgSpec[]
  owners: string[]
  /** A subgraph from which the owner took the field over; it still has it, and answers wrongly. */
  overridden: string | undefined
  requires: Requirement[]
  provides: string | undefined
  /** In a thousand. */
  faults: number
}

export interface ArgSpec {
  name: string
  type: string
  fallback: string | undefined
}

/** A field of another subgraph on which a computed field depends: `name`, `name(x: 3)` or `name { child }`. */
export interface Requirement {
  name: string
  argument: number | undefined
  child: string | undefined
}

export const namedType = (type: string): string => type.replace(/[[\]!]/g, '')

const scalarTypes = ['Int', 'Float', 'String', 'Boolean', 'ID', 'JSON']

export const createWorld = (seed: number, random: Random): World => {
  const subgraphs = ['alpha', 'beta', 'gamma', 'delta'].slice(0, 2 + random.below(3))
  const world: World = {
    seed, subgraphs, enums: ['Color'], objects: [], interfaces: [], unions: [], queries: [], mutations: [],
  }
  const entities = 2 + random.below(3)
  const values = random.below(3)
  for (let index = 0; index < entities + values; index++) {
    const entity = index < entities
    world.objects.push({ name: `${entity ? 'T' : 'V'}${index}`, index, entity, keys: {}, keySets: undefined, fields: [], interfaces: [] })
  }
  for (const type of world.objects.filter(({ entity }) => entity)) chooseKeys(type, world, random)
  chooseAbstract(world, random)
  for (const type of world.objects) chooseFields(type, world, random)
  const owned = world.objects.filter(({ entity }) => entity)
  for (const type of owned) chooseRequirements(type, world, random)
  for (const type of owned) chooseProvisions(type.fields, world, random)
  for (let index = 0; index < 3 + random.below(4); index++) world.queries.push(rootField(`q${index}`, world, random))
  for (let index = 0; index < random.below(4); index++) world.mutations.push(rootField(`m${index}`, world, random))
  chooseProvisions(world.queries, world, random)
  return world
}

const keySets = ['id', 'code', 'id code', 'ref { id }', 'code ref { id code }']

const chooseKeys = (type: ObjectSpec, world: World, random: Random): void => {
  if (random.chance(0.15)) {
    type.keySets = {}
    for (const subgraph of world.subgraphs) {
      type.keys[subgraph] = ['id', 'code']
      type.keySets[subgraph] = [...new Set([random.pick(keySets), random.pick(keySets)])]
    }
    return
  }
  const two = random.chance(0.3)
  const bridge = random.pick(world.subgraphs)
  for (const subgraph of world.subgraphs) {
    type.keys[subgraph] = !two ? ['id'] : subgraph === bridge ? ['id', 'code'] : [random.pick(['id', 'code'])]
  }
}

const chooseAbstract = (world: World, random: Random): void => {
  const entities = world.objects.filter(({ entity }) => entity)
  for (let index = 0; index < random.below(3); index++) {
    const members = random.some(entities, 0.6)
    if (members.length === 0) continue
    const name = `I${index}`
    for (const member of members) member.interfaces.push(name)
    const home = random.pick(world.subgraphs)
    const simple = members.every(({ keys, keySets: sets }) => !sets && Object.values(keys).every((names) => names.includes('id')))
    const others = world.subgraphs.filter((subgraph) => subgraph !== home)
    const objectIn = simple && random.chance(0.35) ? random.pick(others) : undefined
    world.interfaces.push({ name, members: members.map((member) => member.name), home, objectIn, added: [] })
  }
  if (random.chance(0.5)) {
    const members = random.some(entities, 0.7).map(({ name }) => name)
    if (members.length > 0) world.unions.push({ name: 'U0', members })
  }
  for (const abstract of world.interfaces) {
    if (!abstract.objectIn) continue
    abstract.added.push(plainField(`x${abstract.name}`, random, [abstract.objectIn]))
    // A subgraph must not have both the interface object and the types that it stands for.
    for (const member of abstract.members) {
      const type = world.objects.find(({ name }) => name === member)
      if (type) delete type.keys[abstract.objectIn]
    }
  }
}

const scalarField = (random: Random): string => {
  const scalar = random.chance(0.15) ? 'Color' : random.pick(scalarTypes)
  return wrapped(scalar, random)
}

const wrapped = (name: string, random: Random): string => {
  const inner = random.chance(0.4) ? `${name}!` : name
  if (random.chance(0.65)) return inner
  const list = `[${inner}]${random.chance(0.4) ? '!' : ''}`
  return random.chance(0.1) ? `[${list}]` : list
}

const chooseArgs = (random: Random): ArgSpec[] => {
  const args: ArgSpec[] = []
  if (random.chance(0.3)) args.push({ name: 'n', type: 'Int', fallback: random.chance(0.5) ? '7' : undefined })
  if (random.chance(0.15)) args.push({ name: 'color', type: random.chance(0.5) ? 'Color' : '[Color!]', fallback: undefined })
  if (random.chance(0.15)) args.push({ name: 'where', type: 'Where', fallback: random.chance(0.3) ? '{a: 1}' : undefined })
  return args
}

const plainField = (name: string, random: Random, owners: string[]): FieldSpec => ({
  name, type: scalarField(random), args: random.chance(0.3) ? chooseArgs(random) : [], owners, overridden: undefined, requires: [],
  provides: undefined, faults: random.chance(0.2) ? 60 : 0,
})

/** A second owner sometimes, where it may have the type, too. */
const withSecond = (owner: string, possible: readonly string[], type: string, world: World, random: Random): string[] => {
  const abstract = [...world.interfaces.filter(({ objectIn }) => !objectIn), ...world.unions].find(({ name }) => name === namedType(type))
  const targets = world.objects.filter(({ name }) => name === namedType(type) || abstract?.members.includes(name))
  const others = possible.filter((one) => one !== owner
    && (targets.length > 0 ? targets.every(({ entity, keys }) => !entity || keys[one]) : isLeaf(type)))
  return others.length > 0 && random.chance(0.15) ? [owner, random.pick(others)] : [owner]
}

const homes = (type: ObjectSpec, world: World): string[] => type.entity ? Object.keys(type.keys) : world.subgraphs

const outputType = (world: World, random: Random, subgraph: string | undefined): string => {
  const hidden = (name: string): boolean => world.interfaces.some(({ objectIn, members }) =>
    subgraph !== undefined && objectIn === subgraph && members.includes(name))
  const candidates = [
    ...world.objects.filter(({ name }) => !hidden(name)).map(({ name }) => name),
    ...world.interfaces.filter(({ members, objectIn }) => objectIn === subgraph || !members.some(hidden)).map(({ name }) => name),
    ...world.unions.filter(({ members }) => !members.some(hidden)).map(({ name }) => name),
  ]
  return candidates.length === 0 ? scalarField(random) : wrapped(random.pick(candidates), random)
}

const chooseFields = (type: ObjectSpec, world: World, random: Random): void => {
  const possible = homes(type, world)
  if (possible.length === 0) return
  for (let index = 0; index < 2 + random.below(4); index++) {
    const owner = random.pick(possible)
    const field = plainField(`f${index}`, random, type.entity ? [owner] : [])
    if (type.entity && random.chance(0.4)) {
      field.type = outputType(world, random, owner)
      field.args = random.chance(0.3) ? chooseArgs(random) : []
      field.owners = withSecond(owner, possible, field.type, world, random)
    } else if (type.entity && random.chance(0.12)) {
      field.owners = [...new Set([owner, random.pick(possible)])]
    } else if (type.entity && random.chance(0.1)) {
      const from = random.pick(possible)
      if (from !== owner) field.overridden = from
    }
    type.fields.push(field)
  }
  // What every member has, an interface may have, too.
  for (const name of type.interfaces) {
    const common = `c${name}`
    if (world.interfaces.some(({ name: one, objectIn }) => one === name && objectIn !== undefined)) continue
    const first = world.objects.find((other) => other !== type && other.fields.some((field) => field.name === common))
      ?.fields.find((field) => field.name === common)
    const field = plainField(common, random, [random.pick(possible)])
    type.fields.push(first ? { ...field, type: first.type, args: first.args } : field)
  }
}

const chooseRequirements = (type: ObjectSpec, world: World, random: Random): void => {
  for (const field of type.fields) {
    const [owner] = field.owners
    if (owner === undefined || field.owners.length > 1 || field.overridden || !random.chance(0.3)) continue
    const isCommon = field.name.startsWith('c')
    if (isCommon) continue
    for (const other of type.fields) {
      if (other === field || other.owners.includes(owner) || other.overridden || other.faults > 0 || needs(type, other, field)) continue
      if (other.provides || !random.chance(isLeaf(other.type) ? 0.5 : 0.9)) continue
      if (other.args.length === 0 && isLeaf(other.type) && !other.name.startsWith('c') && random.chance(0.3)
        && !type.fields.some(({ requires }) => requires.some(({ name }) => name === other.name))) {
        other.args = [{ name: 'n', type: 'Int', fallback: undefined }]
      }
      const target = world.objects.find(({ name }) => name === namedType(other.type))
      if (target) {
        if (!target.entity || target.keys[owner] === undefined || other.args.length > 0) continue
        const child = target.fields.find((candidate) => candidate.faults === 0 && candidate.requires.length === 0
          && !candidate.overridden && candidate.args.length === 0 && isLeaf(candidate.type))
        if (child) field.requires.push({ name: other.name, argument: undefined, child: child.name })
      } else if (isLeaf(other.type)) {
        const only = other.args.length === 1 && other.args[0]?.name === 'n' ? other.args[0] : undefined
        if (other.args.length > 0 && !only) continue
        const argument = only && (only.fallback !== undefined || random.chance(0.8)) ? random.below(3) : undefined
        field.requires.push({ name: other.name, argument, child: undefined })
      }
    }
  }
}

/** Whether a field needs another one, however indirectly. */
const needs = (type: ObjectSpec, field: FieldSpec, needed: FieldSpec): boolean => field.requires.some(({ name }) =>
  name === needed.name || needs(type, type.fields.find((one) => one.name === name)!, needed))

export const isLeaf = (type: string): boolean => scalarTypes.includes(namedType(type)) || namedType(type) === 'Color'

const chooseProvisions = (fields: FieldSpec[], world: World, random: Random): void => {
  for (const field of fields) {
    const [owner] = field.owners
    const target = world.objects.find(({ name, entity }) => entity && name === namedType(field.type))
    if (!target || owner === undefined || field.owners.length > 1 || field.overridden || !random.chance(0.3)) continue
    const given = target.fields.find((candidate) => isLeaf(candidate.type) && !candidate.owners.includes(owner)
      && candidate.args.length === 0 && candidate.requires.length === 0 && !candidate.overridden)
    if (given && target.keys[owner]) field.provides = given.name
  }
}

const rootField = (name: string, world: World, random: Random): FieldSpec => {
  const owner = random.pick(world.subgraphs)
  const type = outputType(world, random, owner)
  return {
    name, type, args: chooseArgs(random), owners: name.startsWith('q') ? withSecond(owner, world.subgraphs, type, world, random) : [owner], overridden: undefined, requires: [],
    provides: undefined, faults: random.chance(0.1) ? 100 : 0,
  }
}
