import { defineConfig } from '@graphql-hive/gateway'

/** Nothing shared between requests. */
export const gatewayConfig = defineConfig({
  logging: 'error',
  inboundInflightRequestDeduplication: false,
  transportEntries: { '*.http': { options: { deduplicateInflightRequests: false } } },
})
