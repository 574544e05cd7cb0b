import * as fc from "fast-check"
import { expect, test } from "vitest"
import type { AccessClient } from "../../../src/api/clients.ts"
import { clientRules, networkPolicyManifests } from "../../../src/children/network-policies.ts"
import { blueprint } from "../../support/blueprint.ts"

interface Rule {
  from: object[]
  ports: { protocol: string; port: number }[]
}

const specs = (clients: readonly AccessClient[]) =>
  networkPolicyManifests({ ...blueprint, clients }).map(({ spec }) => spec as { ingress: Rule[] })
const [target, restore] = specs([])

const tcp = (port: number) => ({ protocol: "TCP", port })
const pods = { podSelector: { matchLabels: { app: "audit" } } }
const [cidr, within, outside] = ["10.0.0.0/8", "10.1.0.0/16", "11.1.0.0/16"]

test.each<[string, AccessClient[], object[]]>([
  ["pods by a label", [pods], [pods]],
  ["all pods of the namespace", [{ podSelector: {} }], [{ podSelector: {} }]],
  ["nothing asked of pods", [{ podSelector: { matchLabels: {}, matchExpressions: [] } }], [{ podSelector: {} }]],
  [
    "pods of other namespaces",
    [{ ...pods, namespaceSelector: { matchExpressions: [{ key: "team", operator: "Exists", values: [] }] } }],
    [{ ...pods, namespaceSelector: { matchExpressions: [{ key: "team", operator: "Exists" }] } }],
  ],
  ["a block", [{ ipBlock: { cidr: "10.9.8.7/8", except: [within] } }], [{ ipBlock: { cidr, except: [within] } }]],
  ["a block, and nothing left out", [{ ipBlock: { cidr, except: [] } }], [{ ipBlock: { cidr } }]],
  ["pods, and a block that contradicts itself", [{ ipBlock: { cidr, except: [outside] } }, pods], [pods]],
])("%s: let in to the file ports", (_, clients, from) => {
  expect(clientRules(clients)).toEqual([{ from, ports: [tcp(8443), tcp(2022)] }])
})

test.each<[string, AccessClient[] | undefined]>([
  ["no clients", undefined],
  ["an empty list", []],
  ["a block that contradicts itself", [{ ipBlock: { cidr, except: [outside] } }]],
  ["a client that is nobody", [{}]],
  ["a client that is two things", [{ ...pods, ipBlock: { cidr } }]],
])("%s: no rule, for one without peers lets everybody in", (_, clients) => expect(clientRules(clients)).toEqual([]))

const text = fc.string({ maxLength: 8 })
const selector = fc.record(
  {
    matchLabels: fc.dictionary(text, text, { maxKeys: 2 }),
    matchExpressions: fc.array(
      fc.record({
        key: text,
        operator: fc.constantFrom("In" as const, "NotIn" as const, "Exists" as const, "DoesNotExist" as const),
        values: fc.array(text, { maxLength: 2 }),
      }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: [] },
)
const block = fc
  .tuple(fc.oneof(fc.ipV4(), fc.constantFrom("::", "2001:db8::1")), fc.nat(32))
  .map((all) => all.join("/"))
const client = fc.record(
  {
    podSelector: selector,
    namespaceSelector: selector,
    ipBlock: fc.record({ cidr: block, except: fc.array(block, { maxLength: 2 }) }, { requiredKeys: ["cidr"] }),
  },
  { requiredKeys: [] },
)

test("whoever is named: the target and the control port are as closed as ever, and no rule is without peers or ports", () => {
  fc.assert(
    fc.property(fc.array(client, { maxLength: 4 }), (clients) => {
      const [targetNow, restoreNow] = specs(clients)
      expect(targetNow).toEqual(target)
      const { ingress = [], ...rest } = restoreNow ?? {}
      expect({ ...rest, ingress: ingress.slice(0, 1) }).toEqual(restore)
      for (const { from, ports } of ingress.slice(1)) {
        expect(ports).toEqual([tcp(8443), tcp(2022)])
        expect(from.length).toBeGreaterThan(0)
        expect(from).not.toContainEqual({})
      }
      expect(ingress.length).toBeLessThanOrEqual(2)
    }),
  )
})
