import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { renderCrds } from "../../src/api/crd.ts"
import { type Cluster, openCluster } from "../support/cluster.ts"
import type { Definition } from "../support/crd-changes.ts"
import { type OldObject, releases } from "../support/releases.ts"

/**
 * What former releases left on a cluster, on this one: their objects are stored under their definitions, then today's
 * come. All of it is in a group of its own, so that no operator works on them, and their states stay as they are.
 */
const namespace = "e2e-compatibility"
const group = "compatibility.test"
let cluster: Cluster

const former = (name: string) => `former${name}`

/** Under other names: whoever says `filerecoverysession` or `frsess` to kubectl means the product's. */
function inGroup({ spec, ...definition }: Definition): object {
  const { shortNames: _, categories: __, ...rest } = spec.names
  const names = { ...rest, plural: former(rest.plural), singular: former(rest.singular) }
  return { ...definition, metadata: { name: `${names.plural}.${group}` }, spec: { ...spec, names, group } }
}

async function define(definitions: Iterable<Definition>): Promise<void> {
  const all = [...definitions].map((one) => inGroup(one))
  await cluster.apply(...all)
  const names = all.map((one) => `crd/${(one as OldObject).metadata.name}`)
  await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=30s", ...names])
}

const write = (verb: string, object: object, ...more: string[]) =>
  cluster.kubectl([verb, "--validate=strict", "-f", "-", ...more], { input: JSON.stringify(object) })

/** Creates an object, then writes its status as the operator does. */
async function store({ apiVersion, kind, metadata, spec, status }: OldObject): Promise<void> {
  const object = {
    apiVersion: apiVersion.replace(/^[^/]+/, group),
    kind,
    metadata: { name: metadata.name, namespace },
    spec,
  }
  await write("create", object)
  if (status) await write("replace", { ...object, status }, "--subresource=status")
}

/** By kubectl: what our own client knows is the group of the product. */
async function stored({ kind, metadata }: OldObject): Promise<OldObject> {
  const args = ["get", `${kind}.v1alpha1.${group}`, metadata.name, "-n", namespace, "-o", "json"]
  return JSON.parse((await cluster.kubectl(args)).stdout) as OldObject
}
const remove = ({ kind, metadata }: OldObject) =>
  cluster.kubectl(["delete", `${kind}.v1alpha1.${group}`, metadata.name, "-n", namespace])

beforeAll(async () => {
  cluster = await openCluster()
  await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } })
})

afterAll(async () => {
  await cluster.kubectl(["delete", "namespace", namespace])
  const plurals = Object.values(renderCrds()).map((crd) => (crd as Definition).spec.names.plural)
  await cluster.kubectl(["delete", "crd", ...plurals.map((plural) => `${former(plural)}.${group}`)])
})

describe.each(releases().map((release) => [release.version, release] as const))("%s", (_, { definitions, objects }) => {
  beforeAll(async () => {
    await define(definitions.values())
    for (const object of objects) await store(object)
    await define(Object.values(renderCrds()) as Definition[])
  })

  test.each(objects.map((one) => [`${one.kind} ${one.metadata.name}`, one] as const))(
    "%s is as it was, and can be written again",
    async (_, object) => {
      const { spec, status } = object
      expect(await stored(object)).toMatchObject({ spec, ...(status && { status }) })
      await remove(object)
      await store(object)
      expect(await stored(object)).toMatchObject({ spec, ...(status && { status }) })
      await remove(object)
    },
  )
})
