import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { sessionFiles } from "../../src/cli/client/session-files.ts"
import type { Catalogue } from "../../src/guest/catalogue.ts"
import { makeImages } from "../disks/images.ts"
import { look, type Look } from "../disks/look.ts"
import { imagesOf } from "../disks/play.ts"
import type { Row } from "../disks/row.ts"
import { rows } from "../disks/rows.ts"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { importSnapshots } from "../support/imported-snapshots.ts"
import { installChart } from "../support/install.ts"
import type { LiveSession } from "../support/live-session.ts"
import { run } from "../support/run.ts"
import * as shop from "../support/shop.ts"

/**
 * Some of `npm run test:disks` through sessions on the real cluster: the storage has snapshots of the disks of several
 * machines. Two sessions, since the rows' disks and volume groups have the same names.
 */
const sample = {
  "e2e-disks-servers": [
    "linear, striped and mirrored over three disks, one of them partitioned",
    "a volume group on a degraded array of partitions",
    "LUKS in LUKS on LVM on LUKS, each with another key",
    "half of a mirror was away when the other half was written to",
    "NTFS: sparse, compressed and plain files",
  ],
  "e2e-disks-desktops": [
    "two groups of one name, from two machines",
    "luks2 on a disk, no key",
    "a corrupt ext4, a corrupt XFS and a good one beside them",
  ],
}
const namespaces = Object.keys(sample)
const name = "machine"
const { signal } = new AbortController()

let cluster: Cluster
const looks = new Map<string, Look>()
const foreign: string[] = []

const recover = (namespace: string, ...args: string[]) =>
  run("kubectl-recover", [...args, "-n", namespace], { env: cluster.env })
const status = async (namespace: string) => (await cluster.get<LiveSession>("frsess", name, namespace))?.status

function rowOf(name: string): Row {
  const row = rows.find((row) => row.name === name)
  if (row === undefined) throw new Error(`the table has no row ${name}`)
  return row
}

/** Opens a session with the disks of the rows. */
async function open(namespace: string, set: readonly Row[], folders: ReadonlyMap<string, string>): Promise<void> {
  await shop.makeNamespace(cluster, namespace)
  const disks = set.flatMap((row) => imagesOf(row, folders)).map((image) => ({ name: diskOf(image), image }))
  await importSnapshots(cluster, namespace, disks)
  const keys = set.flatMap(({ keys = [] }) => keys)
  const data = Object.fromEntries(keys.map(({ name, value }) => [name, value?.reveal().toString("base64")]))
  await cluster.apply({ apiVersion: "v1", kind: "Secret", metadata: { name: "keys", namespace }, data })
  const from = disks.map(({ name }) => `--from=snapshot/${name}`)
  const unlock = keys.map(({ name }) => `--unlock-secret=keys/${name}`)
  await recover(namespace, "create", name, ...from, "--storage-class=loop", ...unlock, "--verify-source", "--wait")
}

const diskOf = (image: string) => image.replaceAll(/^.*\/|\.img$/g, "")

/** Looks at it as `npm run test:disks` does. */
async function lookAt(namespace: string, set: readonly Row[]): Promise<void> {
  const client = await sessionFiles({ session: name }, { kubeconfig: cluster.env["KUBECONFIG"] ?? "", namespace })
  try {
    const { volumes } = (await client.volumes()) as Catalogue
    const seen = await look(set, volumes, client, signal)
    for (const one of seen.looks) looks.set(one.row, one)
    foreign.push(...seen.foreign)
  } finally {
    client.close()
  }
}

beforeAll(async () => {
  cluster = await openCluster()
  const { folders, failed } = await makeImages(Object.values(sample).flat().map(rowOf))
  if (failed.size > 0) throw new Error([...failed.values()].join("\n"))
  await installChart(cluster)
  await Promise.all(
    Object.entries(sample).map(async ([namespace, names]) => {
      await open(namespace, names.map(rowOf), folders)
      await lookAt(namespace, names.map(rowOf))
    }),
  )
})

afterAll(() => shop.removeNamespaces(cluster, ...namespaces))

test.each(Object.values(sample).flat())("%s", (row) => {
  expect(looks.get(row)?.deviations).toEqual([])
  const isRead = rowOf(row).volumes.some(({ state }) => state === "Mounted")
  expect(looks.get(row)?.compared).toBeGreaterThan(isRead ? 10 : -1)
})

test("nothing else was found", () => expect(foreign).toEqual([]))

describe("people are told", () => {
  test.each(namespaces)("%s: by the status, and by kubectl recover as a table and as JSON", async (namespace) => {
    const volumes = (await status(namespace))?.volumes ?? []
    const table = (await recover(namespace, "ls", `${name}:/`)).stdout
    const json = JSON.parse((await recover(namespace, "ls", `${name}:/`, "-o", "json")).stdout) as {
      volumes: unknown[]
    }
    expect(volumes.length).toBeGreaterThan(4)
    for (const { path, state } of volumes) expect(table).toMatch(new RegExp(`^/${path} +${state} `, "m"))
    expect(json.volumes).toMatchObject(volumes)
  })
})

test.each(namespaces)("%s: afterwards the disks are proven unchanged", async (namespace) => {
  expect((await recover(namespace, "unmount", name)).stdout).toContain("source verified")
  const after = await status(namespace)
  expect(after).toMatchObject({ phase: "Unmounted", release: { sourceVerified: true, writeAttempts: 0 } })
  for (const { sha256Before, sha256After } of after?.disks ?? []) expect(sha256After).toBe(sha256Before)
})
