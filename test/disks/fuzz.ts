import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { pino } from "pino"
import { reasonOf } from "../../src/api/reasons.ts"
import type { FilesClient } from "../../src/client/files-client.ts"
import { openDataPath } from "../../src/cli/open/data-path.ts"
import type { Volume } from "../../src/guest/catalogue.ts"
import { copyImage } from "../support/guest/images.ts"
import { clientOf } from "./client-of.ts"
import { compareVolume } from "./compare-volume.ts"
import { makeImages } from "./images.ts"
import { all } from "./keeping.ts"
import { type Dice, diceOf, mutate } from "./mutate.ts"
import { readTree } from "./read-tar.ts"
import { idOf, type Row } from "./row.ts"
import { rows } from "./rows.ts"
import { sumOf } from "./sums.ts"
import { undeceiving } from "./undeceiving.ts"

/** Rows whose disks are changed: a format each, the ones without checksums where there are such. */
const sources = [
  "none, ext4 on the whole disk",
  "ext2",
  "ext3",
  "XFS, version 5",
  "XFS, version 4",
  "Btrfs, with subvolumes, a snapshot, another default, compression",
  "F2FS",
  "SquashFS, zstd",
  "EROFS, lz4hc",
  "FAT12",
  "FAT32",
  "exFAT",
  "NTFS: sparse, compressed and plain files",
  "ISO 9660 with Rock Ridge",
  "ISO 9660 with Joliet",
  "UDF 2.01",
  "HFS+ on a GPT partition",
  "MBR, two primary and three logical partitions",
  "GPT, by sgdisk",
  "linear, striped and mirrored over three disks, one of them partitioned",
  "thin pool, snapshots that are made to be skipped, a snapshot of the old kind",
  "LUKS in LUKS on LVM on LUKS, each with another key",
]
const disksAtOnce = 12
const mostPlaces = 64
/** Generous, for machines with much else to do: until a session is there; for reading one volume; until it is there again. */
const [comesMs, readsMs, healsMs] = [1_200_000, 60_000, 900_000]

/** What came of one session with disks that were changed. */
export interface FuzzRound {
  readonly seed: number
  readonly guests: number
  readonly states: Readonly<Record<string, number>>
  readonly leftOut: readonly string[]
  /** What the guests' consoles said last, or what is said of those that did not come up. */
  readonly ends: readonly string[]
  readonly seconds: number
  readonly deviations: readonly string[]
}

/** The rows that are needed, and where their images are. */
export async function fuzzImages(said: (line: string) => void) {
  const needed = rows.filter(({ name }) => sources.includes(name))
  const { folders, failed } = await makeImages(needed, said)
  if (failed.size > 0) throw new Error([...failed].map(([id, words]) => `${id}: ${words}`).join("\n"))
  return { needed, folders }
}

/**
 * One session with a sound volume and many disks of which something was overwritten: it has to come up, whatever happens to its
 * micro-VMs, the sound volume has to be read in full, and no disk may have been written to. The same seed does the same.
 */
export async function fuzzRound(
  seed: number,
  { needed, folders }: Awaited<ReturnType<typeof fuzzImages>>,
  signal: AbortSignal,
): Promise<FuzzRound> {
  const started = performance.now()
  const dice = diceOf(seed)
  const dir = await mkdtemp(join(tmpdir(), "frk-fuzz-"))
  const deviations: string[] = []
  const unhandled = (error: unknown) => void deviations.push(`unhandled: ${String(error)}`)
  process.on("unhandledRejection", unhandled)
  try {
    const images = await prepare(needed, folders, dice, dir)
    const before = await sumOf(images)
    const outcome = await session(images, signal)
    if ((await sumOf(images)) !== before) deviations.push("the disks were written to")
    deviations.push(...outcome.deviations)
    return { ...outcome, seed, seconds: (performance.now() - started) / 1000, deviations }
  } finally {
    process.off("unhandledRejection", unhandled)
    await rm(dir, { recursive: true })
  }
}

/** The sound disk first, then a random choice of others, all disks of a row together. */
async function prepare(
  needed: readonly Row[],
  folders: ReadonlyMap<string, string>,
  dice: Dice,
  dir: string,
): Promise<string[]> {
  const place = (row: Row, name: string) => join(folders.get(idOf(row)) ?? "", `${name}.img`)
  const [sound] = needed
  if (sound === undefined) throw new Error("there is no sound disk")
  const images = [join(dir, "sound.img")]
  await copyImage(place(sound, sound.disks[0]?.name ?? ""), images[0] ?? "")
  while (images.length <= disksAtOnce) {
    const row = needed[dice(needed.length)] ?? sound
    for (const { name } of row.disks) {
      const image = join(dir, `d${images.length}-${name}.img`)
      await copyImage(place(row, name), image)
      await mutate(image, dice, mostPlaces)
      images.push(image)
    }
  }
  return images
}

type Outcome = Pick<FuzzRound, "guests" | "states" | "leftOut" | "ends" | "deviations">

async function session(images: readonly string[], signal: AbortSignal): Promise<Outcome> {
  let guests = 0
  const ends: string[] = []
  const log = pino({ level: "warn" }, { write: (line) => void ends.push(...lastWordsIn(line)) })
  const options = { images, memoryMiB: 512, cpus: 2, accel: "tcg", log } as const
  const tooLate = AbortSignal.any([signal, AbortSignal.timeout(comesMs)])
  await using path = await openDataPath({ ...options, signal: tooLate, step: () => undefined, started: () => guests++ })
  const client = clientOf(path.session)
  try {
    for (const { path: volume, state } of path.source.catalogue().volumes)
      if (state === "Mounted" || state === "Available") await readAny(client, volume, signal)
    const wrong = await soundVolume(client, signal)
    const { volumes } = path.source.catalogue()
    const states = Object.fromEntries(
      Map.groupBy(volumes, ({ state }) => state)
        .entries()
        .map(([state, all]) => [state, all.length]),
    )
    const leftOut = volumes.filter(({ message = "" }) => message.includes("left out"))
    return {
      guests,
      states,
      leftOut: leftOut.map(inWords),
      ends,
      deviations: [...wrong, ...undeceiving(path.source.catalogue())],
    }
  } finally {
    client.close()
  }
}

function lastWordsIn(line: string): string[] {
  const { words, err, msg } = JSON.parse(line) as { words?: string; err?: { message: string }; msg: string }
  return [words, msg.includes("the guest") ? err?.message : undefined].filter((text) => text !== undefined)
}

const inWords = ({ path, filesystem, kind, message = "" }: Volume) => `${path} (${filesystem ?? kind}): ${message}`

/** Reads what there is to be read, for a while; nothing has to come of it. */
async function readAny(client: FilesClient, volume: string, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(readsMs)])
  try {
    for await (const _ of await client.tar({ volume, components: [] }, limit));
  } catch {
    signal.throwIfAborted()
  }
}

/** What is wrong with the sound volume, once there is a guest to read it. */
async function soundVolume(client: FilesClient, signal: AbortSignal): Promise<string[]> {
  const until = performance.now() + healsMs
  for (;;) {
    try {
      const tree = await readTree(await client.tar({ volume: "sound", components: [] }, signal))
      return compareVolume({ path: "sound", kind: "filesystem", state: "Mounted", keeps: all }, tree).wrong
    } catch (error) {
      signal.throwIfAborted()
      if (performance.now() > until) return [`the sound volume can't be read: ${reasonOf(error)} ${String(error)}`]
      await delay(1000, undefined, { signal }) // another guest is on its way, at its own pace
    }
  }
}

/** One line of it. */
export function fuzzLine({ seed, guests, states, leftOut, ends, seconds, deviations }: FuzzRound): string {
  const counts = Object.entries(states).map(([state, count]) => `${count} ${state}`)
  const verdict = deviations.length === 0 ? "ok    " : "FAILED"
  return [
    `${verdict} seed ${seed}: ${guests} guests; ${counts.join(", ")}; ${seconds.toFixed(0)} s`,
    ...[...ends, ...leftOut, ...deviations].map((words) => `       ${words}`),
  ].join("\n")
}
