import { expect, test } from "vitest"
import type { ObservedNetworkPolicy, OpenPort } from "../../../../src/session/preflight/observed.ts"
import { opens } from "../../../../src/session/preflight/openings.ts"
import { pod } from "../../../support/preflight.ts"

const policy = (changes: Partial<ObservedNetworkPolicy>): ObservedNetworkPolicy => ({
  name: "theirs",
  podSelector: {},
  ingress: [{ ports: [] }],
  ...changes,
})
const ports = (...all: Partial<OpenPort>[]) =>
  policy({ ingress: [{ ports: all.map((one) => ({ protocol: "TCP", ...one })) }] })
const selecting = (podSelector: ObservedNetworkPolicy["podSelector"]) => policy({ podSelector })

test.each<[string, ObservedNetworkPolicy, string]>([
  ["every port of every pod", policy({}), "target restore"],
  ["nothing: it only isolates", policy({ ingress: [] }), ""],
  ["pods of another application", selecting({ matchLabels: { app: "db" } }), ""],
  [
    "pods by a label of ours",
    selecting({ matchLabels: { "app.kubernetes.io/name": "file-recovery" } }),
    "target restore",
  ],
  [
    "pods that are not of sessions",
    selecting({ matchExpressions: [{ key: "filerecovery.dev/role", operator: "DoesNotExist" }] }),
    "",
  ],
  ["the port of the target", ports({ port: 3260 }), "target"],
  ["a port by our name for it", ports({ port: "https" }), "restore"],
  ["a port by a name we don't have", ports({ port: "http" }), ""],
  ["all of TCP", ports({}), "target restore"],
  ["all of UDP", ports({ protocol: "UDP" }), ""],
  ["our number, but of UDP", ports({ protocol: "UDP", port: 8443 }), ""],
  ["a range with ours in it", ports({ port: 8000, endPort: 9000 }), "restore"],
  ["a range that ends at ours", ports({ port: 1, endPort: 3260 }), "target"],
  ["a range below ours", ports({ port: 1, endPort: 3259 }), ""],
  ["other ports", ports({ port: 80 }, { port: 443 }), ""],
  [
    "other ports in one rule and ours in the next",
    policy({ ingress: [...ports({ port: 80 }).ingress, ...ports({ port: 9443 }).ingress] }),
    "target restore",
  ],
])("a policy that lets in to %s", (_, one, expected) => {
  const opened = (["target", "restore"] as const).filter((role) => opens(one, pod(role)))
  expect(opened.join(" ")).toBe(expected)
})
