import { isLeaf, namedType, type ArgSpec, type FieldSpec, type ObjectSpec, type World } from './world.ts'

const header = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: [
  "@key", "@shareable", "@external", "@requires", "@provides", "@override", "@interfaceObject"
])`

const common = `
enum Color { RED GREEN BLUE }
input Where { a: Int = 5 b: [String!] c: Where color: Color }
scalar JSON
`

const referenceType = (directives: string): string => `type Ref${directives} {\n  id: ID!\n  code: String!\n}`

/** The whole world as one schema without federation. */
export const mergedSdl = (world: World): string => [
  common,
  ...world.interfaces.map(({ name, members, added }) => {
    const all = members.map((member) => world.objects.find((type) => type.name === member)?.fields ?? [])
    const shared = all[0]?.filter(({ name: field }) => field === `c${name}`) ?? []
    return `interface ${name} {\n  id: ID!\n  code: String!\n${[...shared, ...added].map((field) => plain(field)).join('\n')}\n}`
  }),
  ...world.objects.map((type) => {
    const added = world.interfaces.filter(({ name }) => type.interfaces.includes(name)).flatMap((one) => one.added)
    const keys = type.entity ? `  id: ID!\n  code: String!\n${type.keySets ? '  ref: Ref!\n' : ''}` : ''
    return `type ${type.name}${implementing(type.interfaces)} {\n${keys}${[...type.fields, ...added].map(plain).join('\n')}\n}`
  }),
  ...world.unions.map(({ name, members }) => `union ${name} = ${members.join(' | ')}`),
  world.objects.some((type) => type.keySets) ? referenceType('') : '',
  `type Query {\n${world.queries.map(plain).join('\n')}\n}`,
  world.mutations.length > 0 ? `type Mutation {\n${world.mutations.map(plain).join('\n')}\n}` : '',
].join('\n')

const implementing = (interfaces: readonly string[]): string =>
  interfaces.length > 0 ? ` implements ${interfaces.join(' & ')}` : ''

const plain = ({ name, args, type }: FieldSpec): string => `  ${name}${argumentList(args)}: ${type}`

const argumentList = (args: readonly ArgSpec[]): string => args.length === 0 ? '' :
  `(${args.map(({ name, type, fallback }) => `${name}: ${type}${fallback === undefined ? '' : ` = ${fallback}`}`).join(', ')})`

/** What one subgraph must define: the fields that it answers, and whatever those mention. */
export const subgraphSdl = (world: World, subgraph: string): string => {
  const parts = new SubgraphParts(world, subgraph)
  return [header, common, ...parts.definitions()].join('\n')
}

class SubgraphParts {
  readonly #world: World
  readonly #subgraph: string
  readonly #objects = new Set<ObjectSpec>()
  readonly #abstract = new Set<string>()
  /** Fields of other subgraphs that requirements and provisions mention, by type. */
  readonly #external = new Map<string, Set<string>>()

  constructor(world: World, subgraph: string) {
    this.#world = world
    this.#subgraph = subgraph
    for (const root of [...world.queries, ...world.mutations]) if (root.owners.includes(subgraph)) this.#mention(root)
    for (const type of world.objects) {
      if (type.entity && this.#owned(type).length > 0) this.#add(type.name)
    }
    for (const { name, objectIn, home } of world.interfaces) {
      if (objectIn !== undefined && (objectIn === subgraph || home === subgraph)) this.#add(name)
    }
  }

  *definitions(): Generator<string> {
    for (const name of this.#abstract) yield this.#abstractType(name)
    for (const type of this.#objects) yield this.#object(type)
    if ([...this.#objects].some((type) => type.keySets)) yield referenceType(' @shareable')
    const queries = this.#world.queries.filter(({ owners }) => owners.includes(this.#subgraph))
    if (queries.length > 0) yield `type Query {\n${queries.map((field) => this.#field(field)).join('\n')}\n}`
    const mutations = this.#world.mutations.filter(({ owners }) => owners.includes(this.#subgraph))
    if (mutations.length > 0) yield `type Mutation {\n${mutations.map((field) => this.#field(field)).join('\n')}\n}`
  }

  #owned(type: ObjectSpec): FieldSpec[] {
    if (!type.entity) return type.fields
    return type.fields.filter(({ owners, overridden }) => owners.includes(this.#subgraph) || overridden === this.#subgraph)
  }

  #add(name: string): void {
    const type = this.#world.objects.find((one) => one.name === name)
    if (type) {
      if (this.#objects.has(type)) return
      this.#objects.add(type)
      for (const field of this.#owned(type)) {
        this.#mention(field)
        if (field.overridden !== this.#subgraph) this.#require(type, field)
      }
      return
    }
    if (this.#abstract.has(name)) return
    const abstract = this.#world.interfaces.find((one) => one.name === name)
    const members = abstract?.members ?? this.#world.unions.find((one) => one.name === name)?.members
    if (!members) return
    this.#abstract.add(name)
    if (abstract?.objectIn !== this.#subgraph) for (const member of members) this.#add(member)
  }

  #mention(field: FieldSpec): void {
    this.#add(namedType(field.type))
    if (field.provides) this.#borrow(namedType(field.type), field.provides)
  }

  #require(type: ObjectSpec, field: FieldSpec): void {
    for (const { name, child } of field.requires) {
      this.#borrow(type.name, name)
      const target = type.fields.find((one) => one.name === name)
      if (child === undefined || !target) continue
      this.#add(namedType(target.type))
      this.#borrow(namedType(target.type), child)
    }
  }

  #borrow(type: string, field: string): void {
    const names = this.#external.get(type) ?? new Set()
    names.add(field)
    this.#external.set(type, names)
  }

  #abstractType(name: string): string {
    const union = this.#world.unions.find((one) => one.name === name)
    if (union) return `union ${name} = ${union.members.join(' | ')}`
    const spec = this.#world.interfaces.find((one) => one.name === name)!
    if (spec.objectIn === this.#subgraph) {
      return `type ${name} @key(fields: "id") @interfaceObject {\n  id: ID!\n${spec.added.map(plain).join('\n')}\n}`
    }
    const members = spec.members.flatMap((member) => this.#world.objects.filter((type) => type.name === member))
    const shared = this.#owned(members[0]!).filter(({ name: field }) =>
      field === `c${name}` && members.every((member) => this.#owned(member).some((one) => one.name === field)))
    const hasId = members.every((member) => member.keys[this.#subgraph]?.includes('id'))
    const fields = [...hasId ? ['  id: ID!'] : [], ...shared.map(plain)]
    if (fields.length === 0) fields.push(...members.every((member) => member.keys[this.#subgraph]?.includes('code'))
      ? ['  code: String!'] : ['  id: ID!'])
    return `interface ${name}${spec.objectIn !== undefined && spec.home === this.#subgraph ? ' @key(fields: "id")' : ''} {\n`
      + `${fields.join('\n')}\n}`
  }

  #object(type: ObjectSpec): string {
    const keys = type.keys[this.#subgraph] ?? []
    const owned = this.#owned(type)
    const external = [...this.#external.get(type.name) ?? []]
      .filter((name) => !owned.some((field) => field.name === name))
      .flatMap((name) => type.fields.filter((field) => field.name === name))
    const interfaces = type.interfaces.filter((name) => this.#abstract.has(name)
      && this.#world.interfaces.find((one) => one.name === name)?.objectIn !== this.#subgraph)
    const lines = [
      ...keys.map((key) => `  ${key}: ${key === 'id' ? 'ID!' : 'String!'}${type.keySets ? ' @shareable' : ''}`),
      ...type.keySets ? ['  ref: Ref! @shareable'] : [],
      ...owned.map((field) => this.#field(field, type)),
      ...external.map((field) => `${plain(field)} @external`),
    ]
    const directives = type.entity ? (type.keySets?.[this.#subgraph] ?? keys).map((key) => ` @key(fields: "${key}")`).join('') : ' @shareable'
    return `type ${type.name}${implementing(interfaces)}${directives} {\n${lines.join('\n')}\n}`
  }

  #field(field: FieldSpec, type?: ObjectSpec): string {
    let line = plain(field)
    if (field.overridden === this.#subgraph) return line
    if (field.requires.length > 0) line += ` @requires(fields: "${field.requires.map(requirementText).join(' ')}")`
    if (field.provides) line += ` @provides(fields: "${field.provides}")`
    if (field.overridden) line += ` @override(from: "${field.overridden}")`
    const isShared = field.owners.length > 1 || type !== undefined && this.#providedElsewhere(type, field)
    if (type?.entity !== false && isShared) line += ' @shareable'
    return line
  }

  #providedElsewhere(type: ObjectSpec, field: FieldSpec): boolean {
    const all = [...this.#world.queries, ...this.#world.objects.flatMap(({ fields }) => fields)]
    return isLeaf(field.type) && all.some((other) => other.provides === field.name && namedType(other.type) === type.name)
  }
}

const requirementText = ({ name, argument, child }: FieldSpec['requires'][number]): string =>
  `${name}${argument === undefined ? '' : `(n: ${argument})`}${child === undefined ? '' : ` { ${child} }`}`
