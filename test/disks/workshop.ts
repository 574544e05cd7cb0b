import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { appendFile, copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { homedir, tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { createInterface } from "node:readline"
import type { Readable } from "node:stream"
import { promisify } from "node:util"
import { prepareAppliance } from "../../src/guest/appliance.ts"
import { cachedFolder } from "../support/guest/image-cache.ts"
import { treeTar } from "./tree.ts"
import { trees } from "./trees.ts"

const run = promisify(execFile)
const here = join(import.meta.dirname, "workshop")
/** Modules that bring the workshop to this machine's files, in the order of loading. */
const carriers = ["fs/netfs/netfs", "net/9p/9pnet", "net/9p/9pnet_virtio", "fs/9p/9p", "fs/overlayfs/overlay"]

/** A script and the disks it works on: files of this machine, as large as the disks are to be. */
export interface Job {
  readonly id: string
  readonly disks: readonly { readonly file: string; readonly blockSize?: 4096 | undefined }[]
  readonly script: string
}

/**
 * Does the jobs one after the other in a micro-VM: the guest's kernel with all of its modules, and the tools of this
 * machine. So disks are made by the tools that make them elsewhere, without privilege here, and whatever a job does to
 * devices ends with the VM. Says of each job that failed why; a VM that did not come that far fails all that were left.
 */
export async function doJobs(jobs: readonly Job[], said: (line: string) => void): Promise<Map<string, string>> {
  const { kernel, initrd } = await prepareAppliance()
  const modules = await kernelModules(dirname(kernel))
  const work = await mkdtemp(join(tmpdir(), "frk-workshop-"))
  try {
    const places = await layOut(work, jobs)
    await makeInitrd(initrd, modules, work)
    const drives = jobs
      .flatMap(({ disks }) => disks)
      .flatMap(({ file, blockSize = 512 }, index) => {
        const size = `logical_block_size=${blockSize},physical_block_size=4096`
        return [
          ["-drive", `if=none,id=d${index},format=raw,file=${file},cache=unsafe,discard=unmap,detect-zeroes=unmap`],
          ["-device", `scsi-hd,bus=scsi.0,scsi-id=${places(index).replace(":", ",lun=")},drive=d${index},${size}`],
        ].flat()
      })
    const share = (tag: string, path: string) => [
      "-fsdev",
      `local,id=${tag},path=${path},security_model=none,readonly=on,multidevs=remap`,
      "-device",
      `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`,
    ]
    const args = [
      ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-machine", "q35", "-accel", "tcg"],
      ["-cpu", "max,la57=off,erms=off", "-smp", "2", "-m", "1024", "-kernel", kernel, "-initrd", `${work}/initrd`],
      ["-append", "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off nokaslr", "-serial", "stdio"],
      [
        ...share("machine", "/"),
        ...share("workshop", `${work}/workshop`),
        ...share("modules", `${modules}/lib/modules`),
      ],
      ["-device", "virtio-scsi-pci,id=scsi", ...drives],
    ]
    return await watch(args.flat(), jobs, said)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** The scripts, the tools and the trees, where the VM finds them; says at which SCSI address each disk is. */
async function layOut(work: string, jobs: readonly Job[]): Promise<(index: number) => string> {
  const place = (index: number) => `${index % 200}:${Math.floor(index / 200)}`
  await mkdir(join(work, "workshop/rows"), { recursive: true })
  for (const name of ["make", "tools"]) await cp(join(here, name), join(work, "workshop", name))
  await mkdir(join(work, "workshop/trees"))
  for (const [name, tree] of Object.entries(trees))
    await writeFile(join(work, "workshop/trees", `${name}.tar`), treeTar(tree))
  let index = 0
  for (const { id, disks, script } of jobs) {
    const places = disks.map(() => place(index++))
    await writeFile(join(work, "workshop/rows", id), `# ${places.join(" ")}\n${script}\n`)
  }
  return place
}

/** The guest's initramfs with another /init behind it. */
async function makeInitrd(initrd: string, modules: string, work: string): Promise<void> {
  const root = join(work, "root")
  await mkdir(join(root, "workshop"), { recursive: true })
  await copyFile(join(here, "init"), join(root, "init"))
  const { stdout } = await run("sh", ["-c", `echo ${modules}/lib/modules/*/kernel`])
  for (const carrier of carriers) {
    const file = join(stdout.trim(), `${carrier}.ko.xz`)
    const { stdout: module } = await run("xz", ["-dc", file], { encoding: "buffer", maxBuffer: 64 << 20 })
    await writeFile(join(root, "workshop", `${carrier.replace(/^.*\//, "")}.ko`), module)
  }
  const archive = await run("sh", ["-c", "chmod 755 init && find . | cpio --quiet -o -H newc"], {
    cwd: root,
    encoding: "buffer",
    maxBuffer: 64 << 20,
  })
  await copyFile(initrd, join(work, "initrd"))
  await appendFile(join(work, "initrd"), archive.stdout)
}

/** All modules of the guest's kernel, out of the package that the appliance was made of. */
async function kernelModules(appliance: string): Promise<string> {
  const lock = await readFile(join(appliance, "packages.lock"), "utf8")
  const [, sum = ""] = /^linux-image-\S+ \S+ ([0-9a-f]{64})$/m.exec(lock) ?? []
  const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "file-recovery")
  const deb = join(cache, "appliance/debs", `${sum}.deb`)
  return cachedFolder(`modules-${sum.slice(0, 16)}`, async (dir) => {
    await run("sh", ["-c", `dpkg-deb --fsys-tarfile ${deb} | tar -x -C ${dir} ./lib/modules`])
    const { stdout } = await run("sh", ["-c", `echo ${dir}/lib/modules/*`])
    await run("/sbin/depmod", ["-b", dir, stdout.trim().replace(/^.*\//, "")])
  })
}

/** Runs QEMU and hears what becomes of each job; returns the words of those that failed. */
async function watch(args: string[], jobs: readonly Job[], said: (line: string) => void): Promise<Map<string, string>> {
  const qemu = spawn("setpriv", ["--pdeathsig", "KILL", "qemu-system-x86_64", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  })
  const lines: string[] = []
  const hear = async (stream: Readable) => {
    for await (const line of createInterface(stream)) {
      const text = line.replaceAll("\r", "")
      lines.push(text)
      said(text)
    }
  }
  await Promise.all([hear(qemu.stdout), hear(qemu.stderr), once(qemu, "close")])
  const failed = new Map<string, string>()
  let from = 0
  for (const [index, line] of lines.entries()) {
    const [, id = "", code] = /^ROW (\S+) (\d+) \d+$/.exec(line) ?? []
    if (code === undefined) continue
    if (code !== "0") failed.set(id, lines.slice(from, index).join("\n"))
    else failed.set(id, "")
    from = index + 1
  }
  const rest = lines.slice(from).slice(-30).join("\n")
  for (const { id } of jobs) if (!failed.has(id)) failed.set(id, `it was not made: ${rest}`)
  return new Map([...failed].filter(([, words]) => words !== ""))
}
