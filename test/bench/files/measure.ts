import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Guestfish } from "../disks/libguestfs.ts"
import { Ours } from "../disks/ours.ts"
import { progress } from "../progress.ts"
import { Clients } from "./clients.ts"
import { type Contents, contentsOf, unlike } from "./contents.ts"
import { type Spent, spentOf } from "./spent.ts"
import type { Task, Way } from "./tasks.ts"

/** One way of reading, so often as there are rounds. */
export interface Line {
  readonly by: "here" | "libguestfs"
  readonly way: string
  /** In the task's unit: all of it unless the way reads a part. */
  readonly amount: number
  readonly rounds: Spent[]
}

/** A task that was done by all its ways. */
export interface Measured {
  readonly task: Task
  readonly lines: Line[]
  /** Where what was read differs, in words. */
  readonly wrong: string[]
}

export interface Settings {
  readonly rounds: number
  /** Whether libguestfs is measured beside. */
  readonly isBeside: boolean
  /** kubectl-recover as it is installed: one file. From its source it takes four times as long to start. */
  readonly program: string
}

/**
 * Does all tasks by all ways, in rounds. Each round has guests of its own, and each way files, so that nothing lies in caches; the
 * two take turns task by task: what else the machine does meanwhile slows both. What was read is compared outside of the time.
 */
export async function measure(image: string, tasks: readonly Task[], settings: Settings): Promise<Measured[]> {
  const measured = tasks.map((task): Measured => ({ task, lines: [], wrong: [] }))
  for (let round = 1; round <= settings.rounds; round++) {
    progress(`round ${round}`)
    await using stack = new AsyncDisposableStack()
    const readers = await openBoth(image, settings, stack)
    for (const { task, lines, wrong } of measured) {
      const read: Read[] = []
      for (const reader of readers) read.push(...(await reader(task)))
      for (const one of read) lineOf(lines, one).rounds.push(one.spent)
      wrong.push(...wrongIn(task, read))
    }
  }
  return measured
}

/** What one way has read of a task, once. */
interface Read extends Omit<Line, "rounds"> {
  readonly spent: Spent
  readonly contents: Contents
}

type Reader = (task: Task) => Promise<Read[]>

async function openBoth(
  image: string,
  { isBeside, program }: Settings,
  stack: AsyncDisposableStack,
): Promise<Reader[]> {
  const dir = await mkdtemp(join(tmpdir(), "frk-bench-files-"))
  stack.defer(() => rm(dir, { recursive: true, force: true }))
  const into = join(dir, "read")
  await mkdir(into)
  const ours = stack.use(await Ours.open([image]))
  ours.program = program
  const clients = await Clients.of(ours, dir)
  const here = readerOf("here", ours.pid, into, clients, (task) => task.ours)
  if (!isBeside) return [here]
  const fish = stack.use(await Guestfish.open([image]))
  const refused = await fish.mount("/dev/sda")
  if (refused !== undefined) throw new Error(`guestfish: ${refused}`)
  return [readerOf("libguestfs", fish.pid, fish.out, fish, (task) => task.theirs), here]
}

/** Does a task by all ways of one of the two. */
function readerOf<T>(
  by: Line["by"],
  pid: number,
  folder: string,
  source: T,
  waysOf: (task: Task) => readonly Way<T>[],
): Reader {
  return async (task) => {
    const all: Read[] = []
    for (const [copy, { name: way, part, read }] of waysOf(task).entries()) {
      const { spent } = await spentOf(pid, () => read(source, folder, copy))
      progress(`${task.what}, ${by}, ${way}: ${spent.seconds.toFixed(1)} s, CPU ${spent.cpuSeconds.toFixed(1)} s`)
      all.push({ by, way, amount: part ?? task.amount, spent, contents: await contentsOf(folder) })
      for (const name of await readdir(folder)) await rm(join(folder, name))
    }
    return all
  }
}

function lineOf(lines: Line[], { by, way, amount }: Read): Line {
  const there = lines.find((line) => line.by === by && line.way === way)
  if (there) return there
  const line: Line = { by, way, amount, rounds: [] }
  lines.push(line)
  return line
}

/** All ways must have read the same, and all of it; each is compared with the first that reads it all. */
function wrongIn(task: Task, read: readonly Read[]): string[] {
  const isPart = ({ amount }: Read) => amount < task.amount
  const whole = read.find((one) => !isPart(one))?.contents
  if (whole === undefined) return [`${task.what}: nothing reads all of it`]
  return read.flatMap((one) => {
    const { by, way, amount, contents } = one
    const wanted = isPart(one) ? amount : task.count
    const short = contents.size === wanted ? [] : [`${contents.size} were read, not ${wanted}`]
    return [...short, ...unlike(contents, whole, { isPart: isPart(one) })].map(
      (words) => `${task.what}, ${by}, ${way}: ${words}`,
    )
  })
}
