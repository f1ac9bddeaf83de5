import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  getNamedType, isEnumType, isInputObjectType, isListType, isObjectType, isTypeDefinitionNode, parse, type GraphQLSchema,
} from 'graphql'
import { load } from 'js-yaml'
import { composeOwnSubgraphs, buildOwnSubgraph } from '../../resolvers/compose.ts'
import { toFilter } from '../../resolvers/filters.ts'
import { subgraphNames, type SubgraphName } from '../../resolvers/subgraphs.ts'
import { loadSubgraphSdl } from '../../schema/load.ts'
import { committedSupergraph } from '../../schema/supergraph.ts'
import { entityFields, type FieldDefinition } from '../../search/entities.ts'
import { validateFilter } from '../../search/validate.ts'
import type { EntityKind } from '../../events/entity.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const kinds: [EntityKind, SubgraphName, string][] = [['user', 'users', 'User'], ['seller', 'sellers', 'Seller'], ['livestream', 'livestreams', 'Livestream']]
const definitions = (kind: EntityKind): [string, FieldDefinition][] => Object.entries(entityFields[kind])

/** `startedAt` → `STARTED_AT` */
const enumName = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

function inputFields(schema: GraphQLSchema, name: string) {
  const type = schema.getType(name)
  assert.ok(isInputObjectType(type), `${name} is no input`)
  return type.getFields()
}

/** A value of a comparator's type. */
function sample(typeName: string): unknown {
  const samples: Record<string, unknown> = { ID: 'a', String: 'a', Float: 1, Boolean: true, DateTime: 1, LivestreamStatus: 'LIVE' }
  return samples[typeName]
}

describe('the list of subgraphs', () => {
  test('has a schema file, a resolver folder and generated types for each, and there are no others', () => {
    const files = readdirSync(`${root}schema`).filter((name) => name.endsWith('.graphql')).map((name) => name.slice(0, -'.graphql'.length))
    assert.deepEqual(files.toSorted(), [...subgraphNames, 'shared', 'supergraph'].toSorted())
    const folders = readdirSync(`${root}resolvers`, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name)
    assert.deepEqual(folders.toSorted(), [...subgraphNames].toSorted())
    const { generates } = load(readFileSync(`${root}codegen.yml`, 'utf8')) as { generates: Record<string, { schema: string[] }> }
    assert.deepEqual(
      Object.entries(generates).filter(([file]) => file.startsWith('resolvers/')).map(([file, { schema }]) => [file, schema]).toSorted(),
      subgraphNames.map((name) => [`resolvers/${name}/generated/types.ts`, ['schema/shared.graphql', `schema/${name}.graphql`]]).toSorted(),
    )
  })

  test('composes into the committed supergraph', () => {
    assert.equal(composeOwnSubgraphs(), committedSupergraph())
  })

  for (const name of subgraphNames)
    test(`${name} has resolvers of all its root fields`, () => {
      const schema = buildOwnSubgraph(name)
      for (const type of [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()])
        for (const field of Object.values(type?.getFields() ?? {}))
          assert.ok(field.resolve ?? field.subscribe, `${type?.name}.${field.name} has no resolver`)
    })
})

describe('what clients read in the explorer', () => {
  for (const name of subgraphNames)
    test(`${name} describes every type, field, argument, input field and enum value`, () => {
      const undescribed: string[] = []
      let described = 0
      const look = (place: string) => (node: { name: { value: string }; description?: { value: string } }) => {
        if (node.description?.value.trim()) described++
        else undescribed.push(`${place}${node.name.value}`)
      }
      for (const definition of parse(loadSubgraphSdl(name)).definitions) {
        if (!isTypeDefinitionNode(definition)) continue
        look('')(definition)
        const inside = `${definition.name.value}.`
        if ('values' in definition) definition.values?.forEach(look(inside))
        if (!('fields' in definition)) continue
        definition.fields?.forEach(look(inside))
        for (const field of definition.fields ?? [])
          if ('arguments' in field) field.arguments?.forEach(look(`${inside}${field.name.value}.`))
      }
      assert.deepEqual(undescribed, [])
      assert.ok(described > 0)
    })
})

describe('what is kept of entities and what the API shows of it', () => {
  for (const [kind, subgraph, type] of kinds) {
    const schema = buildOwnSubgraph(subgraph)

    test(`${type}Filter has every filterable field of a ${kind}, and no other`, () => {
      const filterable = definitions(kind).filter(([, { filterable: is }]) => is).map(([name]) => name)
      assert.deepEqual(Object.keys(inputFields(schema, `${type}Filter`)).toSorted(), ['and', 'or', 'not', 'id', ...filterable].toSorted())
    })

    test(`${type}OrderField has every orderable field of a ${kind}, and no other`, () => {
      const order = schema.getType(`${type}OrderField`)
      assert.ok(isEnumType(order))
      const orderable = definitions(kind).filter(([, { orderable: is }]) => is).map(([name]) => enumName(name))
      assert.deepEqual(order.getValues().map(({ name }) => name).toSorted(), ['ID', ...orderable].toSorted())
    })

    test(`every comparator of ${type}Filter is one that the index takes`, () => {
      for (const [field, { type: input }] of Object.entries(inputFields(schema, `${type}Filter`))) {
        if (['and', 'or', 'not'].includes(field)) continue
        for (const [op, comparator] of Object.entries(inputFields(schema, getNamedType(input).name))) {
          const value = sample(getNamedType(comparator.type).name)
          assert.notEqual(value, undefined, `no sample for ${String(comparator.type)}`)
          const filter = toFilter({ [field]: { [op]: isListType(comparator.type) ? [value] : value } })
          assert.ok(filter)
          assert.doesNotThrow(() => validateFilter(kind, filter), `${field} ${op}`)
        }
      }
    })

    test(`every kept field of a ${kind} can be asked for`, () => {
      const object = schema.getType(type)
      assert.ok(isObjectType(object))
      // Told in other words: by relations, by the auction, and by the metrics of which these are copies.
      const elsewhere = ['sellerId', 'auctionId', 'auctionActive', 'currentBid', 'highestBidderId', 'bidCurrency', 'viewersNow', 'popularity']
      const asked = Object.keys(object.getFields())
      for (const [name] of definitions(kind)) if (!elsewhere.includes(name)) assert.ok(asked.includes(name), `${type} has no ${name}`)
    })
  }
})
