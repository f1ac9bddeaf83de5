import { defineConfig } from '@graphql-hive/gateway'

/** Requests in flight shared, whole ones and those of subgraphs. */
export const gatewayConfig = defineConfig({ logging: 'error', inboundInflightRequestDeduplication: true })
