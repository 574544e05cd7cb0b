import { afterEach, beforeEach, expect, test } from "vitest"
import type { AccessClient } from "../../src/api/clients.ts"
import { openSessionLab, type SessionLab, sessionPath } from "../support/session-lab.ts"
import { paths } from "../support/session-world.ts"

/** Who may reach the files of whole sessions over the network: real reconciles, and the policies that come of them. */
let lab: SessionLab
beforeEach(async () => void (lab = await openSessionLab()))
afterEach(() => lab.close())

interface Rule {
  from: object[]
  ports: { port: number }[]
}
const audit: AccessClient = { podSelector: { matchLabels: { app: "audit" } } }
const office: AccessClient = { ipBlock: { cidr: "192.0.2.0/24" } }
const source = { persistentVolumeClaims: [{ name: "data" }] }

const policyOf = (role: "target" | "restore") => {
  const [policy] = lab.api.objects.list(paths.networkPolicies, ({ metadata }) => metadata.name.endsWith(`-${role}`))
  const { ingress = [] } = (policy?.["spec"] ?? {}) as { ingress?: Rule[] }
  return { path: `${paths.networkPolicies}/${policy?.metadata.name}`, ingress }
}
/** Whom the session's policies let in, by the ports. */
const letIn = (role: "target" | "restore") => {
  const { ingress } = policyOf(role)
  return Object.fromEntries(ingress.map(({ from, ports }) => [ports.map(({ port }) => port).join(), from]))
}
const applied = () =>
  lab.api.requests.filter(({ method, url }) => method === "PATCH" && url.pathname.includes("/networkpolicies/")).length
const files = "8443,2022"

test("clients of the spec are let in to the file ports before and whenever they change, and nowhere else", async () => {
  lab.world.session("orders", { source, access: { clients: [audit] } })
  await lab.until(() => lab.phase() === "Ready")
  const [target, control] = [letIn("target"), letIn("restore")["9443"]]
  expect(letIn("restore")).toEqual({ 9443: control, [files]: [audit] })
  for (const clients of [[audit, office], [office], null]) {
    lab.api.objects.patch(sessionPath, { spec: { access: { clients } } })
    await lab.look()
    expect(letIn("restore")).toEqual({ 9443: control, ...(clients && { [files]: clients }) })
    const before = applied()
    await lab.look()
    expect(applied()).toBe(before)
  }
  expect([letIn("target"), lab.phase(), lab.logged]).toEqual([target, "Ready", []])
})

test("what somebody opened in the session's policy is closed again", async () => {
  lab.world.session("orders", { source })
  await lab.until(() => lab.phase() === "Ready")
  const before = letIn("restore")
  const { path, ingress } = policyOf("restore")
  const opened = [...ingress, { from: [{ podSelector: {} }], ports: [{ protocol: "TCP", port: 8443 }] }]
  lab.api.objects.patch(path, { spec: { ingress: opened } })
  await lab.look()
  expect(letIn("restore")).toEqual(before)
})
