import { describe } from 'node:test'
import { requireReal } from '../servers/available.ts'
import { returningSuite } from './returning-suite.ts'

returningSuite('the embedded log', 'embedded')
describe('with a broker', { skip: requireReal('kafka') }, () => returningSuite('Kafka', 'kafka'))
