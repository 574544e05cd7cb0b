import { expect, test } from "vitest"
import type { AccessClient } from "../../../../src/api/clients.ts"
import { clientWords } from "../../../../src/cli/describe/clients.ts"

test.each<[AccessClient, string]>([
  [{ podSelector: {} }, "pods"],
  [{ podSelector: { matchLabels: { app: "audit", tier: "" } } }, "pods app=audit,tier="],
  [{ namespaceSelector: { matchLabels: { team: "a" } } }, "pods of namespaces team=a"],
  [{ podSelector: { matchLabels: { app: "audit" } }, namespaceSelector: {} }, "pods app=audit of namespaces"],
  [
    {
      podSelector: {
        matchLabels: { app: "audit" },
        matchExpressions: [
          { key: "tier", operator: "In", values: ["a", "b"] },
          { key: "zone", operator: "NotIn", values: ["c"] },
          { key: "new", operator: "Exists" },
          { key: "old", operator: "DoesNotExist", values: [] },
        ],
      },
    },
    "pods app=audit,tier in (a,b),zone notin (c),new,!old",
  ],
  [{ ipBlock: { cidr: "10.0.0.0/8" } }, "10.0.0.0/8"],
  [
    { ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16", "10.2.0.0/16"] } },
    "10.0.0.0/8 without 10.1.0.0/16 without 10.2.0.0/16",
  ],
])("%j", (client, words) => expect(clientWords(client)).toBe(words))
