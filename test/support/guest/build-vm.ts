import { execFile } from "node:child_process"
import { appendFile, copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { prepareAppliance } from "../../../src/guest/appliance.ts"

const run = promisify(execFile)

/**
 * Test images that need a kernel's device-mapper, md or journal are made by the appliance's own kernel and tools, without
 * privilege on this machine: the same initramfs with another /init behind it, which runs a script and switches off.
 * In the script, `disk N` sets $disk to the N-th file. Rejects with the console's last words when the script fails.
 */
export async function buildInVm(script: string, disks: readonly string[]): Promise<void> {
  const { kernel, initrd } = await prepareAppliance()
  const work = await mkdtemp(join(tmpdir(), "frk-build-"))
  try {
    const root = join(work, "root")
    await mkdir(root)
    await writeFile(join(root, "init"), init, { mode: 0o755 })
    await writeFile(join(root, "script"), script)
    const combined = join(work, "initrd")
    await copyFile(initrd, combined)
    const archive = await run("sh", ["-c", "find . | cpio --quiet -o -H newc"], { cwd: root, encoding: "buffer" })
    await appendFile(combined, archive.stdout)
    const drives = disks.flatMap((file, target) => [
      ["-drive", `if=none,id=d${target},format=raw,file=${file},cache=unsafe`],
      ["-device", `scsi-hd,bus=scsi.0,scsi-id=${target},drive=d${target}`],
    ])
    const args = [
      ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-machine", "q35", "-accel", "tcg"],
      ["-cpu", "max,la57=off,erms=off", "-smp", "2", "-m", "512", "-kernel", kernel, "-initrd", combined],
      ["-append", "console=ttyS0 quiet panic=-1 mitigations=off nokaslr", "-serial", "stdio"],
      ["-device", "virtio-scsi-pci,id=scsi", ...drives.flat()],
    ]
    const { stdout } = await run("qemu-system-x86_64", args.flat())
    if (!stdout.includes("SCRIPT ENDED 0"))
      throw new Error(`building ${disks.join(" ")} failed: ${stdout.slice(-3000)}`)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** The last step is a crash: no sync, no unmount. What a script wants on its disks, it has to sync. */
const init = `#!/bin/dash
export PATH=/bin LC_ALL=C
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
mkdir -p /run/lock /run/lvm /run/mdadm /run/cryptsetup /m
for module in virtio_pci virtio_scsi sd_mod dm-mod md-mod ext4 xfs; do modprobe -q $module; done
sync() { busybox sync; }
disk() {
  until for found in /sys/class/scsi_disk/*:0:"$1":0/device/block/*; do [ -e "$found" ]; done; do sleep 0.1; done
  disk=/dev/\${found##*/}
}
( set -ex; . /script ) 2>&1
echo "SCRIPT ENDED $?"
sleep 1 # the serial console is slow
echo b > /proc/sysrq-trigger
`
