import { requireReal } from '../servers/available.ts'
import { describeFreshet } from './freshet.ts'

describeFreshet('Freshet on Kafka and Weaviate', 'real', { skip: requireReal('kafka', 'weaviate') })
