import { describe, expect, test } from "vitest"
import { chooseMachine, qemuArguments } from "../../../src/guest/arguments.ts"

const options = {
  dir: "/run/guest",
  kernel: "/a/vmlinux",
  initrd: "/a/initrd",
  memoryMiB: 384,
  cpus: 2,
  accel: "tcg",
  sessions: 2,
  machine: "pc-q35-7.2",
} as const

const values = (args: string[], option: string) => args.filter((_, index) => args[index - 1] === option)

describe("QEMU's command line", () => {
  const args = qemuArguments(options)

  test("has no network, no default devices, no display, no configuration of the user", () => {
    expect(args).toEqual(expect.arrayContaining(["-nodefaults", "-no-user-config", "-no-reboot"]))
    expect(values(args, "-display")).toEqual(["none"])
    expect(args.join(" ")).not.toMatch(/netdev|-nic|-net |usb|vga/)
  })

  test("denies what a sandbox can deny", () => {
    expect(values(args, "-sandbox")).toEqual([
      "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
    ])
  })

  test("gives ports fixed numbers and sockets that QEMU listens on", () => {
    expect(values(args, "-chardev").slice(1)).toEqual(
      ["qmp", "ctl", "s0", "s1"].map((name) => `socket,id=${name},path=/run/guest/${name},server=on,wait=off`),
    )
    expect(values(args, "-device")).toEqual([
      "virtio-serial-pci,id=ports,max_ports=4",
      "virtserialport,bus=ports.0,nr=1,chardev=ctl,name=ctl,id=ctl",
      "virtserialport,bus=ports.0,nr=2,chardev=s0,name=s0,id=s0",
      "virtserialport,bus=ports.0,nr=3,chardev=s1,name=s1,id=s1",
      "virtio-scsi-pci,id=scsi",
    ])
  })

  test("tries KVM first when it may", () => {
    expect(values(args, "-accel")).toEqual([expect.stringMatching(/^tcg/)])
    expect(values(qemuArguments({ ...options, accel: "kvm" }), "-accel")).toEqual([
      "kvm",
      expect.stringMatching(/^tcg/),
    ])
  })

  test("a comma in a path stays in the path", () => {
    expect(qemuArguments({ ...options, dir: "/a,b" })).toContain("socket,id=ctl,path=/a,,b/ctl,server=on,wait=off")
  })
})

test.each([
  ["a QEMU that knows the measured machine", "pc-q35-7.1   Standard PC\npc-q35-7.2   Standard PC\n", "pc-q35-7.2"],
  ["an older QEMU", "pc-q35-6.2   Standard PC\n", "q35"],
  ["a name that only begins like it", "pc-q35-7.25  Standard PC\n", "q35"],
])("%s", (_, help, machine) => expect(chooseMachine(help)).toBe(machine))
