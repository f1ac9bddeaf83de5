import { describeFreshet } from './freshet.ts'

describeFreshet('Freshet on its embedded parts', 'embedded')
