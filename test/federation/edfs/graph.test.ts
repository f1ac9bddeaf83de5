import assert from 'node:assert/strict'
import { test } from 'node:test'
import { composeSubgraphs, CompositionError, eventSubgraph } from '../../../federation/index.ts'
import { MemorySource } from './memory-source.ts'

const employees = {
  name: 'employees',
  typeDefs: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
    type Employee @key(fields: "id") { id: Int! tag: String }
    type Query { employee: Employee }`,
}

/** The example of the directives' documentation, with its own definitions of them. */
const documented = `
directive @edfs__kafkaPublish(topic: String!, providerId: String! = "default") on FIELD_DEFINITION
directive @edfs__kafkaSubscribe(topics: [String!]!, providerId: String! = "default") on FIELD_DEFINITION
directive @openfed__subscriptionFilter(condition: openfed__SubscriptionFilterCondition!) on FIELD_DEFINITION
scalar openfed__SubscriptionFilterValue
input openfed__SubscriptionFieldCondition { fieldPath: String! values: [openfed__SubscriptionFilterValue]! }
input openfed__SubscriptionFilterCondition {
  AND: [openfed__SubscriptionFilterCondition!] IN: openfed__SubscriptionFieldCondition
  NOT: openfed__SubscriptionFilterCondition OR: [openfed__SubscriptionFilterCondition!]
}
input UpdateEmployeeInput { name: String email: String }
input KafkaInput { ids: [Int!]! }
type Mutation {
  updateEmployee(employeeID: Int!, update: UpdateEmployeeInput!): edfs__PublishResult! @edfs__kafkaPublish(topic: "employeeUpdated")
}
type Subscription {
  updated(employeeID: ID!): Employee! @edfs__kafkaSubscribe(topics: ["employeeUpdated", "employeeUpdatedTwo"])
    @openfed__subscriptionFilter(condition: { IN: { fieldPath: "id", values: [1, 3] } })
  chosen(input: KafkaInput!): Employee! @edfs__kafkaSubscribe(topics: "employeeUpdated")
    @openfed__subscriptionFilter(condition: { OR: [{ IN: { fieldPath: "id", values: ["{{ args.input.ids }}"] } }, { IN: { fieldPath: "id", values: [1] } }] })
}
type Employee @key(fields: "id", resolvable: false) { id: Int! @external }
type edfs__PublishResult { success: Boolean! }
`

test('a graph as it is documented composes, and clients see nothing of its directives', () => {
  const { supergraphSdl } = composeSubgraphs([{ name: 'streams', typeDefs: documented }, employees])
  assert.match(supergraphSdl, /type Employee @join__type\(graph: EMPLOYEES, key: "id"\) @join__type\(graph: STREAMS, key: "id", resolvable: false\)/)
  assert.doesNotMatch(supergraphSdl, /openfed|edfs__kafka/)
})

test('definitions may be left out, the graph may be Federation 2, and several may publish', () => {
  const graph = (link: string, field: string) => `${link}
    type Mutation { ${field}(id: ID!): edfs__PublishResult! @edfs__kafkaPublish(topic: "t") }
    type Subscription { on${field}: Employee @edfs__kafkaSubscribe(topics: ["t"]) }
    extend type Employee @key(fields: "id", resolvable: false) { id: Int! }`
  const { supergraphSdl } = composeSubgraphs([
    { name: 'one', typeDefs: graph('', 'one') },
    { name: 'two', typeDefs: graph('extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])', 'two') },
    employees,
  ])
  assert.match(supergraphSdl, /type edfs__PublishResult @join__type\(graph: ONE\) @join__type\(graph: TWO\)/)
})

const problemsOf = (action: () => unknown) => {
  try {
    action()
  } catch (error) {
    assert.ok(error instanceof CompositionError, String(error))
    return error.problems
  }
  return []
}

/** What is wrong with a graph of these lines, which begin at line 1, as composition and start-up tell it. */
const problems = (...lines: string[]) => {
  const typeDefs = [...lines, 'type Employee @key(fields: "id", resolvable: false) { id: Int! tags: [Tag!] } type Tag { name: String }',
    'input In { id: ID list: [ID!] }'].join('\n')
  const composing = problemsOf(() => composeSubgraphs([{ name: 'streams', typeDefs }, employees]))
  const starting = problemsOf(() => eventSubgraph({
    name: 'streams', typeDefs, sources: new Map([['default', new MemorySource()]]), report: () => {},
  }))
  assert.deepEqual(starting, composing)
  return composing.map(({ message, code, subgraph, line, column }) => {
    assert.equal(code, 'INVALID_EVENT_GRAPH')
    assert.equal(subgraph, 'streams')
    return `${line}:${column} ${message}`
  })
}

const field = (rest: string, args = '(id: ID!, ids: [ID!], in: In)', type = 'Employee') => `  on${args}: ${type}\n    ${rest}\n}`
const subscribeTo = (directives: string, args?: string, type?: string) => problems('type Subscription {', field(directives, args, type))

test('topics that are wrong are told at the directive', () => {
  for (const [directive, problem] of [
    ['@edfs__kafkaSubscribe(topics: ["a", "b.{{ args.other }}"])', '3:41 The topic "b.{{ args.other }}" of "Subscription.on" uses args.other, which the field does not have.'],
    ['@edfs__kafkaSubscribe(topics: "{{ args.ids }}")', '3:35 The topic "{{ args.ids }}" of "Subscription.on" uses args.ids, which is a list; expected a scalar.'],
    ['@edfs__kafkaSubscribe(topics: "{{ args.in }}")', '3:35 The topic "{{ args.in }}" of "Subscription.on" uses args.in, which is an object; name one of its fields.'],
    ['@edfs__kafkaSubscribe(topics: "{{ args.in.nope }}")', '3:35 The topic "{{ args.in.nope }}" of "Subscription.on" uses args.in.nope, which the field does not have.'],
    ['@edfs__kafkaSubscribe(topics: "{{ id }}")', '3:35 A topic of "Subscription.on" is no template: "{{ id }}" names no argument; expected {{ args.name }} or {{ args.name.field }}.'],
    ['@edfs__kafkaSubscribe(topics: "a b")', '3:35 The topic "a b" of "Subscription.on" can have letters, digits, ".", "_" and "-" only.'],
    ['@edfs__kafkaSubscribe(topics: [])', '3:5 @edfs__kafkaSubscribe of "Subscription.on" needs "topics": at least one.'],
    ['@edfs__kafkaSubscribe(topics: [1])', '3:36 A topic of "Subscription.on" must be a text that is not empty.'],
    ['@edfs__kafkaSubscribe(topics: "a", providerId: "")', '3:5 The "providerId" of "Subscription.on" must be a text that is not empty.'],
    ['@edfs__kafkaSubscribe(topics: "a") @edfs__kafkaSubscribe(topics: "b")', '3:40 "Subscription.on" has @edfs__kafkaSubscribe more than once.'],
    ['@edfs__kafkaSubscribe(topics: "a") @edfs__natsSubscribe(subjects: "b")', '3:40 "Subscription.on" has @edfs__natsSubscribe; here, only @edfs__kafkaSubscribe is understood.'],
  ] as const) assert.deepEqual(subscribeTo(directive), [problem], directive)
})

test('filters that are wrong are told at the directive', () => {
  const filtered = (condition: string) => subscribeTo(`@edfs__kafkaSubscribe(topics: "a") @openfed__subscriptionFilter(condition: ${condition})`)
  const told = (message: string) => [`3:40 @openfed__subscriptionFilter of "Subscription.on": ${message}`]
  assert.deepEqual(filtered('1'), told('"condition" must be an object with AND, OR, NOT or IN.'))
  assert.deepEqual(filtered('{ IN: { fieldPath: "tag", values: [1] } }'), told('"condition.IN.fieldPath" is "tag", but "Employee" has no field "tag" in this subgraph.'))
  assert.deepEqual(filtered('{ IN: { fieldPath: "tags", values: [1] } }'), told('"condition.IN.fieldPath" is "tags", but "Employee.tags" is an object; expected the path of a scalar or an enum.'))
  assert.deepEqual(filtered('{ IN: { fieldPath: "id.x", values: [1] } }'), told('"condition.IN.fieldPath" is "id.x", but "Employee.id" has no fields.'))
  assert.deepEqual(filtered('{ NOT: { IN: { fieldPath: "tags.nope", values: [1] } } }'), told('"condition.NOT.IN.fieldPath" is "tags.nope", but "Tag" has no field "nope" in this subgraph.'))
  assert.deepEqual(filtered('{ IN: { fieldPath: "id", values: ["{{ args.nope }}"] } }'),
    ['3:40 "condition.IN.values[0]" of @openfed__subscriptionFilter of "Subscription.on" uses args.nope, which the field does not have.'])
  assert.equal(subscribeTo('@edfs__kafkaSubscribe(topics: "a") @openfed__subscriptionFilter(condition: {IN: {fieldPath: "id", values: 1}}) @openfed__subscriptionFilter').length, 1)
})

test('what an event-driven graph cannot have is told', () => {
  assert.deepEqual(subscribeTo('@deprecated', undefined, 'Employee @edfs__kafkaSubscribe(topics: "a")\n other: Int'),
    ['3:2 "Subscription.other" belongs to an event-driven graph, so it needs @edfs__kafkaSubscribe.'])
  assert.deepEqual(subscribeTo('@edfs__kafkaSubscribe(topics: "a")', '', '[Employee]').length, 1)
  assert.match(subscribeTo('@edfs__kafkaSubscribe(topics: "a")', '', 'Int')[0]!, /^3:5 .* must be an object, an interface or a union\.$/)
  assert.deepEqual(problems('type Mutation {', field('@edfs__kafkaPublish(topic: "a")', '', 'Int')),
    ['3:5 "Mutation.on" publishes events, so its type must be edfs__PublishResult!.'])
  assert.deepEqual(problems('type Mutation {', field('@edfs__kafkaPublish', '', 'edfs__PublishResult!')),
    ['3:5 @edfs__kafkaPublish of "Mutation.on" needs a "topic" that is a text.'])
  assert.deepEqual(problems('type Mutation {', field('@edfs__kafkaPublish(topic: "{{ args.x }}")', '', 'edfs__PublishResult!')),
    ['3:32 The topic "{{ args.x }}" of "Mutation.on" uses args.x, which the field does not have.'])
  assert.deepEqual(problems('type Mutation {', field('@edfs__kafkaPublish(topic: "a") @openfed__subscriptionFilter', '', 'edfs__PublishResult!')),
    ['3:37 "Mutation.on" has @openfed__subscriptionFilter, which only fields with @edfs__kafkaSubscribe can have.'])
  assert.deepEqual(problems('type Query { a: Int @edfs__natsRequest }'), [
    '1:21 "Query.a" has @edfs__natsRequest; only fields of subscriptions and mutations can have directives of events.',
    '1:14 "Query.a" belongs to an event-driven graph, which has no resolvers: move it to another subgraph.',
  ])
  assert.deepEqual(problems('type Subscription { a: X @edfs__kafkaSubscribe(topics: "a") }', 'type X @key(fields: "id") { id: ID! }'),
    ['2:8 "X" is an entity of an event-driven graph, which nothing resolves: its @key needs "resolvable: false".'])
})

test('a provider that is not connected is told at start-up, with what is', () => {
  const typeDefs = 'type Subscription {\n a: X @edfs__kafkaSubscribe(topics: "a", providerId: "mine") }\ntype X { id: ID }'
  assert.deepEqual(problemsOf(() => eventSubgraph({ name: 'streams', typeDefs, sources: new Map([['default', new MemorySource()]]), report: () => {} })), [{
    message: '@edfs__kafkaSubscribe names the provider "mine", which is not connected. Connected: default.',
    code: 'INVALID_EVENT_GRAPH', subgraph: 'streams', line: 2, column: 7,
  }])
})
