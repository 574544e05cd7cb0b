import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { renderCrds } from "../../src/api/crd.ts"
import { type Caller, callerOf } from "../support/caller.ts"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { copyChanges, copyExamples } from "../support/copy-examples.ts"
import { removeNamespaces } from "../support/shop.ts"
import { specChanges } from "../support/spec-changes.ts"
import { specExamples } from "../support/spec-examples.ts"
import { waitFor } from "../support/wait.ts"

/** The CEL rules and schemas of the definitions, tried on the API server with the same table that zod is tried with. */
const namespace = "spec"
const made =
  (kind: string) =>
  (name: string, spec: unknown, metadata: object = {}) => ({
    apiVersion: "filerecovery.dev/v1alpha1",
    kind,
    metadata: { name, namespace, ...metadata },
    spec,
  })
const session = made("FileRecoverySession")
const copy = made("FileRecoveryCopy")

/** What the API server says to a spec it accepts, or refuses with some words. */
function answerTo(refused: string | true | undefined): RegExp {
  if (refused === undefined) return /^$/
  return new RegExp(refused === true ? "is invalid" : refused)
}

let cluster: Cluster
let admin: Caller

beforeAll(async () => {
  cluster = await openCluster()
  admin = callerOf(cluster)
  await cluster.apply(...Object.values(renderCrds()), {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace },
  })
  await waitFor(
    "the definitions",
    async () => (await admin.tries("create", session("first", specExamples[0]?.spec))) === "",
    { seconds: 30 },
  )
})

afterAll(async () => {
  await removeNamespaces(cluster, namespace)
})

describe("created", () => {
  test.each(specExamples.map((example) => [example.name, example] as const))("%s", async (_, { spec, refused }) => {
    const answer = await admin.tries("create", session("example", spec))
    expect(answer).toMatch(answerTo(refused))
    // a private key that somebody pasted is not repeated
    expect(answer).not.toMatch(/-----BEGIN|b3BlbnNzaC1rZXktdjE|PuTTY-User-Key/)
  })
})

describe("a copy created", () => {
  test.each(copyExamples.map((example) => [example.name, example] as const))("%s", async (_, { spec, refused }) => {
    expect(await admin.tries("create", copy("example", spec))).toMatch(answerTo(refused))
  })
})

describe("a copy changed", () => {
  test.each(copyChanges.map((change, index) => [change.name, `copy-${index}`, change] as const))(
    "%s",
    async (_, name, { from, to, refused }) => {
      expect(await admin.does(["create", "-f", "-"], copy(name, from))).toBe("")
      const replace = async () => {
        const known = await cluster.get<{ metadata: { resourceVersion: string } }>("frcopy", name, namespace)
        const { resourceVersion } = known?.metadata ?? {}
        const answer = await admin.tries("replace", copy(name, to, { resourceVersion }))
        return answer.includes("the object has been modified") ? undefined : { answer }
      }
      const { answer } = await waitFor("an answer about the change", replace, { seconds: 20 })
      expect(answer).toMatch(answerTo(refused))
    },
  )
})

describe("changed", () => {
  test.each(specChanges.map((change, index) => [change.name, `change-${index}`, change] as const))(
    "%s",
    async (_, name, { from, to, refused }) => {
      expect(await admin.does(["create", "-f", "-"], session(name, from))).toBe("")
      const replace = async () => {
        const known = await cluster.get<{ metadata: { resourceVersion: string } }>("frsess", name, namespace)
        const { resourceVersion } = known?.metadata ?? {}
        return { answer: await admin.tries("replace", session(name, to, { resourceVersion })) }
      }
      // the operator, where one runs, writes to the session meanwhile
      const settled = async () => {
        const tried = await replace()
        return tried.answer.includes("the object has been modified") ? undefined : tried
      }
      const { answer } = await waitFor("an answer about the change", settled, { seconds: 20 })
      expect(answer).toMatch(answerTo(refused))
    },
  )
})

test("the definitions carry no warning and explain every field", async () => {
  const { stdout, stderr } = await cluster.kubectl(["explain", "frsess.spec", "--recursive"])
  expect(stderr).toBe("")
  for (const field of [
    "desiredState",
    "recoveryPoint",
    "notAfter",
    "persistentVolumeClaims",
    "storageClassName",
    "ttl",
    "idleTimeout",
    "ttlAfterFinished",
    "verifySource",
    "unlock",
    "secretRef",
    "journal",
    "clients",
    "namespaceSelector",
    "except",
  ])
    expect(stdout).toContain(field)
  const explained = await cluster.kubectl(["explain", "frsess.spec.ttl"])
  expect(explained.stdout).toContain("How long the session lasts")
})
