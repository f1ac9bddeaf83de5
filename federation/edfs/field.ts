import { Kind, type ConstDirectiveNode, type ConstValueNode, type FieldDefinitionNode } from 'graphql'
import { compileFilter, type EventFilter } from './filter.ts'
import type { EventPublication, EventSubscription } from './graph.ts'
import { argumentOf, filterName, named, publishName, publishResult, subscribeName } from './names.ts'
import { argumentsOf, parseTemplate, TemplateError, type Template } from './template.ts'
import { leafProblem, type GraphTypes } from './types.ts'

export type Report = (node: FieldDefinitionNode | ConstDirectiveNode | ConstValueNode, message: string) => void

/** Reads the directives of one field; what is wrong is reported at its directive. */
export class FieldReader {
  readonly #coordinate: string
  readonly #field: FieldDefinitionNode
  readonly #types: GraphTypes
  readonly #report: Report

  constructor(type: string, field: FieldDefinitionNode, types: GraphTypes, report: Report) {
    this.#coordinate = `${type}.${field.name.value}`
    this.#field = field
    this.#types = types
    this.#report = report
  }

  subscription(): EventSubscription | undefined {
    const directive = this.#own(subscribeName)
    if (!directive) return undefined
    if (this.#types.isList(this.#field.type) || !this.#types.isComposite(this.#field.type)) {
      this.#report(directive,
        `"${this.#coordinate}" is fed by events, so its type must be an object, an interface or a union.`)
    }
    const topics = this.#topics(directive)
    const filters = this.#field.directives?.filter(({ name }) => name.value === filterName) ?? []
    if (filters.length > 1) this.#report(filters[1]!, `"${this.#coordinate}" has @${filterName} more than once.`)
    const [filter] = filters
    return {
      topics,
      providerId: this.#providerId(directive),
      filter: filter && this.#filter(filter),
      directive,
    }
  }

  publication(): EventPublication | undefined {
    const directive = this.#own(publishName)
    this.#noFilter()
    if (!directive) return undefined
    const { type } = this.#field
    if (type.kind !== Kind.NON_NULL_TYPE || this.#types.isList(type) || named(type) !== publishResult) {
      this.#report(directive, `"${this.#coordinate}" publishes events, so its type must be ${publishResult}!.`)
    }
    const topic = argumentOf(directive, 'topic')
    if (topic?.kind !== Kind.STRING || topic.value === '') {
      this.#report(directive, `@${publishName} of "${this.#coordinate}" needs a "topic" that is a text.`)
      return undefined
    }
    return {
      topic: this.#topic(topic, topic.value),
      providerId: this.#providerId(directive),
      keyArgument: this.#field.arguments?.find((argument) => named(argument.type) === 'ID')?.name.value,
      directive,
    }
  }

  /** A field that neither is fed by events nor publishes them. */
  plain(ofQuery: boolean): void {
    this.#noFilter()
    for (const directive of this.#field.directives ?? []) {
      if (!directive.name.value.startsWith('edfs__')) continue
      this.#report(directive, `"${this.#coordinate}" has @${directive.name.value}; `
        + 'only fields of subscriptions and mutations can have directives of events.')
    }
    if (!ofQuery) return
    this.#report(this.#field, `"${this.#coordinate}" belongs to an event-driven graph, which has no resolvers: `
      + 'move it to another subgraph.')
  }

  /** The directive that the field must have, and no other one of events. */
  #own(wanted: string): ConstDirectiveNode | undefined {
    let own: ConstDirectiveNode | undefined
    for (const directive of this.#field.directives ?? []) {
      const name = directive.name.value
      if (name === wanted && !own) own = directive
      else if (name === wanted) this.#report(directive, `"${this.#coordinate}" has @${name} more than once.`)
      else if (name.startsWith('edfs__')) {
        this.#report(directive, `"${this.#coordinate}" has @${name}; here, only @${wanted} is understood.`)
      }
    }
    if (own) return own
    this.#report(this.#field, `"${this.#coordinate}" belongs to an event-driven graph, so it needs @${wanted}.`)
    return undefined
  }

  #noFilter(): void {
    const filter = this.#field.directives?.find(({ name }) => name.value === filterName)
    if (!filter) return
    this.#report(filter, `"${this.#coordinate}" has @${filterName}, which only fields with @${subscribeName} can have.`)
  }

  #topics(directive: ConstDirectiveNode): Template[] {
    const value = argumentOf(directive, 'topics')
    const items = value?.kind === Kind.LIST ? value.values : value ? [value] : []
    if (items.length === 0) {
      this.#report(directive, `@${subscribeName} of "${this.#coordinate}" needs "topics": at least one.`)
    }
    return items.flatMap((item) => {
      if (item.kind === Kind.STRING && item.value !== '') return [this.#topic(item, item.value)]
      this.#report(item, `A topic of "${this.#coordinate}" must be a text that is not empty.`)
      return []
    })
  }

  #topic(node: ConstValueNode, text: string): Template {
    try {
      const template = parseTemplate(text)
      for (const part of template.parts) {
        if (typeof part !== 'string' || /^[\w.-]+$/.test(part)) continue
        this.#report(node,
          `The topic "${text}" of "${this.#coordinate}" can have letters, digits, ".", "_" and "-" only.`)
      }
      for (const path of argumentsOf(template)) this.#argument(node, path, { list: false, what: `The topic "${text}"` })
      return template
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      this.#report(node, `A topic of "${this.#coordinate}" is no template: ${error.message}.`)
      return { parts: [] }
    }
  }

  #argument(
    node: ConstValueNode | ConstDirectiveNode, path: readonly string[], { list, what }: { list: boolean, what: string },
  ): void {
    const found = this.#types.argument(this.#field, path)
    const wrong = !found ? 'the field does not have'
      : this.#types.isInput(found) ? 'is an object; name one of its fields'
      : !list && this.#types.isList(found) ? 'is a list; expected a scalar'
      : undefined
    if (wrong === undefined) return
    this.#report(node, `${what} of "${this.#coordinate}" uses args.${path.join('.')}, which ${wrong}.`)
  }

  #providerId(directive: ConstDirectiveNode): string {
    const value = argumentOf(directive, 'providerId')
    if (value === undefined) return 'default'
    if (value.kind === Kind.STRING && value.value !== '') return value.value
    this.#report(directive, `The "providerId" of "${this.#coordinate}" must be a text that is not empty.`)
    return 'default'
  }

  #filter(directive: ConstDirectiveNode): EventFilter {
    const report = (message: string) =>
      this.#report(directive, `@${filterName} of "${this.#coordinate}": ${message}`)
    return compileFilter(argumentOf(directive, 'condition'), {
      problem: report,
      fieldPath: (path, where) => {
        const problem = leafProblem(this.#types, named(this.#field.type), path)
        if (problem !== undefined) report(`"${where}" is "${path.join('.')}", but ${problem}.`)
      },
      template: (template, where) => {
        const what = `"${where}" of @${filterName}`
        for (const path of argumentsOf(template)) this.#argument(directive, path, { list: true, what })
      },
    })
  }
}
