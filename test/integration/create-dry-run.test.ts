import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { text } from "node:stream/consumers"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { parse } from "yaml"
import type { Report } from "../../src/cli/create/report.ts"
import { runCli } from "../../src/cli/program.ts"
import { ApiFailure } from "../support/api-objects.ts"
import { type ApiServer, send, startApiServer, statusOf } from "../support/api-server.ts"
import { cli } from "../support/cli.ts"
import { installation } from "../support/session-lab.ts"
import { paths, SessionWorld } from "../support/session-world.ts"

/** `kubectl recover create --dry-run`: of the client as a process of its own, of the server against one in this process. */
const wanted = ["create", "orders", "--from", "pvc/data"]

describe("client", () => {
  const nobody = { HOME: "/nonexistent" }
  const here = (...more: string[]) => cli([...wanted, "--dry-run=client", ...more], nobody)

  test("without any cluster: the object that would be sent", async () => {
    const { code, out } = await here("-o", "yaml", "--ttl", "2h", "--at", "2026-11-22T03:00:00Z")
    expect([code, parse(out.toString())]).toEqual([
      0,
      {
        apiVersion: "filerecovery.dev/v1alpha1",
        kind: "FileRecoverySession",
        metadata: { name: "orders" },
        spec: {
          source: { persistentVolumeClaims: [{ name: "data" }] },
          recoveryPoint: { notAfter: "2026-11-22T03:00:00Z" },
          ttl: "2h",
        },
      },
    ])
  })

  test("keys to unlock with, and what becomes of journals", async () => {
    const flags = ["--unlock-secret", "disk-keys/root", "--unlock-secret=disk-keys/data", "--journal=skip"]
    const { out } = await here("-o", "json", ...flags)
    expect(JSON.parse(out.toString())).toMatchObject({
      spec: {
        unlock: [{ secretRef: { name: "disk-keys", key: "root" } }, { secretRef: { name: "disk-keys", key: "data" } }],
        journal: "Skip",
      },
    })
  })

  test.each([
    [[], "filerecoverysession.filerecovery.dev/orders created (dry run)\n"],
    [["-o", "name"], "filerecoverysession.filerecovery.dev/orders\n"],
  ])("%j", async (more, expected) => {
    const { code, out } = await here(...more)
    expect([code, out.toString()]).toEqual([0, expected])
  })

  test("the namespace that is named goes along", async () => {
    const { out } = await here("-o", "json", "-n", "shop")
    expect(JSON.parse(out.toString())).toMatchObject({ metadata: { name: "orders", namespace: "shop" } })
  })

  test.each([
    ["a spec that is not valid", ["--ttl", "13h"], "ttl: must be at most 12h"],
    ["a Secret without key", ["--unlock-secret", "disk-keys"], "must be NAME/KEY"],
    ["another way with journals", ["--journal", "ignore"], "use replay or skip"],
    ["a key twice", ["--unlock-secret=a/b", "--unlock-secret=a/b"], "only once"],
    ["waiting for nothing", ["--wait"], "nothing is made to --wait for"],
  ])("%s: exit code 2", async (_, more, words) => {
    const { code, err } = await here(...more)
    expect([code, err]).toEqual([2, expect.stringContaining(words)])
  })

  test("a mode nobody knows: exit code 2", async () => {
    const { code, err } = await cli([...wanted, "--dry-run=maybe"], nobody)
    expect([code, err]).toEqual([2, expect.stringContaining("use client, server or none")])
  })
})

describe("server", () => {
  let directory: string
  let api: ApiServer
  let world: SessionWorld
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "dry-run-"))
    api = await startApiServer()
    // before there is a world that would bind it
    create(paths.claims, "data", { spec: { storageClassName: "fast" } })
    world = new SessionWorld(api)
    world.snapshot("nightly", "data")
    const data = { "settings.json": JSON.stringify(installation) }
    create("/api/v1/namespaces/file-recovery/configmaps", "file-recovery-settings", { data })
    writeFileSync(join(directory, "kubeconfig"), api.config.exportConfig(), { mode: 0o600 })
  })
  afterEach(async () => {
    await world.close()
    await api.close()
    rmSync(directory, { recursive: true })
  })

  const create = (path: string, name: string, fields: object) =>
    api.objects.create(path, { metadata: { name }, ...fields })

  /** Runs it and makes sure that nothing was made or changed. */
  async function dryRun(...more: string[]): Promise<{ code: number; out: string; err: string }> {
    const { version } = api.objects
    const [out, err] = [new PassThrough(), new PassThrough()]
    const args = [...wanted, "--dry-run=server", "--kubeconfig", join(directory, "kubeconfig"), "-n", "shop", ...more]
    const streams = { out, err, outIsTerminal: false, errIsTerminal: false }
    const code = await runCli(args, { streams, signal: new AbortController().signal })
    expect(api.objects.version).toBe(version)
    return { code, out: await text(out.end()), err: await text(err.end()) }
  }
  const report = async (...more: string[]) => JSON.parse((await dryRun("-o", "json", ...more)).out) as Report

  /** What somebody with the role edit and the right to read snapshots may not do. */
  function withFewRights(...others: RegExp[]): void {
    const closed = [/contents\/|storageclasses|csidrivers|csinodes|\/nodes/, ...others]
    api.fault = ({ method }, response, url) => {
      if (method !== "GET" || !closed.some((path) => path.test(url.pathname))) return false
      const [last = "", before = ""] = url.pathname.split("/").toReversed()
      const [verb, plural] = url.searchParams.has("limit") ? ["list", last] : ["get", before]
      const words = `${plural} is forbidden: User "u" cannot ${verb} resource "${plural}" in API group ""`
      send(response, 403, statusOf(new ApiFailure(403, "Forbidden", words)))
      return true
    }
  }

  test("nothing in the way: what would be cloned, exit code 0", async () => {
    const { code, out, err } = await dryRun()
    expect([code, err]).toEqual([0, ""])
    expect(out).toBe(
      [
        "filerecoverysession.filerecovery.dev/orders created (server dry run)",
        "DISK  RECOVERY POINT  TAKEN                 STORAGE CLASS  SIZE",
        "data  nightly         2026-11-22T03:00:00Z  fast           1Gi",
        "note: The guest is emulated, not run by KVM. Reading is several times faster where nodes offer KVM and the chart's kvm.resource names it. (GuestEmulated)",
        "",
      ].join("\n"),
    )
  })

  test("the same for programs", async () => {
    expect(await report()).toMatchObject({
      session: { kind: "FileRecoverySession", metadata: { name: "orders", namespace: "shop" } },
      wouldStart: true,
      disks: [
        { disk: "data", recoveryPoint: "nightly", time: "2026-11-22T03:00:00Z", storageClassName: "fast", size: "1Gi" },
      ],
      problems: [],
      warnings: [],
      notes: [{ reason: "GuestEmulated" }],
      notChecked: [],
    })
    expect(parse((await dryRun("-o", "yaml")).out)).toMatchObject({ wouldStart: true })
    expect((await dryRun("-o", "name")).out).toBe("filerecoverysession.filerecovery.dev/orders\n")
  })

  test("nothing that is sent is the operator's alone", async () => {
    await dryRun()
    const sent = api.requests.filter(({ method }) => method !== "GET")
    expect(sent.map(({ url }) => url.pathname.replace(/.*\//, "")).sort()).toEqual([
      "filerecoverysessions",
      "persistentvolumeclaims",
      "pods",
      "pods",
    ])
    expect(sent.filter(({ url }) => url.searchParams.get("dryRun") !== "All")).toEqual([])
    expect(sent.map(({ body }) => body).join("\n")).not.toMatch(/"frsess-|"filerecovery\.dev\/(session|role|instance)/)
  })

  test("the pods that are tried mount the keys, and have the memory that they take", async () => {
    await dryRun("--unlock-secret", "disk-keys/root", "--journal=skip")
    const [restore] = api.requests.filter(
      ({ url, body }) => url.pathname.endsWith("/pods") && body.includes("restore.mjs"),
    )
    expect(restore?.body).toContain('"secretName":"disk-keys","items":[{"key":"root","path":"key"}],"optional":true')
    expect(restore?.body).toContain('"--journal","Skip","--unlock","disk-keys/root"')
    expect(restore?.body).toContain('"--memory","1600"')
  })

  test("a quota without room and a policy that opens: both are told, exit code 5", async () => {
    create(paths.quotas, "small", {
      status: { hard: { "requests.storage": "1Gi" }, used: { "requests.storage": "512Mi" } },
    })
    create(paths.networkPolicies, "allow-all", { spec: { podSelector: {}, ingress: [{}] } })
    const { code, out, err } = await dryRun()
    expect(code).toBe(5)
    expect(out).toContain(
      "would wait: ResourceQuota small has no room: requests.storage: 512Mi of 1Gi used, 1Gi needed.",
    )
    expect(out).toContain("warning: NetworkPolicy allow-all also applies")
    expect(err).toBe("error: The session would wait. (QuotaExceeded)\nFree quota in the namespace or raise it.\n")
    expect(await report()).toMatchObject({ wouldStart: false, problems: [{ reason: "QuotaExceeded", heals: true }] })
  })

  test.each([
    ["no snapshot of the claim", ["--from", "pvc/nobody"], "would wait", "NoRecoveryPoint", 3],
    ["a time before all of them", ["--at", "2001-01-01T00:00:00Z"], "would fail", "NoRecoveryPointInTime", 3],
    ["a class that isn't there", ["--storage-class", "none"], "would fail", "StorageClassNotFound", 3],
  ])("%s", async (_, more, would, reason, exit) => {
    const { code, out } = await dryRun(...more)
    expect([code, out]).toEqual([exit, expect.stringMatching(new RegExp(`^${would}: .*\\(${reason}\\)$`, "m"))])
  })

  test("few rights: what may be known is told, and what is not checked", async () => {
    withFewRights()
    const { code, out } = await dryRun()
    expect(code).toBe(0)
    expect(out).toContain("data  nightly         2026-11-22T03:00:00Z  fast           1Gi")
    expect(out.match(/not checked: .*/g)).toEqual([
      "not checked: StorageClass (no right to list storageclasses)",
      "not checked: VolumeSnapshotContent (no right to get volumesnapshotcontents)",
    ])
  })

  test("no right to look at anything: nothing is concluded from that", async () => {
    withFewRights(/volumesnapshots|resourcequotas|networkpolicies|configmaps|persistentvolumeclaims/)
    const { wouldStart, disks, notChecked } = await report()
    expect([wouldStart, disks]).toEqual([true, []])
    expect(notChecked.map(({ what }) => what).sort()).toEqual([
      "NetworkPolicy",
      "ResourceQuota",
      "StorageClass",
      "VolumeSnapshot",
      "pods and claims of the session",
    ])
  })

  test("the operator is installed elsewhere", async () => {
    const at = "elsewhere/recovery"
    const [missing] = (await report("--installation", at)).notChecked
    expect(missing?.why).toContain("there is no ConfigMap elsewhere/recovery-settings")
    const data = { "settings.json": JSON.stringify({ ...installation, kvmResource: "kvm" }) }
    create("/api/v1/namespaces/elsewhere/configmaps", "recovery-settings", { data })
    const { notChecked, problems } = await report("--installation", at)
    expect([notChecked, problems.map(({ reason }) => reason)]).toEqual([[], ["KvmUnavailable"]])
    expect((await dryRun("--installation", "elsewhere")).code).toBe(2)
  })

  test.each([
    ["a name that is taken", 409, "AlreadyExists", "exists", {}, 2],
    ["a spec the API server refuses", 422, "Invalid", "spec.ttl: wrong", { kind: "FileRecoverySession" }, 2],
    ["a requester without the rights", 403, "Forbidden", "may not create pods", { kind: "filerecoverysessions" }, 5],
  ])("%s: that is the answer", async (_, code, reason, words, details, exit) => {
    api.fault = ({ method }, response, url) => {
      if (method !== "POST" || !url.pathname.endsWith("filerecoverysessions")) return false
      send(response, code, { ...statusOf(new ApiFailure(code, reason, words)), details })
      return true
    }
    const answer = await dryRun()
    expect([answer.code, answer.out]).toEqual([exit, ""])
  })
})
