/**
 * QEMU's command line: no network, no default devices, a seccomp sandbox, one serial console on stdio, and unix sockets in
 * one directory for everything the host says to the guest. Disks are plugged in later, over QMP (disks.ts).
 */
export interface QemuOptions {
  /** Directory of the sockets; short, because a socket's path has at most 107 bytes. */
  readonly dir: string
  readonly kernel: string
  readonly initrd: string
  readonly memoryMiB: number
  readonly cpus: number
  /** `kvm`: KVM when its device can be opened, emulation otherwise (no test runs it). `tcg`: emulation. */
  readonly accel: "tcg" | "kvm"
  /** How many sessions can run at once. */
  readonly sessions: number
  readonly machine: string
}

/** The kernel's own command line: quiet, no time lost on hardware that isn't there, ends at once when it panics. */
const kernelCommandLine = [
  "console=ttyS0 quiet loglevel=3 panic=-1 oops=panic",
  "tsc=reliable no_timer_check random.trust_cpu=on mitigations=off nokaslr nopti cryptomgr.notests raid=noautodetect",
].join(" ")

/**
 * Without erms the guest's kernel copies memory with moves: emulation runs `rep movsb` a byte at a time (measured: copies
 * are 2.5 times as fast). Without la57 it skips a level of page tables.
 */
const cpu = "max,la57=off,erms=off"

/** The command line of the micro-VM: no default devices, no network, seccomp, disks plugged in later over QMP. */
export function qemuArguments(options: QemuOptions): string[] {
  const { dir } = options
  const port = (name: string, number: number) => [
    "-chardev",
    `socket,id=${name},path=${escapeComma(`${dir}/${name}`)},server=on,wait=off`,
    "-device",
    `virtserialport,bus=ports.0,nr=${number},chardev=${name},name=${name},id=${name}`,
  ]
  const kvm = options.accel === "kvm" ? ["-accel", "kvm"] : []
  const sessions = Array.from({ length: options.sessions }, (_, session) => port(`s${session}`, session + 2))
  return [
    ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
    ["-machine", options.machine],
    [...kvm, "-accel", "tcg,thread=multi,tb-size=64"],
    ["-cpu", cpu, "-smp", String(options.cpus), "-m", `${options.memoryMiB}M`],
    ["-kernel", options.kernel, "-initrd", options.initrd, "-append", kernelCommandLine],
    ["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"],
    ["-chardev", `socket,id=qmp,path=${escapeComma(`${dir}/qmp`)},server=on,wait=off`],
    ["-mon", "chardev=qmp,mode=control"],
    ["-device", `virtio-serial-pci,id=ports,max_ports=${options.sessions + 2}`],
    port("ctl", 1),
    sessions.flat(),
    ["-device", "virtio-scsi-pci,id=scsi"],
  ].flat()
}

/** QEMU's option syntax doubles a comma that belongs to a value. */
function escapeComma(value: string): string {
  return value.replaceAll(",", ",,")
}

/** The machine this appliance was measured with where this QEMU knows it, its newest otherwise. */
export function chooseMachine(machineHelp: string): string {
  return /^pc-q35-7\.2\s/m.test(machineHelp) ? "pc-q35-7.2" : "q35"
}
