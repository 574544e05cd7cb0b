import { expect, test } from "vitest"
import type { AccessClient } from "../../../src/api/clients.ts"
import { clientRules } from "../../../src/children/network-policies.ts"
import { decide } from "../../../src/session/decide.ts"
import type { Observed } from "../../../src/session/observed.ts"
import { names, network, now, ready, spec } from "../../support/observed.ts"

const audit: AccessClient = { podSelector: { matchLabels: { app: "audit" } } }
const office: AccessClient = { ipBlock: { cidr: "192.0.2.9/24" } }
const wrong: AccessClient = { ipBlock: { cidr: "10.0.0.0/8", except: ["11.1.0.0/16"] } }

const wanting = (...clients: AccessClient[]) => ({ spec: spec({ access: { clients } }) })
/** The restore pod's policy has these rules. */
const having = (rules: readonly object[]) => ({
  network: network.map((one) => (one.name === names.policy("restore") ? { ...one, rules } : one)),
})
const letting = (...clients: AccessClient[]) => having(clientRules(clients))

test.each<[string, Partial<Observed>, boolean]>([
  ["nobody is named or let in", letting(), false],
  ["somebody is named, nobody let in yet", { ...wanting(audit), ...letting() }, true],
  ["who is named is let in", { ...wanting(audit, office), ...letting(audit, office) }, false],
  ["one more is let in than is named", { ...wanting(audit), ...letting(audit, office) }, true],
  ["nobody is named any more", letting(audit), true],
  ["the list is empty now", { ...wanting(), ...letting(audit) }, true],
  ["who is named can't be let in", { ...wanting(wrong), ...letting() }, false],
  ["somebody has opened the policy for all", having([{}]), true],
  ["somebody has opened another port", having([{ from: [{ podSelector: {} }], ports: [{ port: 22 }] }]), true],
  ["the spec can't be read", { spec: undefined, specProblem: "no", ...letting(audit) }, false],
  ["the policies are not there", { ...wanting(audit), network: network.slice(0, 2) }, true],
])("%s: whether policies are applied", (_, changes, expected) => {
  expect(decide(ready(changes), now).provision?.surroundings === true).toBe(expected)
})

test.each<[string, AccessClient[], string]>([
  ["all clients can be let in", [audit, office], "kubectl recover ls orders:/"],
  [
    "two can't",
    [wrong, audit, wrong],
    "ls orders:/ (spec.access.clients[0], spec.access.clients[2]: nobody is let in; each block of except must be within cidr, and IPv4 written as IPv4)",
  ],
])("%s: what the session says", (_, clients, words) => {
  const { conditions = [] } = decide(ready({ ...wanting(...clients), ...letting(...clients) }), now).status
  expect(conditions.find(({ type }) => type === "Ready")?.message.endsWith(words)).toBe(true)
})
