// A producer of its own, straight to Kafka: FRESHET_KAFKA_BROKERS=localhost:9092 node examples/produce-to-kafka.js
// What any producer, in any language, has to keep to: CloudEvents as JSON, the subject as the key, Freshet's hash of the key,
// and acknowledgement by all replicas.
import kafkajs from 'kafkajs'

const brokers = process.env.FRESHET_KAFKA_BROKERS
if (!brokers) throw new Error('FRESHET_KAFKA_BROKERS: expected broker addresses such as localhost:9092, got nothing')
const topic = `${process.env.FRESHET_TOPIC_PREFIX ?? 'freshet'}.livestreams`

/** FNV-1a over the key's UTF-8 bytes, modulo the partition count: all events of an entity meet in one partition. */
const partitioner = () => ({ message, partitionMetadata }) => {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(message.key)) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0) % partitionMetadata.length
}

const event = {
  specversion: '1.0',
  id: `example-${Date.now()}`,
  source: 'urn:example:studio',
  type: 'LivestreamStarted',
  time: new Date().toISOString(),
  subject: 'livestream:from-kafka',
  datacontenttype: 'application/json',
  dataschema: 'urn:freshet:event:LivestreamStarted:1',
  data: { sellerId: 'seller-2', title: 'Straight from the log', category: 'comics', tags: ['manga-volumes'] },
}

const producer = new kafkajs.Kafka({ clientId: 'example', brokers: brokers.split(','), logLevel: kafkajs.logLevel.ERROR })
  .producer({ createPartitioner: partitioner, maxInFlightRequests: 1, allowAutoTopicCreation: false })
await producer.connect()
const [written] = await producer.send({ topic, acks: -1, messages: [{ key: event.subject, value: JSON.stringify(event) }] })
console.log(`${event.id} is at ${written.topicName}/${written.partition}, offset ${written.baseOffset}`)
await producer.disconnect()
