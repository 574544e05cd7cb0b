import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { parse } from "yaml"
import { fingerprintOf } from "../../src/api/public-key.ts"
import { loginKeyFrom } from "../../src/credentials/ssh-key.ts"
import { directorySource } from "../support/directory-source.ts"
import { type RecoverLab, recoverLab } from "../support/recover-lab.ts"
import { paths } from "../support/session-world.ts"
import { waitFor } from "../support/wait.ts"

/** The verbs of `kubectl recover` that speak of sessions, against an API server in this process. */
let lab: RecoverLab
let root: string
const ann = loginKeyFrom("ann").publicKey
const run = (...args: string[]) => lab.run(args)
const create = (name: string, more: object = {}) =>
  lab.api.objects.create(paths.sessions, {
    apiVersion: "filerecovery.dev/v1alpha1",
    kind: "FileRecoverySession",
    metadata: { name, namespace: "shop", creationTimestamp: new Date().toISOString() },
    spec: { source: { persistentVolumeClaims: [{ name: "data-0" }, { name: "data-1" }] } },
    ...more,
  } as never)
/** One that the lab's operator leaves alone. */
const stuck = (name: string, status: object = {}) => create(name, { status: { phase: "Provisioning", ...status } })
const ready = (name: string) =>
  waitFor(`${name} to be Ready`, async () => lab.session(name).status?.phase === "Ready", { seconds: 30, everyMs: 10 })

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "verbs-"))
  lab = await recoverLab(directorySource(root))
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  rmSync(root, { recursive: true })
})

test("create --wait tells how far it is, and shows the volumes", async () => {
  const { code, out, err } = await run("create", "made", "--from", "pvc/data-0", "--at", "3h-ago", "--wait")
  expect([code, out]).toEqual([0, expect.stringMatching(/made created\nVOLUME .*\n\/data +Mounted +ext4/)])
  expect(err).toMatch(/^\[ {3}\d s\] (Pending|Ready)\n/)
  const { notAfter = "" } = (lab.session("made").spec.recoveryPoint ?? {}) as { notAfter?: string }
  expect(Date.parse(notAfter)).toBeLessThan(Date.now() - 2.9 * 3_600_000)
})

test("create takes several recovery points side by side, by name or by time, and describe tells them", async () => {
  const dryRun = (...flags: string[]) =>
    run("create", "two", "--from", "pvc/data-0", ...flags, "--dry-run=client", "-o", "json")
  const points = async (...flags: string[]) =>
    (JSON.parse((await dryRun(...flags)).out) as { spec: { recoveryPoints: object } }).spec.recoveryPoints
  const names = ["--recovery-point", "weekly", "--recovery-point", "nightly"]
  const asked = await points(...names)
  expect(asked).toEqual([{ name: "weekly" }, { name: "nightly" }])
  expect(await points("--at", "2026-11-22T03:00:00Z", "--at", "2026-11-21T03:00:00Z")).toEqual([
    { notAfter: "2026-11-22T03:00:00Z" },
    { notAfter: "2026-11-21T03:00:00Z" },
  ])
  for (const wrong of [
    [...names, "--at", "3h-ago"],
    ["--at", "3h-ago", "--at", "3h-ago", "--recovery-point", "weekly"],
  ])
    expect(await dryRun(...wrong)).toMatchObject({ code: 2, out: "" })
  const twice = await dryRun("--recovery-point", "weekly", "--recovery-point", "weekly")
  expect([twice.code, twice.err]).toEqual([2, expect.stringContaining("only once")])

  const disk = { disk: "data-0", kind: "VolumeSnapshot", uid: "u", time: "2026-11-22T03:00:00Z" }
  const recoveryPoints = [
    { ...disk, name: "weekly", point: 1 },
    { ...disk, name: "nightly", point: 2 },
  ]
  const source = { persistentVolumeClaims: [{ name: "data-0" }] }
  create("both", { spec: { source, recoveryPoints: asked }, status: { phase: "Provisioning", recoveryPoints } })
  const { out } = await run("describe", "both")
  expect(out).toMatch(/^Recovery point: +weekly; nightly$/m)
  expect(out).toMatch(/^ +POINT +DISK +TAKEN AS .*\n +point1 +data-0 +VolumeSnapshot weekly .*\n +point2 .* nightly/m)
})

test("get: a table, wide, names, one with its volumes, several", async () => {
  create("orders")
  await ready("orders")
  stuck("slow", { conditions: [{ type: "Ready", status: "False", reason: "Cloning", message: "half of \x1b[2Jit" }] })
  expect((await run("get")).out).toMatch(/^NAME +PHASE +RECOVERY POINT +VOLUMES +EXPIRES +AGE\n/)
  const wide = (await run("get", "-o", "wide")).out
  expect(wide).toMatch(/orders +Ready .* pvc\/data-0, pvc\/data-1 +0 +4\.0 KiB +1 +Ready\n/)
  expect(wide).toMatch(/slow .* Provisioning: Cloning: half of \\x1b\[2Jit\n/)
  expect((await run("get", "orders", "-o", "name")).out).toBe("filerecoverysession.filerecovery.dev/orders\n")
  expect((await run("get", "orders")).out).toMatch(/\n\nVOLUME /)
  const both = parse((await run("get", "orders", "slow", "-o", "yaml")).out) as { kind: string; items: unknown[] }
  expect([both.kind, both.items]).toEqual(["List", expect.objectContaining({ length: 2 })])
  expect(JSON.parse((await run("get", "shop/orders", "-o", "json")).out)).toMatchObject({ kind: "FileRecoverySession" })
})

test("get --watch tells each change once, and ends well on Ctrl-C", async () => {
  create("watched")
  await ready("watched")
  const stop = new AbortController()
  const path = `${paths.sessions}/watched`
  const next = [
    () => undefined, // the header
    () => {
      lab.api.objects.patch(path, { status: { usage: { filesRead: 2 } } })
      lab.api.objects.patch(path, { status: { phase: "Unmounting" } })
    },
    () => lab.api.objects.remove(path),
    () => stop.abort(),
  ]
  const steps = next.length + 1
  const printed = (out: string) => {
    for (let lines = out.split("\n").length; next.length > 0 && steps - next.length < lines;) next.shift()?.()
  }
  const { code, out, err } = await lab.run(["get", "watched", "-w"], { signal: stop.signal, printed })
  expect([code, err]).toEqual([0, ""])
  expect(out.split("\n").map((line) => line.split(/ +/).slice(0, 2))).toEqual([
    ["NAME", "PHASE"],
    ["watched", "Ready"],
    ["watched", "Unmounting"],
    ["watched", "Deleted"],
    [""],
  ])
})

test("a watch that is refused fails", async () => {
  lab.api.fault = (_, response, url) => {
    if (url.searchParams.get("watch") !== "true") return false
    response.writeHead(403, { "content-type": "application/json" })
    response.end(JSON.stringify({ kind: "Status", code: 403, reason: "Forbidden", message: "you may not" }))
    return true
  }
  const { code, err } = await run("get", "-w")
  lab.api.fault = undefined
  expect([code, err]).toEqual([5, expect.stringContaining("you may not")])
})

test("describe: everything, Events with their age, nothing that plays with the terminal", async () => {
  const uid = stuck("told", {
    expiresAt: new Date(Date.now() + 7_000_000).toISOString(),
    conditions: [{ type: "Accepted", status: "True", reason: "Accepted", lastTransitionTime: "", message: "fine" }],
    disks: [{ name: "data-0", sizeBytes: 2048, serial: "x-0", source: "VolumeSnapshot/nightly" }],
    volumes: [{ path: "data", state: "Corrupt", message: "bad \x1b[31mmagic" }],
    volumeCount: 3,
    access: { podName: "p", httpsPort: 8443, secretName: "s", sftpPort: 2022, sftpHostKey: ann },
  }).metadata.uid
  lab.api.objects.patch(`${paths.sessions}/told`, { spec: { access: { publicKeys: [`${ann} ann@\u202epc\n`] } } })
  const event = { type: "Warning", reason: "Cloning", message: "slow\nline", count: 4, lastTimestamp: new Date(0) }
  const core = "/api/v1/namespaces/shop/events"
  lab.api.objects.create(core, { metadata: { name: "e1" }, involvedObject: { uid }, ...event } as never)
  lab.api.objects.create(core, { metadata: { name: "e2" }, involvedObject: { uid: "other" }, ...event } as never)
  const { code, out } = await run("describe", "told")
  expect(code).toBe(0)
  for (const line of [
    /^Name: +told$/m,
    /^Source: +pvc\/data-0, pvc\/data-1$/m,
    new RegExp(`^SFTP: +port 2022, host key ${fingerprintOf(ann).replaceAll("+", "\\+")}$`, "m"),
    /^Public keys: +SHA256:\S{43} ann@\\xe2\\x80\\xaepc$/m,
    /^Ends: +\S+ \(in 116m\)$/m,
    /^ {2}\/data +Corrupt .*\n\n {2}\/data: bad \\x1b\[31mmagic$/m,
    /^ {2}and 2 more$/m,
    /^ {2}data-0 +2\.0 KiB +x-0/m,
    /^ {2}Accepted +True +Accepted +- +fine$/m,
    /^ {2}Warning +Cloning +\d+d \(x4\) +slow\\x0aline$/m,
  ])
    expect(out).toMatch(line)
  expect(out.match(/Warning/g)).toHaveLength(1)
})

test("create --public-key reads .pub files, and sends no private key anywhere", async () => {
  const [file, secret] = [join(root, "ann.pub"), join(root, "ann")]
  writeFileSync(file, `${ann} ann\n`)
  writeFileSync(secret, loginKeyFrom("ann").privateKey)
  const made = ["create", "keyed", "--from", "pvc/data-0", "--dry-run", "client", "-o", "json", "--public-key"]
  expect(JSON.parse((await run(...made, file)).out)).toMatchObject({ spec: { access: { publicKeys: [`${ann} ann`] } } })
  const refused = await run("create", "keyed", "--from", "pvc/data-0", "--public-key", file, "--public-key", secret)
  expect([refused.code, refused.err]).toEqual([2, expect.stringContaining("is a private key")])
  expect(refused.err).not.toContain("b3BlbnNzaC1rZXktdjE")
  expect((await run(...made, join(root, "none"))).err).toContain("ENOENT")
  expect(lab.api.requests.filter(({ body }) => /PRIVATE|"keyed"/.test(body))).toEqual([])
  for (const one of [file, secret]) rmSync(one)
})

test("volumes: a table, places for other verbs, and why a session that is not ready shows few", async () => {
  create("vols")
  await ready("vols")
  expect((await run("volumes", "vols", "-o", "name")).out).toBe("vols:/data\n")
  expect((await run("volumes", "vols", "-o", "wide")).out).toContain("UUID")
  expect(JSON.parse((await run("volumes", "vols", "-o", "json")).out)).toMatchObject([{ path: "data" }])
  stuck("novols")
  expect((await run("volumes", "novols")).err).toContain("is not ready (Provisioning)")
})

test("extend: a later end, capped with words; at the maximum it is refused", async () => {
  create("longer", { spec: { source: { persistentVolumeClaims: [{ name: "data-0" }] }, ttl: "1h30m" } })
  await ready("longer")
  const { code, out, err } = await run("extend", "longer", "2h")
  expect([code, err, lab.session("longer").spec.ttl]).toEqual([0, "", "3h30m"])
  expect(out).toMatch(/^shop\/longer ends at \S+Z \(ttl 3h30m\)\n$/)
  const capped = await run("extend", "longer", "20h")
  expect([capped.code, lab.session("longer").spec.ttl]).toEqual([0, "12h"])
  expect(capped.err).toBe("Not 23h30m but 12h: the longest a session may last.\n")
  expect(await run("extend", "longer", "1h")).toMatchObject({ code: 5, err: expect.stringContaining("last longer") })
  expect((await run("extend", "longer", "--ttl", "2h", "-o", "name")).out).toContain("/longer\n")
  expect(lab.session("longer").spec.ttl).toBe("2h")
})

test.each([
  ["neither", ["extend", "orders"], 2],
  ["both", ["extend", "orders", "1h", "--ttl", "1h"], 2],
  ["no duration", ["extend", "orders", "tomorrow"], 2],
  ["no session", ["extend", "nobody", "1h"], 3],
  ["a format nobody knows", ["get", "-o", "csv"], 2],
  ["a name that is none", ["describe", "Orders/"], 2],
  ["a time that is none", ["points", "--at", "yesterday"], 2],
  ["a time without a zone", ["create", "x", "--from", "pvc/a", "--at", "2026-11-22"], 2],
  ["--at without --from", ["ls", "orders:/", "--at", "3h-ago"], 2],
  ["names and --all", ["unmount", "orders", "--all"], 2],
  ["nothing to unmount", ["unmount"], 2],
])("usage: %s", async (_, args, code) => expect((await run(...args)).code).toBe(code))

test("extending is done on what is there: whoever is overtaken looks again", async () => {
  create("raced", { spec: { source: { persistentVolumeClaims: [{ name: "data-0" }] }, ttl: "1h" } })
  await ready("raced")
  let raced = false
  lab.api.fault = ({ method }, _, url) => {
    if (method === "PATCH" && url.pathname.endsWith("/raced") && !raced) {
      raced = true
      lab.api.objects.patch(`${paths.sessions}/raced`, { spec: { ttl: "2h" } })
    }
    return false
  }
  expect((await run("extend", "raced", "1h")).code).toBe(0)
  lab.api.fault = undefined
  expect(lab.session("raced").spec.ttl).toBe("3h")
})

test("unmount: several, then all that are left", async () => {
  for (const name of ["one", "two", "three"]) create(name)
  for (const name of ["one", "two", "three"]) await ready(name)
  const { code, out } = await run("unmount", "one", "shop/two", "-q")
  expect([code, out]).toEqual([0, expect.stringMatching(/^shop\/one Unmounted: .*\nshop\/two Unmounted: .*\n$/)])
  expect(await run("unmount", "three", "nobody")).toMatchObject({ code: 3 })
  expect(lab.session("three").spec.desiredState).toBeUndefined()
  const all = await run("unmount", "--all", "--no-wait", "-o", "name")
  expect(all.out).toContain("filerecoverysession.filerecovery.dev/three\n")
  expect(all.out).not.toContain("/one\n")
  expect(lab.session("three").spec.desiredState).toBe("Unmounted")
})

test("points: of the namespace, of one claim with what would be taken, of one that is gone", async () => {
  const all = await run("points")
  expect([all.code, all.err]).toEqual([0, ""])
  expect(all.out).toMatch(/^CLAIM +RECOVERY POINT +TAKEN +AGE +SIZE +DRIVER +USABLE\n/)
  expect(all.out).toMatch(/^data-0 +failed +- +- +1Gi +disk.csi +no: .*disk \\x1b\[2J full.* \(SnapshotNotReady\)$/m)
  expect(all.out).toMatch(/^old-0 \(gone\) +last +2026-11-22T03:02:00Z +\d+\w +1Gi +disk.csi +yes$/m)
  const one = await run("points", "pvc/data-0", "--at", "2026-11-20T00:00:00Z", "-o", "json")
  expect(JSON.parse(one.out)).toMatchObject([
    { claim: "data-0", claimExists: true, snapshot: "weekly", storageClassName: "fast", usable: true, chosen: true },
  ])
  const two = await run("points", "data-0", "old-0", "-o", "wide")
  const chosen = two.out.split("\n").flatMap((line) => /^\* +\S+( \(gone\))? +(\S+)/.exec(line)?.[2] ?? [])
  expect([chosen, two.out]).toEqual([["nightly", "last"], expect.stringMatching(/ Block +fast +yes\n/)])
  expect((await run("points", "old-0", "-o", "name")).out).toBe("volumesnapshot.snapshot.storage.k8s.io/last\n")
})

test("points of a claim without any, and before all of them: not found", async () => {
  expect(await run("points", "nobody")).toMatchObject({ code: 3, err: expect.stringContaining("NoRecoveryPoint") })
  const early = await run("points", "data-0", "--at", "2001-01-01T00:00:00Z")
  expect([early.code, early.err]).toEqual([3, expect.stringContaining("The oldest recovery point of claim data-0")])
})

test("points with few rights: what may be read is told, and nothing concluded from the rest", async () => {
  lab.api.fault = (_, response, url) => {
    if (!/contents|storageclasses|claims/.test(url.pathname)) return false
    const message = `cannot list resource "${url.pathname.split("/").at(-1)}"`
    response.writeHead(403, { "content-type": "application/json" })
    response.end(JSON.stringify({ kind: "Status", code: 403, reason: "Forbidden", message }))
    return true
  }
  const { code, out, err } = await run("points", "old-0")
  lab.api.fault = undefined
  expect([code, out]).toEqual([0, expect.stringMatching(/^\* +old-0 +last .* - +yes$/m)])
  expect(err.match(/^not read: \w+/gm)?.sort()).toEqual([
    "not read: PersistentVolumeClaim",
    "not read: StorageClass",
    "not read: VolumeSnapshotContent",
  ])
})
