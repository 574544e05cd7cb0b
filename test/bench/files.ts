import { join } from "node:path"
import { makeImages } from "../disks/images.ts"
import { idOf } from "../disks/row.ts"
import { hashFile } from "../support/hashes.ts"
import { run } from "../support/run.ts"
import type { Bench, Outcome } from "./bench.ts"
import { whyNoLibguestfs } from "./disks/libguestfs.ts"
import { fileSet, fileSetDisk } from "./files/file-set.ts"
import { measure } from "./files/measure.ts"
import { figuresOf, filesTable } from "./files/report.ts"
import { tasksOf } from "./files/tasks.ts"
import { loadLine, loadNow } from "./machine.ts"
import { progress } from "./progress.ts"

/**
 * How fast files are got: a listing, a tree, a large file, ten at once, by the clients that people use, beside libguestfs on the
 * same image in the same run, both with an emulated CPU. A byte that differs is a failure; a goal that is missed is told.
 */
export const files: Bench = {
  about: "[--rounds 3] [--size MiB] [--only page|tree|large|ten|readers]: reading files, beside libguestfs",
  async run({ rounds, only, sizeMiB }): Promise<Outcome> {
    const load = loadNow()
    const absent = await whyNoLibguestfs()
    progress(loadLine(load).trimEnd())
    if (absent !== undefined) progress(absent)
    const set = fileSet(sizeMiB)
    const image = await imageOf(set)
    const tasks = tasksOf(set).filter(({ key }) => only.length === 0 || only.includes(key))
    const before = await hashFile(image)
    const measured = await measure(image, tasks, { rounds, isBeside: absent === undefined, program: await builtCli() })
    const unchanged = before === (await hashFile(image))
    const figures = measured.flatMap(figuresOf)
    return {
      tables: [loadLine(load), ...(absent === undefined ? [] : [`${absent}\n`]), filesTable(figures)],
      figures: {
        load,
        libguestfs: absent ?? "measured",
        set,
        rounds,
        medians: figures,
        each: measured.map(({ task, lines }) => ({ what: task.what, lines })),
      },
      deviations: [...measured.flatMap(({ wrong }) => wrong), ...(unchanged ? [] : ["the disk was written to"])],
    }
  },
}

async function builtCli(): Promise<string> {
  const root = join(import.meta.dirname, "../..")
  await run(process.execPath, [join(root, "scripts/build-cli.ts")])
  return join(root, "build/kubectl-recover")
}

async function imageOf(set: ReturnType<typeof fileSet>): Promise<string> {
  const row = fileSetDisk(set)
  const { folders, failed } = await makeImages([row], (line) => line.startsWith("ROW ") && progress(line))
  if (failed.size > 0) throw new Error([...failed.values()].join("\n"))
  return `${folders.get(idOf(row)) ?? ""}/files.img`
}
