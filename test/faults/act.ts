import { run } from "../support/run.ts"
import type { Download } from "./download.ts"
import type { Fault, Undo } from "./fault.ts"
import type { Scene } from "./scene.ts"
import { wordsOf } from "../support/error-words.ts"

/** What is learnt of a fault while it is played, also of one that goes wrong. */
export interface Notes {
  /** Index of the first thing seen of the session that has to do with the fault. */
  firstSeen: number
  seconds: number | undefined
  wrongBytes: number | undefined
  readonly deviations: string[]
}

/** Longer than anything is meant to take, seconds. */
const patience = 180
const terminal = ["Unmounted", "Expired", "Failed"]

/** A session up to the strike, the fault, and what follows from it up to the session's end. Never rejects: it takes notes. */
export async function act(scene: Scene, fault: Fault): Promise<Notes> {
  const notes: Notes = { firstSeen: 0, seconds: undefined, wrongBytes: undefined, deviations: [] }
  try {
    await using afterwards = new AsyncDisposableStack()
    const restore = await fault.prepare?.(scene)
    if (restore) afterwards.defer(async () => void (await restore()))
    const download = await untilMoment(scene, fault)
    if (download) afterwards.defer(() => download.stop())
    notes.firstSeen = Math.max(0, scene.seen.length - 1)
    const since = await strike(scene, fault)
    await follow(scene, fault, download, notes)
    notes.seconds = (performance.now() - since) / 1000
    if (fault.outcome === "recovers") await unmount(scene, fault)
  } catch (error) {
    notes.deviations.push(wordsOf(error))
  }
  return notes
}

/** Brings a session to where the fault strikes. */
async function untilMoment(scene: Scene, { at, spec, arrange }: Fault): Promise<Download | undefined> {
  if (at === "before") return undefined
  await scene.create(spec)
  if (at === "Pending" || at === "Provisioning") {
    await scene.until(`phase ${at}`, () => scene.status.phase === at, patience)
    return undefined
  }
  await scene.until("the session to be Ready", () => scene.isReady(), patience)
  await arrange?.(scene)
  if (at === "Unmounting") {
    await scene.kubectl("patch", "frsess", scene.name, "--type=merge", "-p", '{"spec":{"desiredState":"Unmounted"}}')
    await scene.until(`phase ${at}`, () => scene.status.phase === at, patience)
  }
  if (at !== "download") return undefined
  const download = scene.download()
  await download.advance(scene.stage.bytes / 4)
  return download
}

/** Strikes, listens to what the session says of it, and takes the fault away. The answer is since when it may recover. */
async function strike(scene: Scene, fault: Fault): Promise<number> {
  const { says, within = patience } = fault
  scene.listen()
  const struck = performance.now()
  const undo: Undo | void = await fault.strike(scene)
  try {
    if (fault.at === "before") await scene.create(fault.spec)
    if (says !== undefined) await scene.until(`the session to say ${says}`, () => scene.hasSaid(says), within)
  } finally {
    await undo?.()
  }
  return undo ? performance.now() : struck
}

/** Waits for what must come of it. */
async function follow(scene: Scene, fault: Fault, running: Download | undefined, notes: Notes): Promise<void> {
  const { outcome: wanted, within = patience } = fault
  if (wanted === "goes") return void (await scene.until("the session to be gone", () => scene.isGone, within))
  if (wanted !== "recovers") return await endsAs(scene, wanted, within)
  await scene.until("the session to be Ready", () => scene.isReady(), within)
  const download = running ?? scene.download()
  try {
    notes.wrongBytes = await download.finish()
  } finally {
    await download.stop()
  }
  if (notes.wrongBytes > 0) notes.deviations.push(`wrong bytes in the file: ${notes.wrongBytes}`)
  await scene.until("the session to be Ready", () => scene.isReady(), within)
}

async function endsAs(
  scene: Scene,
  { ends, reason }: { ends: string; reason: string },
  seconds: number,
): Promise<void> {
  await scene.until("the session to end", () => terminal.includes(scene.status.phase ?? ""), seconds)
  const { phase, release } = scene.status
  if (phase !== ends || release?.reason !== reason)
    throw new Error(`it ended ${phase} (${release?.reason}), not ${ends} (${reason}): ${release?.message}`)
  if (ends !== "Unmounted") return
  // what a release that nothing hindered proves: nobody was connected, and nothing was written
  const { initiatorsAtRelease, writeAttempts } = release
  if (initiatorsAtRelease !== 0 || writeAttempts !== 0)
    throw new Error(`released with ${initiatorsAtRelease} initiators and ${writeAttempts} attempts to write`)
}

/** As a user would. */
async function unmount(scene: Scene, fault: Fault): Promise<void> {
  const { holdsRelease, within = patience, releaseWithin = within } = fault
  const command = ["unmount", scene.name, "-n", scene.namespace]
  const done = run("kubectl-recover", command, { env: scene.cluster.env, accept: undefined })
  if (holdsRelease) {
    const { reason, end } = holdsRelease
    await scene.until(`the release to say ${reason}`, () => scene.hasSaid(reason, "Released"), releaseWithin)
    await end(scene)
  }
  await endsAs(scene, { ends: "Unmounted", reason: "UnmountRequested" }, releaseWithin)
  const { code, stderr } = await done
  if (code !== 0 && !holdsRelease) throw new Error(`kubectl recover unmount ended with ${code}: ${stderr}`)
}
