import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { inspect } from 'node:util'
import { openKafkaLog, type KafkaLogOptions, type SaslSettings } from '../../events/kafka.ts'
import { Connection } from '../../events/kafka/client.ts'
import { requireReal } from '../servers/available.ts'
import { installKafka } from '../servers/kafka.ts'
import { freePorts } from '../servers/ports.ts'
import { onFreePorts, run, ServerProcess, temporaryDirectory } from '../servers/process.ts'
import { uniquePrefix } from '../servers/shared.ts'
import { take } from './contract.ts'

const username = 'ada'
const password = 'correct-horse-7'
const store = 'keystore-password'

interface SecureKafka extends AsyncDisposable {
  address: string
  certificate: string
}

/** A broker with one listener that wants TLS and a login; `startKafka` has none, since every other test would wait for it. */
async function startSecureKafka(): Promise<SecureKafka> {
  const jars = await installKafka()
  return onFreePorts(async () => {
    await using stack = new AsyncDisposableStack()
    const { path } = stack.use(temporaryDirectory('kafka-secure'))
    const keystore = join(path, 'keystore.p12')
    const certificate = join(path, 'certificate.pem')
    const common = ['-keystore', keystore, '-storetype', 'PKCS12', '-storepass', store, '-alias', 'broker']
    await run('keytool', ['-genkeypair', '-keyalg', 'EC', '-dname', 'CN=localhost', '-ext', 'san=dns:localhost,ip:127.0.0.1', '-validity', '2', ...common])
    await run('keytool', ['-exportcert', '-rfc', '-file', certificate, ...common])
    const [plain, secure, controller] = await freePorts(3)
    const login = 'org.apache.kafka.common.security'
    const settings = {
      'process.roles': 'broker,controller',
      'node.id': 1,
      'controller.quorum.voters': `1@127.0.0.1:${controller}`,
      'controller.listener.names': 'CONTROLLER',
      'inter.broker.listener.name': 'PLAINTEXT',
      listeners: `PLAINTEXT://127.0.0.1:${plain},SECURE://127.0.0.1:${secure},CONTROLLER://127.0.0.1:${controller}`,
      'advertised.listeners': `PLAINTEXT://127.0.0.1:${plain},SECURE://127.0.0.1:${secure}`,
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      'listener.name.secure.plain.sasl.jaas.config': `${login}.plain.PlainLoginModule required user_${username}="${password}";`,
      'listener.name.secure.scram-sha-256.sasl.jaas.config': `${login}.scram.ScramLoginModule required;`,
      'listener.name.secure.scram-sha-512.sasl.jaas.config': `${login}.scram.ScramLoginModule required;`,
      'ssl.keystore.type': 'PKCS12',
      'ssl.keystore.location': keystore,
      'ssl.keystore.password': store,
      'log.dirs': join(path, 'data'),
      'offsets.topic.replication.factor': 1,
      'offsets.topic.num.partitions': 1,
      'transaction.state.log.replication.factor': 1,
      'transaction.state.log.min.isr': 1,
      'group.initial.rebalance.delay.ms': 0,
    }
    const properties = join(path, 'server.properties')
    await mkdir(join(path, 'data'), { recursive: true })
    await writeFile(properties, Object.entries(settings).map(([key, value]) => `${key}=${value}\n`).join(''))
    const java = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', '-cp', join(jars, '*')]
    await run('java', [...java, 'kafka.tools.StorageTool', 'format', '--cluster-id', 'ZnJlc2hldC10ZXN0LTAwMg', '--config', properties,
      ...['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${username},password=${password}]`])])
    const server = new ServerProcess({ name: 'secure kafka broker', program: 'java', args: [...java, '-Xmx512m', 'kafka.Kafka', properties], log: join(path, 'output.log') })
    stack.defer(() => server.end('SIGKILL'))
    await server.ready(async () => {
      try {
        (await Connection.open({ brokers: [`127.0.0.1:${plain}`], clientId: 'ready' }, new AbortController().signal)).close()
        return true
      } catch {
        return false
      }
    }, 60_000)
    const started = stack.move()
    return {
      address: `127.0.0.1:${secure}`,
      certificate: await readFile(certificate, 'utf8'),
      [Symbol.asyncDispose]: () => started.disposeAsync(),
    }
  })
}

describe('Kafka brokers that want TLS and a login', { skip: requireReal('kafka'), timeout: 120_000 }, () => {
  let server: SecureKafka
  before(async () => { server = await startSecureKafka() })
  after(async () => { await server[Symbol.asyncDispose]() })

  const told: unknown[] = []
  const tell = (...line: unknown[]): void => { told.push(line) }
  const settings = (sasl: SaslSettings): KafkaLogOptions => ({
    brokers: [server.address], clientId: 'secure', partitions: 2, ssl: { ca: server.certificate }, sasl,
    logger: { info: tell, warn: tell, error: tell },
  })

  for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
    test(`${mechanism} over TLS reaches every client: appends, readers, administration, members`, async () => {
      const log = await openKafkaLog(settings({ mechanism, username, password }))
      const topic = `${uniquePrefix()}.things`
      await log.ensureTopics([{ name: topic }])
      await log.append([{ topic, key: 'k', value: new TextEncoder().encode('1') }])
      assert.equal((await take(log, await log.starts([topic]), 1)).length, 1)
      const stop = new AbortController()
      for await (const { partitions } of log.join({ group: `${topic}.group`, topics: [topic], signal: stop.signal })) {
        assert.deepEqual(partitions, [0, 1])
        stop.abort()
      }
      await log.close()
    })

    test(`a wrong ${mechanism} password is refused at once, in words that name the setting and not the secret`, async () => {
      const error = await openKafkaLog(settings({ mechanism, username, password: 'wrong-horse-8' })).then(() => assert.fail('it was let in'), (reason: unknown) => reason)
      assert.match(String(error), new RegExp(`refused the connection: .*Check the settings kafka.ssl and kafka.sasl \\(mechanism ${mechanism}\\)`))
      assert.doesNotMatch(inspect([error, told], { depth: 20, showHidden: true }), /wrong-horse-8|correct-horse-7/)
    })
  }

  test('a certificate that nobody vouches for is refused', async () => {
    const { ssl: _, ...rest } = settings({ mechanism: 'plain', username, password })
    await assert.rejects(openKafkaLog({ ...rest, ssl: true }), /SELF_SIGNED_CERT.*Check the settings kafka\.ssl and kafka\.sasl/)
  })
})
