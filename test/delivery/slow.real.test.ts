import { describe } from 'node:test'
import { requireReal } from '../servers/available.ts'
import { slowSuite } from './slow-suite.ts'

slowSuite('the embedded log', 'embedded')
describe('with a broker', { skip: requireReal('kafka') }, () => slowSuite('Kafka', 'kafka'))
