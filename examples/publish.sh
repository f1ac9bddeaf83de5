#!/bin/sh
# Publishes one event with curl, then reads what it changed: the token makes the query wait until the event is applied.
set -eu
url=${FRESHET_URL:-http://localhost:4000}/graphql

answer=$(curl -sS --fail-with-body "$url" -H 'content-type: application/json' -d '{
  "query": "mutation ($events: [EventInput!]!) { publish(events: $events) { token results { accepted id message } } }",
  "variables": { "events": [{
    "type": "LivestreamStarted",
    "subject": "livestream:my-first-show",
    "data": { "sellerId": "seller-1", "title": "My first show", "category": "plants", "tags": ["cacti"] }
  }] }
}')
printf '%s\n' "$answer"

token=$(printf '%s' "$answer" | sed -n 's/.*"token":"\([^"]*\)".*/\1/p')
[ -n "$token" ] || { echo 'The event was not accepted; the answer above says why.' >&2; exit 1; }

curl -sS --fail-with-body "$url" -H 'content-type: application/json' -H "freshet-token: $token" -d '{
  "query": "{ livestream(id: \"my-first-show\") { title status startedAt appliedAt seller { name } } }"
}'
echo
