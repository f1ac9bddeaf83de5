import { Kind, type ConstDirectiveNode, type ConstValueNode, type TypeNode } from 'graphql'

/** The directives of events, as their documentation names them, and the type that publishing gives. */
export const subscribeName = 'edfs__kafkaSubscribe'
export const publishName = 'edfs__kafkaPublish'
export const filterName = 'openfed__subscriptionFilter'
export const publishResult = 'edfs__PublishResult'

/** Names that event-driven graphs reserve. */
export const isOfEvents = (name: string): boolean => name.startsWith('edfs__') || name.startsWith('openfed__')

export const argumentOf = (directive: ConstDirectiveNode, name: string): ConstValueNode | undefined =>
  directive.arguments?.find((argument) => argument.name.value === name)?.value

/** The type's name, without lists and exclamation marks. */
export const named = (type: TypeNode): string => type.kind === Kind.NAMED_TYPE ? type.name.value : named(type.type)
