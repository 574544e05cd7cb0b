import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { hashFile } from "../../support/hashes.ts"
import { percentile } from "../figures/quantiles.ts"
import { progress } from "../progress.ts"
import { Guestfish, virtFilesystems } from "./libguestfs.ts"
import { Ours } from "./ours.ts"
import { type Cost, costOf } from "./qemu-cost.ts"

/** Seconds of some rounds. */
export interface Times {
  readonly best: number
  readonly median: number
}

/** From the start of a program until all volumes of a set of disks are known, ours are mounted as well. */
export interface Opening {
  readonly disks: number
  readonly ours: Times
  readonly cost: Cost
  /** Volumes that could be read. */
  readonly volumes: number
  readonly theirs?: {
    /** guestfish, until it has listed file systems; virt-filesystems, from its start to its end. */
    readonly guestfish: Times
    readonly virtFilesystems: Times
    readonly cost: Cost
    /** File systems it has listed. */
    readonly volumes: number
  }
}

/** Reading of one kind from guests that are up. */
export interface Reading {
  readonly what: string
  readonly mib: number
  readonly ours: Times
  readonly theirs?: Times
}

export interface Settings {
  readonly rounds: number
  /** Whether libguestfs is measured beside. */
  readonly isBeside: boolean
}

/** Both in turn, so often as there are rounds. */
export async function timeOpening(images: readonly string[], { rounds, isBeside }: Settings): Promise<Opening> {
  const seconds = { ours: [] as number[], guestfish: [] as number[], virtFilesystems: [] as number[] }
  const costs = { ours: [] as Cost[], theirs: [] as Cost[] }
  const volumes = { ours: 0, theirs: 0 }
  for (let round = 1; round <= rounds; round++) {
    {
      await using open = await Ours.open(images)
      seconds.ours.push(open.seconds)
      costs.ours.push(open.cost)
      volumes.ours = (await open.catalogue()).volumes.filter(({ state }) => state === "Mounted").length
    }
    progress(`${images.length} disks, round ${round}: ours ${seconds.ours.at(-1)?.toFixed(1)} s`)
    if (!isBeside) continue
    {
      await using fish = await Guestfish.open(images)
      seconds.guestfish.push(fish.seconds)
      costs.theirs.push(fish.cost)
      volumes.theirs = fish.filesystems.filter(({ type }) => type !== "unknown").length
    }
    seconds.virtFilesystems.push((await virtFilesystems(images)).seconds)
    const told = [seconds.guestfish, seconds.virtFilesystems].map((one) => one.at(-1)?.toFixed(1)).join(" and ")
    progress(`${images.length} disks, round ${round}: guestfish and virt-filesystems ${told} s`)
  }
  return {
    disks: images.length,
    ours: timesOf(seconds.ours),
    cost: costOf(costs.ours),
    volumes: volumes.ours,
    ...(isBeside && {
      theirs: {
        guestfish: timesOf(seconds.guestfish),
        virtFilesystems: timesOf(seconds.virtFilesystems),
        cost: costOf(costs.theirs),
        volumes: volumes.theirs,
      },
    }),
  }
}

/** The archive of a disk without partitions, and one large file of it. Both have the same bytes in the end, or it rejects. */
export async function timeReading(
  images: readonly string[],
  file: string,
  { rounds, isBeside }: Settings,
): Promise<Reading[]> {
  await using stack = new AsyncDisposableStack()
  const ours = stack.use(await Ours.open(images))
  const fish = isBeside ? stack.use(await Guestfish.open(images)) : undefined
  await fish?.mount("/dev/sda")
  const dir = await mkdtemp(join(tmpdir(), "frk-bench-file-"))
  stack.defer(() => rm(dir, { recursive: true, force: true }))
  const { volumes } = await ours.catalogue()
  const volume = volumes[0]?.path ?? ""
  const seconds = { tar: [] as number[], file: [] as number[] }
  const theirs = { attributes: [] as number[], plain: [] as number[], file: [] as number[] }
  const bytes = { tar: 0, file: 0 }
  for (let round = 1; round <= rounds; round++) {
    const { seconds: tarSeconds, tar } = await ours.tar(volume)
    seconds.tar.push(tarSeconds)
    bytes.tar = tar.length
    const to = join(dir, "file")
    seconds.file.push(await ours.download(`${volume}/${file}`, to))
    const sum = await hashFile(to)
    await rm(to)
    progress(`reading, round ${round}: ours`)
    if (!fish) continue
    theirs.attributes.push((await fish.tar("attributes")).seconds)
    theirs.plain.push((await fish.tar("plain")).seconds)
    const downloaded = await fish.download(`/${file}`)
    theirs.file.push(downloaded.seconds)
    if ((await hashFile(downloaded.file)) !== sum)
      throw new Error(`${file} has other bytes by the one than by the other`)
    progress(`reading, round ${round}: libguestfs`)
  }
  const reading = (what: string, mib: number, mine: readonly number[], other: readonly number[]): Reading => ({
    what,
    mib,
    ours: timesOf(mine),
    ...(fish && { theirs: timesOf(other) }),
  })
  const mib = bytes.tar / 2 ** 20
  return [
    reading("tar, attributes and ACLs", mib, seconds.tar, theirs.attributes),
    reading("tar, ours with them, libguestfs' without", mib, seconds.tar, theirs.plain),
    reading("one file", 96, seconds.file, theirs.file),
  ]
}

const timesOf = (seconds: readonly number[]): Times => ({
  best: Math.min(...seconds),
  median: percentile(seconds, 0.5) ?? Number.NaN,
})
